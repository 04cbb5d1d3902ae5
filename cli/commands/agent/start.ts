import { changeOneOrAll, exitOfChange, HOW, renderChange, WHOM } from '../../change-agents.ts';
import { worldCommand } from '../../command.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'start',
  summary: 'let an agent work that does not yet, or no longer',
  detail:
    'A paused agent goes on; a draft begins. With --all: drafts, and agents that a person paused. What was paused for crashes, budget or by a decision is started by name.',
  args: WHOM,
  options: HOW,
  examples: ['nova agent start shop', 'nova agent start --all'],
  run: (input, reach) =>
    changeOneOrAll(reach, input, {
      change: { status: 'active' },
      concerns: ({ status, pauseReason }) => status === 'draft' || (status === 'paused' && pauseReason === 'operator'),
    }),
  render: renderChange,
  exit: exitOfChange,
});
