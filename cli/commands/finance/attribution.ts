import { attributionReport } from '../../../shared/domain/finance/attribution.ts';
import { exportedEntry } from '../../../shared/domain/finance/export.ts';
import { incomeOf } from '../../../shared/domain/finance/income.ts';
import { booksOf, nameOf, plain, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { centsOf, plural, shortTime } from '../../render/words.ts';
import { foreignLine, headline, money, SHARE, shareOf } from '../../views/finance.ts';

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export const command = worldCommand({
  noun: 'finance',
  verb: 'attribution',
  summary: 'whose revenue it is, how that is known, and what is nobody’s yet',
  detail:
    'Methods: metadata (named in the payment), link (the buyer came by an agent’s link or campaign), product (sold by an agent), split (shared by a rule), declared (by the run itself), assigned (by a person), house (AWS’s bill, nobody’s), none.',
  args: {},
  options: { ...SPAN, limit: defaulting(count('how many open movements', { min: 0, max: 1000 }), 10) },
  examples: ['nova finance attribution', 'nova finance attribution --period month --limit 50 --json'],
  async run({ limit, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'all');
    const { byMethod, owners, open } = attributionReport(books.entries);
    return {
      ...{ id: 'attribution', ...spanView(books), ...plain(incomeOf(books.entries)) },
      ...{ methods: byMethod.map(plain), openCount: open.length },
      agents: owners.map(plain).map(({ firstAt, lastAt, ...row }) => ({
        ...row,
        firstAt: isoOf(firstAt),
        lastAt: isoOf(lastAt),
      })),
      open: open.slice(0, limit).map(exportedEntry),
    };
  },
  render: (found, style) =>
    blocks(
      headline(`${centsOf(found.netMicros)} net, by whose it is`, found, style, foreignLine(found.unconverted, style)),
      table(
        found.agents,
        [
          { title: 'AGENT', value: ({ id }) => nameOf(id), min: 10 },
          { title: 'EVENTS', value: ({ entries }) => String(entries), align: 'right' },
          money('NET', 'netMicros'),
          SHARE,
          { title: 'FIRST (UTC)', value: ({ firstAt }) => shortTime(firstAt), dropOrder: 3 },
          { title: 'LAST (UTC)', value: ({ lastAt }) => shortTime(lastAt), dropOrder: 2 },
        ],
        style,
        'nothing came in',
      ),
      table(
        found.methods,
        [
          { title: 'KNOWN BY', value: ({ id }) => id },
          { title: 'EVENTS', value: ({ entries }) => String(entries), align: 'right' },
          money('NET', 'netMicros'),
          SHARE,
          { title: 'LEAST SURE', value: ({ confidenceBps }) => shareOf(confidenceBps), align: 'right' },
        ],
        style,
        '',
      ),
      found.openCount === 0
        ? 'nothing is unattributed'
        : `${style.paint('yellow', `${plural(found.openCount, 'movement')} nobody’s yet`)}\n${table(
            found.open,
            [
              { title: 'ENTRY', value: ({ id }) => id, min: 16 },
              { title: 'AT (UTC)', value: ({ at }) => shortTime(at) },
              { title: 'KIND', value: ({ kind }) => kind },
              { title: 'AMOUNT', value: ({ amount }) => amount, align: 'money' },
              { title: 'CUR', value: ({ currency }) => currency },
            ],
            style,
            '--limit shows them',
          )}`,
    ),
});
