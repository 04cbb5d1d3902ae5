/** How money looks: columns, headlines, and the line that says which days are meant. */
import { type Foreign, foreignText, type MoneyRow, nameOf, type SpanView } from '../books.ts';
import type { Style } from '../render/style.ts';
import type { Column } from '../render/table.ts';
import { centsOf, plural, roiOf } from '../render/words.ts';

export const spanText = ({ period, since, to, timezone, days }: SpanView): string => {
  const dates = since === to ? to : `${since} to ${to}`;
  const name = period === 'all' ? 'everything so far: ' : period === 'custom' ? '' : `${period}: `;
  return `${name}${dates} (${plural(days, 'day')}, ${timezone})`;
};

export const spanLine = (span: SpanView, style: Style): string => style.paint('dim', spanText(span));

/** The answer in one line, the days below it, then what else belongs to it. */
export function headline(text: string, span: SpanView, style: Style, ...more: readonly string[]): string {
  return [style.paint('bold', text), spanLine(span, style), ...more.filter(Boolean)].join('\n');
}

/** What no rate is known for: beside the dollars, in none of their sums. */
export function foreignLine(unconverted: readonly Foreign[], style: Style): string {
  if (unconverted.length === 0) return '';
  return style.paint('yellow', `not in these sums, for want of a rate: ${foreignText(unconverted)}`);
}

type Amounts = { readonly [name: string]: unknown };

/** A column of one field of micro-dollars. */
export function money<Row extends Amounts>(title: string, field: keyof Row & string, dropOrder?: number): Column<Row> {
  return {
    title,
    value: (row) => centsOf(typeof row[field] === 'number' ? row[field] : null),
    align: 'money',
    ...(dropOrder === undefined ? {} : { dropOrder }),
  };
}

type Named = { readonly id: string };
export const named = <Row extends Named>(title: string): Column<Row> => ({
  title,
  value: ({ id }) => nameOf(id),
  min: 10,
});

/** Beside the dollars, where there is any: what no rate is known for. */
export function foreignColumn<Row extends { readonly unconverted: readonly Foreign[] }>(
  rows: readonly Row[],
): Column<Row>[] {
  if (rows.every(({ unconverted }) => unconverted.length === 0)) return [];
  return [{ title: 'NO RATE', value: ({ unconverted }) => foreignText(unconverted), align: 'right', dropOrder: 4 }];
}

type Shared = { readonly shareBps: number | null };
export const SHARE: Column<Shared> = {
  title: 'SHARE',
  value: ({ shareBps }) => shareOf(shareBps),
  align: 'right',
  dropOrder: 1,
};

/** Parts of a whole, with one decimal. */
export const shareOf = (bps: number | null): string => (bps === null ? 'n/a' : `${(bps / 100).toFixed(1)} %`);

export const WHO = named<MoneyRow>('AGENT');
export const DEPARTMENT = named<MoneyRow>('DEPARTMENT');
export const RUNS: Column<{ readonly runs: number }> = {
  title: 'RUNS',
  value: ({ runs }) => String(runs),
  align: 'right',
};
export const ROI: Column<{ readonly roiBps: number | null }> = {
  title: 'ROI',
  value: ({ roiBps }) => roiOf(roiBps),
  align: 'right',
};
export const COST = money<MoneyRow>('COST', 'costMicros');
export const GROSS = money<MoneyRow>('GROSS', 'revenueMicros');
export const REFUNDS = money<MoneyRow>('REFUNDS', 'refundMicros', 2);
export const FEES = money<MoneyRow>('FEES', 'feeMicros', 3);
export const NET = money<MoneyRow>('NET', 'netMicros');
/** What may still be taken back. */
export const HELD: Column<{ readonly reserveMicros: number }> = money('HELD', 'reserveMicros', 5);
export const PROFIT = money<MoneyRow>('PROFIT', 'profitMicros');

/** Words that were shouted in the old system: `on_track` → `ON TRACK`; without cost there is no rating. */
export const shout = (word: string): string => (word === 'unknown' ? 'n/a' : word.replaceAll('_', ' ').toUpperCase());

/** Numbers under each other, as in an account. */
export function account(lines: readonly (readonly [name: string, micros: number])[], style: Style): string {
  const amounts = lines.map(([, micros]) => centsOf(micros));
  const tails = amounts.map((amount) => amount.length - amount.indexOf('.'));
  const longest = Math.max(0, ...tails);
  const shown = amounts.map((amount, at) => amount + ' '.repeat(longest - (tails[at] ?? 0)));
  const width = Math.max(0, ...shown.map((amount) => amount.length));
  const names = Math.max(0, ...lines.map(([name]) => name.length)) + 2;
  return lines
    .map(([name, micros], at) => {
      const amount = (shown[at] ?? '').padStart(width).trimEnd();
      return `${style.paint('dim', name.padEnd(names))}${micros < 0 ? style.paint('red', amount) : amount}`;
    })
    .join('\n');
}
