import { worldCommand } from '../command.ts';
import { renderSummary } from '../render/summary.ts';
import { snapshotOf } from '../snapshot.ts';

export const command = worldCommand({
  noun: '',
  verb: 'status',
  summary: 'all of it at a glance: agents, money, decisions, what waits for you',
  args: {},
  options: {},
  examples: ['nova status', 'nova status --json', 'nova status --stage prod'],
  run: (_input, reach) => snapshotOf(reach),
  render: (snapshot, style) => renderSummary(snapshot, style),
});
