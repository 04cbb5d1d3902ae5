/** What finance commands ask the books: days in the owner's zone, and the money of each agent in them. */

import { formatMinor } from '../shared/domain/currency.ts';
import { type Books, departmentsOf } from '../shared/domain/finance/books.ts';
import { NO_INCOME, type RoiRow, roiReport, roiRow } from '../shared/domain/finance/roi.ts';
import { type AskedSpan, daysBetween, PERIODS, type Period, type Span, spanOf } from '../shared/domain/finance/span.ts';
import { UNATTRIBUTED_ID } from '../shared/domain/ledger.ts';
import type { World } from '../shared/ports/world.ts';
import { readBooks } from '../shared/store/books-store.ts';
import { choice, date } from './fields.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** Options of every command about some days. */
export const SPAN = {
  period: choice('today, or the last 7, 30, 90 or 365 days, or everything', PERIODS),
  from: date('the first day, instead of a period'),
  to: date('the last day, instead of a period (default: today)'),
};

/** @param fallback the period when nothing is said @throws NovaError bad_input for days that make no sense */
export async function booksOf(world: Ports, asked: AskedSpan, fallback: Period): Promise<Books> {
  const { timezone } = world.settings;
  return readBooks(world, spanOf(asked, world.time.now(), { timezone, fallback }));
}

export type SpanView = Span & { readonly since: string; readonly days: number };

export const spanView = ({ span, since }: Pick<Books, 'span' | 'since'>): SpanView => ({
  ...span,
  since,
  days: daysBetween(since, span.to),
});

/** Money without a rate: `id` is the currency, the amount in its minor units as a decimal integer. */
export type Foreign = { readonly id: string; readonly amountMinor: string };

export const foreignOf = (unconverted: { readonly [currency: string]: bigint }): Foreign[] =>
  Object.entries(unconverted)
    .filter(([, amount]) => amount !== 0n)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, amount]) => ({ id, amountMinor: amount.toString() }));

export const foreignText = (unconverted: readonly Foreign[]): string =>
  unconverted.map(({ id, amountMinor }) => formatMinor(BigInt(amountMinor), id)).join(', ');

/** What is printed of a sum of money: big integers as text. */
export function plain<Row extends { readonly unconverted: { readonly [currency: string]: bigint } }>(
  row: Row,
): Omit<Row, 'unconverted'> & { readonly unconverted: readonly Foreign[] } {
  return { ...row, unconverted: foreignOf(row.unconverted) };
}

export type MoneyRow = Omit<RoiRow, 'unconverted'> & {
  /** Of an agent; the row of a department or of money that is nobody's has none. */
  readonly department: string;
  readonly status: string;
  readonly unconverted: readonly Foreign[];
};

export type Money = {
  readonly total: MoneyRow;
  /** Every agent there ever was, and the bucket of nobody, the most profitable first. */
  readonly agents: readonly MoneyRow[];
  readonly departments: readonly MoneyRow[];
};

export function moneyOf(books: Books): Money {
  const { total, byAgent, byDepartment } = roiReport(books);
  const departments = departmentsOf(books);
  const statuses = new Map(books.agents.map(({ id, status }) => [id, status]));
  const rowOf = (row: RoiRow): MoneyRow => ({
    ...plain(row),
    department: departments.get(row.id) ?? '',
    status: statuses.get(row.id) ?? '',
  });
  const bare = (row: RoiRow): MoneyRow => ({ ...plain(row), department: '', status: '' });
  return { total: bare(total), agents: byAgent.map(rowOf), departments: byDepartment.map(bare) };
}

/** Whether anything came in, went back or was charged. */
export const earned = ({ revenueMicros, refundMicros, feeMicros, unconverted }: MoneyRow): boolean =>
  revenueMicros !== 0 || refundMicros !== 0 || feeMicros !== 0 || unconverted.length > 0;

/** The bucket of nobody stands there also when it is empty: what is not there is worth seeing, too. */
export function withNobody(agents: readonly MoneyRow[]): MoneyRow[] {
  if (agents.some(({ id }) => id === UNATTRIBUTED_ID)) return [...agents];
  const nothing = roiRow(UNATTRIBUTED_ID, NO_INCOME, { runs: 0, succeeded: 0, costMicros: 0 });
  return [...agents, { ...plain(nothing), department: '', status: '' }];
}

export const nameOf = (id: string): string => (id === UNATTRIBUTED_ID ? '(unattributed)' : id);
