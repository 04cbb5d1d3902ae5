import { changeOneOrAll, exitOfChange, HOW, renderChange, WHOM } from '../../change-agents.ts';
import { worldCommand } from '../../command.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'resume',
  summary: 'let a paused agent go on',
  detail: 'A pause for a spent budget ends with the day, or with a raise. With --all: agents that a person paused.',
  args: WHOM,
  options: HOW,
  examples: ['nova agent resume shop', "nova agent resume shop --why 'the shop is back'"],
  run: (input, reach) =>
    changeOneOrAll(reach, input, {
      change: { status: 'active' },
      concerns: ({ status, pauseReason }) => status === 'paused' && pauseReason === 'operator',
    }),
  render: renderChange,
  exit: exitOfChange,
});
