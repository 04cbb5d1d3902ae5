import { cashFlow } from '../../../shared/domain/finance/cash-flow.ts';
import { incomeOf } from '../../../shared/domain/finance/income.ts';
import { booksOf, foreignOf, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { blocks } from '../../render/details.ts';
import { centsOf, plural } from '../../render/words.ts';
import { account, foreignLine, headline } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'cashflow',
  summary: 'money in and out, and what that is per day',
  detail: 'Averages are over all days of the period, not over those on which money came in.',
  args: {},
  options: SPAN,
  examples: ['nova finance cashflow', 'nova finance cashflow --period quarter --json'],
  async run(asked, { world }) {
    const books = await booksOf(world, asked, 'month');
    const unconverted = foreignOf(incomeOf(books.entries).unconverted);
    return { id: 'cashflow', ...spanView(books), ...cashFlow(books), unconverted };
  },
  render: (flow, style) =>
    blocks(
      headline(
        `${centsOf(flow.netMicros)} net flow in ${plural(flow.days, 'day')}`,
        flow,
        style,
        `revenue came in on ${plural(flow.revenueDays, 'day')}`,
        foreignLine(flow.unconverted, style),
      ),
      account(
        [
          ['in', flow.inMicros],
          ['out: runs', -flow.costMicros || 0],
          ['out: refunds', -flow.refundMicros || 0],
          ['out: fees', -flow.feeMicros || 0],
          ['net', flow.netMicros],
        ],
        style,
      ),
      account(
        [
          ['in per day', flow.perDay.inMicros],
          ['out per day', -flow.perDay.outMicros || 0],
          ['net per day', flow.perDay.netMicros],
        ],
        style,
      ),
    ),
});
