import { changeOneOrAll, exitOfChange, HOW, renderChange, WHOM } from '../../change-agents.ts';
import { worldCommand } from '../../command.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'pause',
  summary: 'start no more runs; a run in progress ends',
  detail: 'Its schedule is taken away by the reconciler and comes back with resume.',
  args: WHOM,
  options: HOW,
  examples: ["nova agent pause shop --why 'holidays'", 'nova agent pause --all --json'],
  run: (input, reach) =>
    changeOneOrAll(reach, input, {
      change: { status: 'paused', pauseReason: 'operator' },
      concerns: ({ status }) => status === 'active',
    }),
  render: renderChange,
  exit: exitOfChange,
});
