import { worldCommand } from '../command.ts';
import { overviewOf } from '../overview.ts';
import { blocks } from '../render/details.ts';
import { renderOverview } from '../render/overview.ts';
import { renderSummary } from '../render/summary.ts';
import { snapshotOf } from '../snapshot.ts';

export const command = worldCommand({
  noun: '',
  verb: 'status',
  summary: 'all of it at a glance: agents, money, health, targets, decisions, what waits for you',
  args: {},
  options: {},
  examples: ['nova status', 'nova status --json', 'nova status --stage prod'],
  async run(_input, reach) {
    const snapshot = await snapshotOf(reach);
    const rated = snapshot.agents.map(({ crashed, timedOut, ...agent }) => ({ ...agent, crashed: crashed + timedOut }));
    return { ...snapshot, overview: await overviewOf(reach.world, { rated, budget: snapshot.budget }) };
  },
  render: (snapshot, style) => blocks(renderSummary(snapshot, style), renderOverview(snapshot.overview, style)),
});
