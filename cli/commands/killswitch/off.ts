import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { scopeOf, turnOff, WHERE } from '../../halt.ts';

export const command = worldCommand({
  noun: 'killswitch',
  verb: 'off',
  summary: 'let run again what ran before; what was paused stays paused',
  detail:
    'Needs an admin and a reason. Agents that were deployed while it was on are drafts: nova agent start. Ticks that fell into the halt are not made up for; runs asked for by hand go on.',
  args: {},
  options: { ...WHERE, why: text('why it may go on (required)', 'sentence') },
  examples: ["nova killswitch off --why 'the price list is fixed'", "nova killswitch off --agent shop --why 'checked'"],
  async run({ agent, department, why }, reach) {
    return turnOff(reach, { scope: await scopeOf(reach, { agent, department }), reason: why ?? '' });
  },
  render: ({ id, stopped }) =>
    `The kill switch is off for ${id === 'fleet' ? 'everything' : id}. Runs again: ${stopped.join(', ') || 'nothing ran before'}`,
});
