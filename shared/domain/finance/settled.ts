/** What of the money that came in is settled, what still waits, and what of it is held back for refunds. */
import type { LedgerEntry } from '../ledger.ts';
import {
  FINAL_SOURCES,
  NO_RESERVE_FACTS,
  type Reserve,
  type ReserveFacts,
  type ReserveRules,
  refundReserve,
} from '../reserve.ts';
import { incomeOf, ownerOf } from './income.ts';
import { sumOf } from './share.ts';

/** Buyers ask for their money back mostly within a week, and card payments are paid out within one. */
export const SETTLE_DAYS = 7;
const DAY = 86_400_000;

export type SettleRules = { readonly settleDays: number; readonly now: number };

/** Entries of payments that are not settled: a payment waits, less what was taken off it, as a whole. */
export function pendingEntries(entries: readonly LedgerEntry[], rules: SettleRules): ReadonlySet<LedgerEntry> {
  const payments = Map.groupBy(
    entries,
    ({ source, paymentKey, movementId }) => `${source}:${paymentKey ?? movementId}`,
  );
  return new Set([...payments.values()].filter((some) => waits(some, rules)).flat());
}

/** The vendor's own word on when money may be paid out, or else so many days after it came. */
function waits(payment: readonly LedgerEntry[], { now, settleDays }: SettleRules): boolean {
  if (incomeOf(payment).netMicros <= 0) return false;
  const said = payment.flatMap(({ availableAt }) => availableAt ?? []);
  const came = payment.filter(({ amountMinor }) => amountMinor > 0n).map(({ at }) => at + settleDays * DAY);
  return Math.max(...(said.length > 0 ? said : came)) > now;
}

export type HeldBack = {
  /** Net of payments that may be paid out by now. */
  readonly settledMicros: number;
  readonly pendingMicros: number;
  readonly reserveMicros: number;
};

export type HoldBackRules = SettleRules & {
  readonly reserve: ReserveRules;
  /** Each agent's history; see shared/store/reserve-store.ts. */
  readonly histories: ReadonlyMap<string, ReserveFacts>;
  /** Since when a sale may still be taken back. */
  readonly recentSince: number;
};

/** Nothing is held back, whatever happened before. */
export const NO_RESERVES: Omit<HoldBackRules, keyof SettleRules> = {
  reserve: { reserveFloorBps: 0, reserveDays: 1 },
  histories: new Map(),
  recentSince: Number.POSITIVE_INFINITY,
};

/** By owner, for entries of any days: what is older than `recentSince` needs no reserve. */
export function heldBack(entries: readonly LedgerEntry[], rules: HoldBackRules): Map<string, HeldBack> {
  const pending = pendingEntries(entries, rules);
  return new Map(
    [...Map.groupBy(entries, ownerOf)].map(([owner, some]) => {
      const pendingMicros = incomeOf(some.filter((entry) => pending.has(entry))).netMicros;
      const settledMicros = incomeOf(some).netMicros - pendingMicros;
      const { reserveMicros } = reserveOf(owner, some, rules);
      return [owner, { settledMicros, pendingMicros, reserveMicros }];
    }),
  );
}

/** The reserve on one owner's entries. */
export function reserveOf(
  owner: string,
  entries: readonly LedgerEntry[],
  { reserve, histories, recentSince }: Omit<HoldBackRules, keyof SettleRules>,
): Reserve {
  const open = entries.filter(({ at, source }) => at >= recentSince && !FINAL_SOURCES.includes(source));
  const { revenueMicros, refundMicros } = incomeOf(open);
  const { history } = histories.get(owner) ?? NO_RESERVE_FACTS;
  return refundReserve({ recent: { revenueMicros, refundMicros }, history }, reserve);
}

export const NOTHING_HELD: HeldBack = { settledMicros: 0, pendingMicros: 0, reserveMicros: 0 };

export function totalHeld(all: Iterable<HeldBack>): HeldBack {
  const rows = [...all];
  return {
    settledMicros: sumOf(rows, (row) => row.settledMicros),
    pendingMicros: sumOf(rows, (row) => row.pendingMicros),
    reserveMicros: sumOf(rows, (row) => row.reserveMicros),
  };
}
