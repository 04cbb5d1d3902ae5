import { incomeOf } from '../../../shared/domain/finance/income.ts';
import { sumOf } from '../../../shared/domain/finance/share.ts';
import { instantsOf } from '../../../shared/domain/finance/span.ts';
import {
  byMonth,
  condensed,
  dailyTimeline,
  hourlyTimeline,
  type TimelineRow,
} from '../../../shared/domain/finance/timeline.ts';
import { runCostsBetween } from '../../../shared/store/books-store.ts';
import { booksOf, foreignOf, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { writeNew } from '../../files.ts';
import { chartSvg } from '../../render/chart.ts';
import { blocks } from '../../render/details.ts';
import { sparkline } from '../../render/sparkline.ts';
import type { Style } from '../../render/style.ts';
import { table } from '../../render/table.ts';
import { centsOf } from '../../render/words.ts';
import { foreignLine, headline, money, spanText } from '../../views/finance.ts';

type Point = Omit<TimelineRow, 'startMs' | 'endMs'> & { readonly startAt: string; readonly endAt: string };

/** More days than these are shown by the month; --json has them all. */
const MOST_ROWS = 62;
const MOST_BARS = 66;

export const command = worldCommand({
  noun: 'finance',
  verb: 'timeline',
  summary: 'money day by day, or hour by hour for a single day, empty ones included',
  detail:
    'Days are those of the owner’s zone, of 23, 24 or 25 hours. The cost of an hour is that of the runs claimed in it that have ended. --chart writes an SVG picture to a new file.',
  args: {},
  options: { ...SPAN, chart: text('write an SVG picture to this new file', 'file') },
  examples: [
    'nova finance timeline',
    'nova finance timeline --period today --json',
    'nova finance timeline --from 2026-03-01 --to 2026-03-31 --chart march.svg',
  ],
  async run({ chart: _, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'month');
    const { fromMs, toMs } = instantsOf(books.span);
    const hourly = books.since === books.span.to && books.span.from !== null;
    const found = hourly ? hourlyTimeline(books, await runCostsBetween(world, fromMs, toMs)) : dailyTimeline(books);
    const { netMicros, revenueMicros, unconverted } = incomeOf(books.entries);
    const costMicros = sumOf(books.costs, (day) => day.costMicros);
    return {
      ...{ id: 'timeline', ...spanView(books), unit: found.unit, revenueMicros, netMicros, costMicros },
      profitMicros: netMicros - costMicros,
      unplacedCostMicros: found.unplacedCostMicros,
      unconverted: foreignOf(unconverted),
      rows: found.rows.map(pointOf),
    };
  },
  async finish(found, { chart }) {
    if (chart === undefined) return;
    const points = rowsOf(found.rows).map((row) => ({ ...row, label: row.label.replace(/^\d{4}-(?=\d\d-\d\d$)/, '') }));
    writeNew(chart, chartSvg(`Money ${spanText(found)}`, points));
  },
  render: (found, style) => {
    const rows = rowsOf(found.rows);
    const shown = rows.length > MOST_ROWS ? byMonth(rows) : rows;
    return blocks(
      headline(
        `${centsOf(found.profitMicros)} profit: ${centsOf(found.netMicros)} net, cost ${centsOf(found.costMicros)}`,
        found,
        style,
        foreignLine(found.unconverted, style),
      ),
      sparklines(rows, style),
      table(
        shown,
        [
          {
            title: found.unit === 'hour' ? 'HOUR' : rows.length > MOST_ROWS ? 'MONTH' : 'DAY',
            value: ({ label }) => label,
          },
          money('NET', 'netMicros'),
          money('COST', 'costMicros'),
          money('PROFIT', 'profitMicros'),
          { title: 'EVENTS', value: ({ events }) => String(events), align: 'right', dropOrder: 2 },
          { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right', dropOrder: 1 },
        ],
        style,
        'no days',
      ),
      found.unplacedCostMicros === 0
        ? ''
        : style.paint(
            'dim',
            `in no hour: ${centsOf(found.unplacedCostMicros)} of runs that have not ended or are kept no longer`,
          ),
    );
  },
});

function pointOf({ startMs, endMs, ...row }: TimelineRow): Point {
  return { ...row, startAt: new Date(startMs).toISOString(), endAt: new Date(endMs).toISOString() };
}

const rowsOf = (points: readonly Point[]): TimelineRow[] =>
  points.map(({ startAt, endAt, ...row }) => ({ ...row, startMs: Date.parse(startAt), endMs: Date.parse(endAt) }));

function sparklines(rows: readonly TimelineRow[], style: Style): string {
  const bars = condensed(rows, Math.min(MOST_BARS, style.columns - 8));
  const line = (name: string, pick: (row: TimelineRow) => number): string =>
    `${style.paint('dim', name.padEnd(8))}${sparkline(bars.map(pick))}`;
  return [
    line('net', (row) => row.netMicros),
    line('cost', (row) => row.costMicros),
    line('profit', (row) => row.profitMicros),
  ].join('\n');
}
