import { sinceBegun } from '../../../shared/domain/finance/books.ts';
import { budgetPace, burnOf, runwayDays } from '../../../shared/domain/finance/burn.ts';
import { dayBounds, dayOf } from '../../../shared/domain/period.ts';
import { viewBudget } from '../../../shared/store/budget-view.ts';
import { booksOf, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { usd } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { centsOf, plural } from '../../render/words.ts';
import { account, headline, shareOf } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'burn',
  summary: 'how fast money goes, and how long it will last',
  detail:
    'Burn is what runs cost per day of the period, days before the first agent left out; net burn takes off what came in. --cash says how much there is: the runway is that many days of net burn. Without it the runway is in days of the fleet’s daily budget.',
  args: {},
  options: { ...SPAN, cash: usd('how much there is, like 5000') },
  examples: ['nova finance burn', 'nova finance burn --period week --cash 5000', 'nova finance burn --json'],
  async run({ cash, ...asked }, { world }) {
    const books = sinceBegun(await booksOf(world, asked, 'month'));
    const now = world.time.now();
    const { timezone } = world.settings;
    const burn = burnOf(books);
    const budget = await viewBudget(world, 'fleet');
    const { exhaustedMs, ...pace } = budgetPace(budget, dayBounds(dayOf(now, timezone), timezone), now);
    const left = cash === undefined ? null : runwayDays(cash, burn.netBurnPerDayMicros);
    return {
      ...{ id: 'burn', ...spanView(books), ...burn, cashMicros: cash ?? null, runwayDays: left },
      budget: {
        ...pace,
        daysOfBurn: runwayDays(pace.limitMicros, burn.burnPerDayMicros),
        exhaustedAt: exhaustedMs === null ? null : new Date(exhaustedMs).toISOString(),
      },
    };
  },
  render: (found, style) => {
    const { budget, cashMicros, runwayDays: left, netBurnPerDayMicros } = found;
    const lasts = left === null ? 'lasts for ever: more comes in than goes out' : `lasts ${plural(left, 'day')}`;
    return blocks(
      headline(`${centsOf(found.burnPerDayMicros)} burnt per day`, found, style),
      account(
        [
          ['in per day', found.perDay.inMicros],
          ['out per day', -found.perDay.outMicros || 0],
          ['net per day', -netBurnPerDayMicros || 0],
        ],
        style,
      ),
      cashMicros === null ? '' : `${centsOf(cashMicros)} ${lasts}`,
      [
        `today ${centsOf(budget.spentMicros)} of the fleet's ${centsOf(budget.limitMicros)} (${shareOf(budget.usedBps)})`,
        budget.exhaustedAt === null
          ? 'at this pace it is enough for today'
          : style.paint(
              'red',
              `at this pace it is used up at ${budget.exhaustedAt.slice(0, 16).replace('T', ' ')} UTC`,
            ),
        budget.daysOfBurn === null ? '' : `one day's budget is ${plural(budget.daysOfBurn, 'day')} of average burn`,
      ]
        .filter(Boolean)
        .join('\n'),
    );
  },
});
