import { incomeBy, incomeOf } from '../../../shared/domain/finance/income.ts';
import { booksOf, plain, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { centsOf, plural } from '../../render/words.ts';
import { foreignColumn, foreignLine, headline, money, named, SHARE } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'sources',
  summary: 'where the money came from: gross, refunds, fees, net and share of each source',
  args: {},
  options: SPAN,
  examples: ['nova finance sources', 'nova finance sources --period quarter --json'],
  async run(asked, { world }) {
    const books = await booksOf(world, asked, 'all');
    const sources = incomeBy(books.entries, ({ source }) => source).map(plain);
    return { id: 'sources', ...spanView(books), ...plain(incomeOf(books.entries)), sources };
  },
  render: (found, style) =>
    blocks(
      headline(
        `${centsOf(found.netMicros)} net from ${plural(found.sources.length, 'source')}`,
        found,
        style,
        foreignLine(found.unconverted, style),
      ),
      table(
        found.sources,
        [
          named('SOURCE'),
          { title: 'EVENTS', value: ({ entries }) => String(entries), align: 'right' },
          money('GROSS', 'revenueMicros'),
          money('REFUNDS', 'refundMicros', 3),
          money('FEES', 'feeMicros', 2),
          money('NET', 'netMicros'),
          SHARE,
          ...foreignColumn(found.sources),
        ],
        style,
        'nothing came in',
      ),
    ),
});
