/**
 * What came in, from entries of the ledger. Dollars only: what has no rate is shown beside them, in its own units, and
 * is in none of the sums.
 */
import { type Earnings, earningsFrom, netMicros, sumsOfEntries } from '../earnings.ts';
import { type LedgerEntry, UNATTRIBUTED_ID } from '../ledger.ts';
import { byMost, shareBps, sumOf } from './share.ts';

export type Income = {
  readonly revenueMicros: number;
  readonly refundMicros: number;
  readonly feeMicros: number;
  readonly netMicros: number;
  readonly entries: number;
  /** By currency, in its minor units: in no sum of dollars. */
  readonly unconverted: Earnings['unconverted'];
};
/** `shareBps`: of the net of all that is positive; null when nothing came in. */
export type IncomeOf = Income & { readonly id: string; readonly shareBps: number | null };

export type RevenueReport = {
  readonly total: Income;
  readonly unattributed: Income;
  readonly bySource: readonly IncomeOf[];
  readonly byAgent: readonly IncomeOf[];
  readonly byDepartment: readonly IncomeOf[];
};

/** Largest net first. @param departments agent id → department; money of nobody stands under UNATTRIBUTED_ID. */
export function revenueReport(
  entries: readonly LedgerEntry[],
  departments: ReadonlyMap<string, string>,
): RevenueReport {
  const departmentOf = ({ agentId }: LedgerEntry): string =>
    agentId === null ? UNATTRIBUTED_ID : (departments.get(agentId) ?? UNATTRIBUTED_ID);
  return {
    total: incomeOf(entries),
    unattributed: incomeOf(entries.filter(({ agentId }) => agentId === null)),
    bySource: incomeBy(entries, ({ source }) => source),
    byAgent: incomeBy(entries, ownerOf),
    byDepartment: incomeBy(entries, departmentOf),
  };
}

export const ownerOf = ({ agentId }: LedgerEntry): string => agentId ?? UNATTRIBUTED_ID;

export function incomeOf(entries: readonly LedgerEntry[]): Income {
  const sums = earningsFrom('', sumsOfEntries(entries), null);
  const { revenueMicros, refundMicros, feeMicros, entries: count, unconverted } = sums;
  return { revenueMicros, refundMicros, feeMicros, netMicros: netMicros(sums), entries: count, unconverted };
}

export function incomeBy(entries: readonly LedgerEntry[], nameOf: (entry: LedgerEntry) => string): IncomeOf[] {
  const rows = [...Map.groupBy(entries, nameOf)].map(([id, some]) => ({ id, ...incomeOf(some) }));
  const positive = sumOf(rows, (row) => Math.max(0, row.netMicros));
  const shared = rows.map((row) => ({ ...row, shareBps: shareBps(row.netMicros, positive) }));
  return shared.filter(isSomething).sort(byMost((row) => row.netMicros));
}

/** An agent from whom everything was moved away by adjustments is not a line of nothing. */
const isSomething = (row: Income): boolean =>
  row.entries !== 0 ||
  [row.netMicros, row.revenueMicros, row.refundMicros, row.feeMicros].some((sum) => sum !== 0) ||
  Object.keys(row.unconverted).length > 0;
