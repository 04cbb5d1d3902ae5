import { entriesCsv, exportedEntry } from '../../../shared/domain/finance/export.ts';
import { incomeBy, incomeOf } from '../../../shared/domain/finance/income.ts';
import { booksOf, moneyOf, plain, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { choice, defaulting, text } from '../../fields.ts';
import { writeNew } from '../../files.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'export',
  summary: 'every entry of the ledger as JSON or CSV, to a new file or to standard output',
  detail:
    'CSV has one row per entry; cells that a spreadsheet would take for a formula are made text with an apostrophe. A file that is there already is never written over. With --json the value is printed as any other.',
  args: {},
  options: {
    ...SPAN,
    format: defaulting(choice('how it is written', ['json', 'csv']), 'json'),
    out: text('write to this new file', 'file'),
  },
  examples: ['nova finance export', 'nova finance export --format csv --period year --out ledger.csv'],
  async run({ format, out, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'all');
    const { agents } = moneyOf(books);
    return {
      ...{ id: 'export', exportedAt: new Date(world.time.now()).toISOString(), ...spanView(books) },
      ...{ format, out: out ?? null, totals: plain(incomeOf(books.entries)), agents },
      sources: incomeBy(books.entries, ({ source }) => source).map(plain),
      entries: books.entries.map(exportedEntry),
    };
  },
  async finish(found, { out }) {
    if (out !== undefined) writeNew(out, contentOf(found));
  },
  render: (found) =>
    found.out === null
      ? contentOf(found).trimEnd()
      : `${plural(found.entries.length, 'entry', 'entries')} written to ${found.out}`,
});

type Exported = {
  readonly format: 'json' | 'csv';
  readonly out: string | null;
  readonly entries: Parameters<typeof entriesCsv>[0];
};

function contentOf({ format, out: _, ...found }: Exported): string {
  return format === 'csv' ? entriesCsv(found.entries) : `${JSON.stringify(found, null, 2)}\n`;
}
