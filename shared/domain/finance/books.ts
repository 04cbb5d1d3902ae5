/** What was earned and spent in some days, as every question about money reads it. */
import type { LedgerEntry } from '../ledger.ts';
import { dayOf } from '../period.ts';
import type { CostDay } from './cost.ts';
import { datesOf, type Span } from './span.ts';

export type BookAgent = {
  readonly id: string;
  readonly department: string;
  readonly status: string;
  readonly createdAt: number;
};

export type Books = {
  readonly span: Span;
  /** The first date of the span; without one, the first on which anything happened. */
  readonly since: string;
  /** Every agent there ever was. */
  readonly agents: readonly BookAgent[];
  readonly entries: readonly LedgerEntry[];
  readonly costs: readonly CostDay[];
};

/** Agent id → department. */
export const departmentsOf = ({ agents }: Pick<Books, 'agents'>): Map<string, string> =>
  new Map(agents.map(({ id, department }) => [id, department]));

export const datesIn = ({ since, span }: Books): string[] => datesOf(since, span.to);

/** The first day of which the books know: of an agent, a movement or a cost; `to` when there is none. */
export function firstDay({ span, agents, entries, costs }: Omit<Books, 'since'>): string {
  const { from, to, timezone } = span;
  if (from !== null) return from;
  const moments = [...agents.map(({ createdAt }) => createdAt), ...entries.map(({ at }) => at)];
  const dates = [...moments.map((at) => dayOf(at, timezone)), ...costs.map(({ date }) => date)];
  return dates.reduce((first, date) => (date < first ? date : first), to);
}

/** The same books without the days before anything was: a mean over days that never were would be too small. */
export function sinceBegun(books: Books): Books {
  const begun = firstDay({ ...books, span: { ...books.span, from: null } });
  return begun > books.since ? { ...books, since: begun } : books;
}

/** The same books for some of their days. */
export function within(books: Books, from: string, to: string): Books {
  const { timezone } = books.span;
  const inside = (date: string): boolean => date >= from && date <= to;
  return {
    ...books,
    since: from,
    span: { period: 'custom', from, to, timezone },
    entries: books.entries.filter(({ at }) => inside(dayOf(at, timezone))),
    costs: books.costs.filter(({ date }) => inside(date)),
  };
}
