import { NovaError } from '../../../shared/domain/error.ts';
import { milestones } from '../../../shared/domain/finance/milestones.ts';
import { partOf } from '../../../shared/domain/finance/share.ts';
import { DEPARTMENT_MIX_BPS, progressOf, targetMonth } from '../../../shared/domain/finance/targets.ts';
import { dailyTimeline } from '../../../shared/domain/finance/timeline.ts';
import { usdToMicros } from '../../../shared/domain/money.ts';
import { addDays } from '../../../shared/domain/period.ts';
import { changeTargets } from '../../../shared/store/targets-store.ts';
import { booksOf, moneyOf } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { date, text } from '../../fields.ts';
import { blocks, details } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { type Target, targetOf, targetText } from '../../targets.ts';
import { money, named, shareOf } from '../../views/finance.ts';

/** Months ahead that are shown. */
const AHEAD = 11;

export const command = worldCommand({
  noun: 'finance',
  verb: 'targets',
  summary: 'what each month should bring, and how this one does; --set and --start change it',
  detail:
    'Months are counted from the day the first agent was made, or from --start. Expected is the target / 30 for each day gone; ahead from 120 % of it, on track from 80. Revenue counts net of refunds and fees.',
  args: {},
  options: {
    set: text('dollars of month 1, 2 …, separated by commas; the last holds for all that follow', 'usd,usd,…'),
    start: date('the day on which month 1 begins'),
  },
  examples: ['nova finance targets', 'nova finance targets --set 500,1000,2000 --start 2026-11-01 --json'],
  async run({ set, start }, { world, actor }) {
    const change = {
      ...(set === undefined ? {} : { monthsMicros: amountsOf(set) }),
      ...(start === undefined ? {} : { start }),
    };
    if (Object.keys(change).length > 0) await changeTargets(world, change, actor);
    const target = await targetOf(world);
    const { progress, plan } = target;
    const days = dailyTimeline(await booksOf(world, { period: 'all' }, 'all')).rows;
    return {
      ...{ id: 'targets', timezone: world.settings.timezone, start: target.start, version: plan.version },
      ...{ ...progress, months: monthsOf(target), departments: mixOf(target) },
      milestones: milestones(days, plan, target.start),
    };
  },
  render: (found, style) =>
    blocks(
      targetText(found, style),
      table(
        found.departments,
        [
          named('DEPARTMENT'),
          { title: 'SHARE', value: ({ shareBps }) => shareOf(shareBps), align: 'right' },
          money('TARGET', 'targetMicros'),
          money('NET SO FAR', 'netMicros'),
        ],
        style,
        '',
      ),
      table(
        found.months,
        [
          { title: 'MONTH', value: ({ id }) => id, align: 'right' },
          { title: 'FROM', value: ({ from }) => from },
          money('TARGET', 'targetMicros'),
          money('PER DAY', 'dailyMicros'),
          money('AI BUDGET', 'aiBudgetMicros', 1),
          { title: '', value: ({ current }) => (current ? 'now' : '') },
        ],
        style,
        '',
      ),
      details(
        'Milestones',
        found.milestones.map(({ id, reachedOn }) => [id.replaceAll('_', ' '), reachedOn ?? '–']),
        style,
      ),
    ),
});

function amountsOf(typed: string): number[] {
  const parts = typed.split(',').map((part) => part.trim().replace(/^\$/, ''));
  if (parts.some((part) => part === ''))
    throw new NovaError('bad_input', `expected amounts like 500,1000; got "${typed}"`);
  return parts.map(usdToMicros);
}

/** From the running month on. */
function monthsOf({ plan, start, progress }: Target) {
  const months = [progress.from];
  for (let n = 0; n < AHEAD; n++) months.push(addDays(targetMonth(plan, start, months.at(-1) ?? start).to, 1));
  return months.map((first) => {
    const { number, from, to, targetMicros, dailyMicros, aiBudgetMicros } = targetMonth(plan, start, first);
    return {
      id: String(number),
      from,
      to,
      targetMicros,
      dailyMicros,
      aiBudgetMicros,
      current: number === progress.number,
    };
  });
}

function mixOf({ books, progress }: Target) {
  const earned = new Map(moneyOf(books).departments.map(({ id, netMicros }) => [id, netMicros]));
  const names = [...new Set([...Object.keys(DEPARTMENT_MIX_BPS), ...earned.keys()])];
  return names.map((id) => {
    const shareBps = DEPARTMENT_MIX_BPS[id] ?? 0;
    const { targetMicros } = progressOf(progress, { netMicros: 0, costMicros: 0 });
    return { id, shareBps, targetMicros: partOf(targetMicros, shareBps), netMicros: earned.get(id) ?? 0 };
  });
}
