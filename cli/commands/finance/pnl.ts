import { type ProfitAndLoss, profitAndLoss } from '../../../shared/domain/finance/profit-and-loss.ts';
import { spanBefore } from '../../../shared/domain/finance/span.ts';
import { readBooks } from '../../../shared/store/books-store.ts';
import { booksOf, moneyOf, plain, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { centsOf, plural } from '../../render/words.ts';
import { account, COST, DEPARTMENT, foreignLine, headline, NET, PROFIT, shareOf } from '../../views/finance.ts';

/** The sums of the days before, without their parts. */
function sumsOf({ incomeByDepartment: _, costsByDepartment: __, ...sums }: ProfitAndLoss) {
  return plain(sums);
}

export const command = worldCommand({
  noun: 'finance',
  verb: 'pnl',
  summary: 'profit and loss, beside the days before',
  args: {},
  options: SPAN,
  examples: ['nova finance pnl', 'nova finance pnl --period month', 'nova finance pnl --from 2026-11-01 --json'],
  async run(asked, { world }) {
    const books = await booksOf(world, asked, 'all');
    const earlier = spanBefore(books.span);
    const before = earlier && (await readBooks(world, earlier));
    const previous = before && { ...spanView(before), ...sumsOf(profitAndLoss(before)) };
    const { departments } = moneyOf(books);
    return { id: 'pnl', ...spanView(books), ...sumsOf(profitAndLoss(books)), departments, previous };
  },
  render: (found, style) => {
    const { previous } = found;
    const change =
      previous === null ? '' : `the ${plural(previous.days, 'day')} before: ${centsOf(previous.profitMicros)}`;
    return blocks(
      headline(
        `${centsOf(found.profitMicros)} profit, margin ${shareOf(found.marginBps)}`,
        found,
        style,
        change,
        foreignLine(found.unconverted, style),
      ),
      account(
        [
          ['gross revenue', found.revenueMicros],
          ['refunds', -found.refundMicros || 0],
          ['fees', -found.feeMicros || 0],
          ['net revenue', found.netMicros],
          [`cost of ${plural(found.runs, 'run')}`, -found.costMicros || 0],
          ['profit', found.profitMicros],
        ],
        style,
      ),
      found.departments.length > 1 ? table(found.departments, [DEPARTMENT, NET, COST, PROFIT], style, '') : '',
    );
  },
});
