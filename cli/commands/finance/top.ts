import { roiReport, topPerformers, worstPerformers } from '../../../shared/domain/finance/roi.ts';
import { booksOf, plain, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { plural } from '../../render/words.ts';
import { headline, money, named, ROI, RUNS, SHARE } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'top',
  summary: 'who makes the most profit, and who loses the most',
  detail: 'Ranked by profit, not by revenue or ROI: a tiny cost makes any ROI large.',
  args: {},
  options: {
    ...SPAN,
    limit: defaulting(count('how many of each', { min: 1, max: 1000 }), 5),
    minRuns: defaulting(count('leave out those with fewer runs', { min: 0, max: 1_000_000 }), 0),
  },
  examples: ['nova finance top', 'nova finance top --period month --min-runs 6 --limit 10 --json'],
  async run({ limit, minRuns, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'all');
    const rows = roiReport(books).byAgent.filter(({ runs }) => runs >= minRuns);
    const top = topPerformers(rows, limit).map(plain);
    return { id: 'top', ...spanView(books), top, bottom: worstPerformers(rows, limit).map(plain) };
  },
  render: (found, style) =>
    blocks(
      headline(`${plural(found.top.length, 'winner')}, ${plural(found.bottom.length, 'loser')}`, found, style),
      table(
        found.top,
        [
          named('AGENT'),
          RUNS,
          money('REVENUE', 'netMicros'),
          money('COST', 'costMicros', 2),
          money('PROFIT', 'profitMicros'),
          SHARE,
          ROI,
        ],
        style,
        'nobody made a profit',
      ),
      table(
        found.bottom,
        [
          named('LOSES'),
          RUNS,
          money('REVENUE', 'netMicros'),
          money('COST', 'costMicros', 2),
          money('PROFIT', 'profitMicros'),
          ROI,
        ],
        style,
        '',
      ),
    ),
});
