/** The sums of one agent (or of nobody): what a booking adds to them, and what the entries say they must be. */
import type { LedgerEntry } from './ledger.ts';
import { UNATTRIBUTED_ID } from './ledger.ts';

export type Earnings = {
  /** An agent's id, or UNATTRIBUTED_ID. */
  readonly agentId: string;
  readonly revenueMicros: number;
  /** Refunds and disputes, less what came back: a positive number was given away. */
  readonly refundMicros: number;
  readonly feeMicros: number;
  /** Movements of money that stand under this name. */
  readonly entries: number;
  /** Net by currency other than USD, in its minor units. */
  readonly minor: { readonly [currency: string]: bigint };
  /** The part that is in no sum of dollars, because no rate is known. */
  readonly unconverted: { readonly [currency: string]: bigint };
  /** When the last entry was booked; null before the first. */
  readonly lastAt: number | null;
};

/** What is left of the revenue in dollars. */
export function netMicros(sums: Pick<Earnings, 'revenueMicros' | 'refundMicros' | 'feeMicros'>): number {
  return sums.revenueMicros - sums.refundMicros - sums.feeMicros;
}

/** Names of sums (`revenueMicros`, `entries`, `minor_EUR`, `unconverted_EUR`, `payoutMicros` …) and what to add to each; never 0. */
export type Additions = { readonly [sum: string]: bigint };

/** What a set of entries adds, by the name of the agent they stand under. */
export function additionsOf(entries: readonly LedgerEntry[]): Map<string, Additions> {
  const owned = Map.groupBy(entries, ({ agentId }) => agentId ?? UNATTRIBUTED_ID);
  return new Map([...owned].map(([owner, some]) => [owner, sumsOfEntries(some)]));
}

/** What a set of entries adds, whoever they stand under. */
export function sumsOfEntries(entries: readonly LedgerEntry[]): Additions {
  const sums: Record<string, bigint> = {};
  for (const [sum, amount] of entries.flatMap(partsOf)) sums[sum] = (sums[sum] ?? 0n) + amount;
  return Object.fromEntries(Object.entries(sums).filter(([, amount]) => amount !== 0n));
}

function partsOf(entry: LedgerEntry): [string, bigint][] {
  if (entry.bucket === 'payout') return [payoutPart(entry)];
  const parts: [string, bigint][] = [['entries', BigInt(entry.count)]];
  if (entry.currency !== 'USD') parts.push([`minor_${entry.currency}`, entry.amountMinor]);
  if (entry.amountMicros === null) return [...parts, [`unconverted_${entry.currency}`, entry.amountMinor]];
  const micros = BigInt(entry.amountMicros);
  if (entry.bucket === 'revenue') return [...parts, ['revenueMicros', micros]];
  return [...parts, [entry.bucket === 'refund' ? 'refundMicros' : 'feeMicros', -micros]];
}

/** Beside all other sums: what is paid out was counted when it came in. */
function payoutPart({ amountMicros, currency, amountMinor }: LedgerEntry): [string, bigint] {
  return amountMicros === null ? [`payout_${currency}`, amountMinor] : ['payoutMicros', BigInt(amountMicros)];
}

/** Earnings from named sums, as they are kept and as additionsOf makes them. */
export function earningsFrom(
  agentId: string,
  sums: { readonly [sum: string]: unknown },
  lastAt: number | null,
): Earnings {
  return {
    agentId,
    revenueMicros: bounded(sums.revenueMicros),
    refundMicros: bounded(sums.refundMicros),
    feeMicros: bounded(sums.feeMicros),
    entries: bounded(sums.entries),
    minor: byCurrency(sums, 'minor_'),
    unconverted: byCurrency(sums, 'unconverted_'),
    lastAt,
  };
}

/** Sums beyond nine billion dollars are cut to the largest safe integer: enough to judge by, and never a float. */
function bounded(value: unknown): number {
  const sum = bigintOf(value);
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(sum > most ? most : sum < -most ? -most : sum);
}

function byCurrency(sums: { readonly [sum: string]: unknown }, prefix: string): Record<string, bigint> {
  const found: Record<string, bigint> = {};
  for (const [name, value] of Object.entries(sums)) {
    const amount = name.startsWith(prefix) ? bigintOf(value) : 0n;
    if (amount !== 0n) found[name.slice(prefix.length)] = amount;
  }
  return found;
}

function bigintOf(value: unknown): bigint {
  return typeof value === 'bigint' ? value : BigInt(typeof value === 'number' ? value : 0);
}

/** Every sum that is not what the entries say, as a sentence; empty when all is right. */
export function earningsFaults(
  kept: ReadonlyMap<string, Additions>,
  rebuilt: ReadonlyMap<string, Additions>,
): string[] {
  const faults: string[] = [];
  for (const owner of [...new Set([...kept.keys(), ...rebuilt.keys()])].sort()) {
    const names = new Set([...Object.keys(kept.get(owner) ?? {}), ...Object.keys(rebuilt.get(owner) ?? {})]);
    for (const name of [...names].sort()) {
      const is = kept.get(owner)?.[name] ?? 0n;
      const must = rebuilt.get(owner)?.[name] ?? 0n;
      if (is !== must) faults.push(`${owner}: ${name} is ${is}, the entries say ${must}`);
    }
  }
  return faults;
}
