/** Whose money it is and how that is known; what is nobody's stays in sight. */
import type { LedgerEntry } from '../ledger.ts';
import { type IncomeOf, incomeBy, ownerOf } from './income.ts';

export type Owner = IncomeOf & {
  readonly sources: readonly string[];
  /** Epoch milliseconds of the first and the last movement; corrections are not movements. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
};

export type AttributionReport = {
  /** By method: metadata, link, product, split, declared, assigned, house, none. */
  readonly byMethod: readonly (IncomeOf & { readonly confidenceBps: number | null })[];
  readonly owners: readonly Owner[];
  /** Movements that are nobody's, the newest first, to be assigned by hand. */
  readonly open: readonly LedgerEntry[];
};

export function attributionReport(entries: readonly LedgerEntry[]): AttributionReport {
  const byMethod = incomeBy(entries, ({ attribution }) => attribution.method).map((row) => ({
    ...row,
    confidenceBps: confidenceOf(entries.filter(({ attribution }) => attribution.method === row.id)),
  }));
  const owned = Map.groupBy(entries, ownerOf);
  const owners = incomeBy(entries, ownerOf).map((row) => ownerRow(row, owned.get(row.id) ?? []));
  return { byMethod, owners, open: openEntries(entries) };
}

/** The least sure of them: a mean would hide it. */
function confidenceOf(entries: readonly LedgerEntry[]): number | null {
  return entries.length === 0 ? null : Math.min(...entries.map(({ attribution }) => attribution.confidenceBps));
}

function ownerRow(row: IncomeOf, entries: readonly LedgerEntry[]): Owner {
  const moments = entries.filter(({ kind }) => kind !== 'adjustment').map(({ at }) => at);
  return {
    ...row,
    sources: [...new Set(entries.map(({ source }) => source))].sort(),
    firstAt: moments.length === 0 ? null : moments.reduce((a, b) => Math.min(a, b)),
    lastAt: moments.length === 0 ? null : moments.reduce((a, b) => Math.max(a, b)),
  };
}

/** A payment that a later correction gave to an agent is no longer open. */
function openEntries(entries: readonly LedgerEntry[]): LedgerEntry[] {
  // A payout is nobody's by its nature.
  const nobodys = entries.filter(
    ({ agentId, bucket, attribution: { method } }) => agentId === null && bucket !== 'payout' && method !== 'house',
  );
  const threads = Map.groupBy(nobodys, (entry) => `${entry.source}:${entry.paymentKey ?? entry.movementId}`);
  const left = [...threads.values()].filter(
    (some) => some.reduce((sum, { amountMinor }) => sum + amountMinor, 0n) !== 0n,
  );
  const open = left.flat().filter(({ kind }) => kind !== 'adjustment');
  return open.sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));
}
