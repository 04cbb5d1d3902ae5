import { KINDS, type Kind } from '../../../shared/domain/budget.ts';
import { PERS } from '../../../shared/domain/calendar.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { viewLine } from '../../../shared/store/budget-view.ts';
import { setLimit } from '../../../shared/store/limit-store.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { choice, defaulting, flag, needed, text, usd } from '../../fields.ts';
import { renderBudgets } from './show.ts';

const MICROS = 1_000_000;

export const command = worldCommand({
  noun: 'budget',
  verb: 'set',
  summary: 'how much may be spent per day, hour, week, month or ever',
  detail:
    'It holds from now on, for the running period as well; a limit that is new counts what that period has cost already. A limit below what is spent stops new runs; it takes nothing back. From 90 % every second tick is left out, from 95 % two of three.',
  args: {
    scope: needed(text('fleet, department:<name>, or the id of an agent', 'scope')),
    usd: needed(usd('dollars, like 50 or 12.50; a whole number of tokens, runs or seconds with --kind')),
  },
  options: {
    period: defaulting(choice('what it is for', PERS), 'day'),
    kind: defaulting(choice('what is limited', KINDS), 'usd'),
    unthrottled: flag('no tick is left out before the limit is used up'),
  },
  examples: [
    'nova budget set fleet 100',
    'nova budget set shop 12.50',
    'nova budget set fleet 50 --period hour',
    'nova budget set department:sales 500 --period month',
    'nova budget set shop 200 --kind runs --period week',
    'nova budget set agent:shop 0 --json',
  ],
  async run({ scope: named, usd: typed, period: per, kind, unthrottled }, { world, actor }) {
    const scope = await theScope(world, named);
    const line = { scope, kind, per };
    await setLimit(world, { ...line, limitMicros: amountOf(typed, kind), throttled: !unthrottled }, actor);
    return await viewLine(world, line);
  },
  render: (budget, style) => renderBudgets([budget], style),
});

/** Everything but dollars is counted in whole numbers; what is typed was read as dollars. */
function amountOf(micros: number, kind: Kind): number {
  if (kind === 'usd') return micros;
  if (micros % MICROS === 0) return micros / MICROS;
  throw new NovaError('bad_input', `a limit of ${kind} is a whole number; got ${micros / MICROS}`);
}
