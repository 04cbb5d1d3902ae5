import { isBasic, KINDS } from '../../../shared/domain/budget.ts';
import { PERS } from '../../../shared/domain/calendar.ts';
import { removeLimit } from '../../../shared/store/limit-store.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { choice, defaulting, needed, text } from '../../fields.ts';
import { amountOf } from './show.ts';

export const command = worldCommand({
  noun: 'budget',
  verb: 'remove',
  summary: 'take a limit away',
  detail:
    'Nothing is refused for it any more; runs in progress end as they began. Its past periods stay in nova budget history. The dollars a day of the fleet and of an agent cannot be without a limit: they go back to $100 and $50. Set again, it counts what its period has cost.',
  args: { scope: needed(text('fleet, department:<name>, or the id of an agent', 'scope')) },
  options: {
    period: defaulting(choice('what it is for', PERS), 'day'),
    kind: defaulting(choice('what is limited', KINDS), 'usd'),
  },
  examples: [
    'nova budget remove fleet --period hour',
    'nova budget remove department:sales --period month',
    'nova budget remove shop --kind runs --period week --json',
  ],
  async run({ scope: named, period: per, kind }, { world, actor }) {
    const scope = await theScope(world, named);
    const line = { scope, kind, per };
    const { limitMicros } = await removeLimit(world, line, actor);
    return { id: scope, kind, per, limitMicros, default: isBasic(line) };
  },
  render: ({ id, kind, per, limitMicros, default: back }) =>
    back
      ? `${id} has its default of ${amountOf(kind, limitMicros)} a day again`
      : `${id} has no limit of ${kind} per ${per} any more (it was ${amountOf(kind, limitMicros)})`,
});
