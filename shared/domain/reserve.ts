/**
 * What may still be taken back of money that came in: refunds and disputes follow a sale by days. A decision sees what
 * an agent earned less this reserve; it is worked out anew each time and moves no money.
 */
import { formatBps, formatUsd } from './money.ts';

/** What came in through vendors, and what went back: refunds and disputes, less what was won. */
export type TakenBack = { readonly revenueMicros: number; readonly refundMicros: number };
export const NOTHING_TAKEN: TakenBack = { revenueMicros: 0, refundMicros: 0 };

export type ReserveFacts = {
  /** Young enough to be taken back still. */
  readonly recent: TakenBack;
  /** As far back as HISTORY_DAYS: how often it happens to this agent. */
  readonly history: TakenBack;
};
export const NO_RESERVE_FACTS: ReserveFacts = { recent: NOTHING_TAKEN, history: NOTHING_TAKEN };

export const HISTORY_DAYS = 90;
/** Declared by a run or written down by a person: there is no card behind it that could be charged back. */
export const FINAL_SOURCES: readonly string[] = ['agent', 'manual'];

export type ReserveRules = {
  /** Held back of any revenue, however good the history is: a young agent has none. */
  readonly reserveFloorBps: number;
  /** So many days a sale may be taken back. */
  readonly reserveDays: number;
};

export type Reserve = {
  /** What went back of what came in, of the agent's own history; null when nothing came in. */
  readonly historyBps: number | null;
  /** The larger of history and floor. */
  readonly rateBps: number;
  /** Recent revenue that has not been given back yet. */
  readonly atRiskMicros: number;
  readonly reserveMicros: number;
};

/** Rounded up: what is held back too much is seen next time, what is held back too little is spent. */
export function refundReserve({ recent, history }: ReserveFacts, { reserveFloorBps: floor }: ReserveRules): Reserve {
  const historyBps = history.revenueMicros <= 0 ? null : partBps(history.refundMicros, history.revenueMicros);
  const rateBps = Math.min(10_000, Math.max(floor, historyBps ?? 0));
  const atRiskMicros = Math.max(0, recent.revenueMicros - Math.max(0, recent.refundMicros));
  return { historyBps, rateBps, atRiskMicros, reserveMicros: partOf(atRiskMicros, rateBps) };
}

/**
 * Of money that is only a part of the life: no more of it is held back than its share.
 * @returns what may be judged by.
 */
export function lessReserve(revenueMicros: number, { rateBps, reserveMicros }: Reserve): number {
  return revenueMicros <= 0 ? revenueMicros : revenueMicros - Math.min(reserveMicros, partOf(revenueMicros, rateBps));
}

/** One sentence with the numbers; empty when nothing is held back. */
export function reserveSentence({ historyBps, rateBps, atRiskMicros, reserveMicros }: Reserve): string {
  if (reserveMicros === 0) return '';
  const of = `${formatBps(rateBps)} of ${formatUsd(atRiskMicros)} that may still be taken back`;
  const why = historyBps !== null && historyBps >= rateBps ? 'its own history' : 'the least that is held back';
  return `${formatUsd(reserveMicros)} held back for refunds (${of}: ${why})`;
}

const partBps = (part: number, whole: number): number =>
  part <= 0 ? 0 : Number((BigInt(part) * 10_000n + BigInt(whole) - 1n) / BigInt(whole));
const partOf = (whole: number, bps: number): number => Number((BigInt(whole) * BigInt(bps) + 9_999n) / 10_000n);
