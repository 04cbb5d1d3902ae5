import { type Estimate, INTERVAL_BPS } from '../../../shared/domain/finance/forecast.ts';
import { forecastSpan, monthEnd, projection } from '../../../shared/domain/finance/month-end.ts';
import { dayOf } from '../../../shared/domain/period.ts';
import { readBooks } from '../../../shared/store/books-store.ts';
import { currentTargets } from '../../../shared/store/targets-store.ts';
import { spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { costShareText } from '../../render/overview.ts';
import { table } from '../../render/table.ts';
import { centsOf, plural } from '../../render/words.ts';
import { startOf } from '../../targets.ts';
import { money } from '../../views/finance.ts';

const METHODS = {
  weekday_means: 'means by weekday, 90 % interval by Student’s t',
  mean: 'the mean of all days, 90 % interval by Student’s t',
  mean_without_interval: 'the mean of few days: too few for an interval',
  no_history: 'no full day yet: nothing is expected to come',
} as const;

const lineOf = (id: string, found: Estimate) => ({ id, ...found });

export const command = worldCommand({
  noun: 'finance',
  verb: 'forecast',
  summary: 'where the calendar month will end, with an interval, and the last week drawn out',
  detail:
    'Method: the daily totals of the last 28 full days give a mean for each weekday; what is left of the month is the sum of their means, with the two-sided 90 % prediction interval for independent, normal days (Hyndman, Athanasopoulos: Forecasting, ch. 5). Fewer than 21 days: one mean; fewer than 7: no interval. The same books give the same answer.',
  args: {},
  options: { days: defaulting(count('days that the last week is drawn out over', { min: 1, max: 3650 }), 30) },
  examples: ['nova finance forecast', 'nova finance forecast --days 90 --json'],
  async run({ days }, { world }) {
    const { timezone } = world.settings;
    const now = world.time.now();
    const today = dayOf(now, timezone);
    const started = await startOf(world, await currentTargets(world.table));
    const books = await readBooks(world, { period: 'custom', ...forecastSpan(today), timezone });
    const { from, to, method, historyDays, net, cost, profit } = monthEnd(books, now, started);
    return {
      ...{ id: 'forecast', from, to, timezone, method, historyDays, intervalBps: INTERVAL_BPS },
      ...{ basedOn: spanView(books), net, cost, profit, projection: projection(books, days) },
    };
  },
  render: (found, style) => {
    const rows = [lineOf('net revenue', found.net), lineOf('cost', found.cost), lineOf('profit', found.profit)];
    const { projection: ahead } = found;
    return blocks(
      [
        style.paint('bold', `Month ${found.from} to ${found.to} (${found.timezone})`),
        style.paint('dim', `${METHODS[found.method]}; ${plural(found.historyDays, 'full day')}`),
      ].join('\n'),
      table(
        rows,
        [
          { title: '', value: ({ id }) => id },
          money('SO FAR', 'soFarMicros', 1),
          money('LOW', 'lowMicros'),
          money('EXPECTED', 'expectedMicros'),
          money('HIGH', 'highMicros'),
        ],
        style,
        '',
      ),
      [
        style.paint('bold', `At the rate of the last 7 days, in ${plural(ahead.days, 'day')}`),
        `net ${centsOf(ahead.revenueMicros)}, cost ${centsOf(ahead.costMicros)}, profit ${centsOf(ahead.profitMicros)}`,
        costShareText(ahead, style),
        ahead.sustainable
          ? 'sustainable'
          : style.paint('yellow', 'not sustainable: the aim is a cost of 5 % of the revenue'),
      ].join('\n'),
    );
  },
});
