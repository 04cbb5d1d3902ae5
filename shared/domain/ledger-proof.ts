/**
 * Proof that the ledger is whole. Every sum carries a fingerprint of the entries in it: their hashes added up, so that
 * the order of bookings does not matter and a booking need not read what is there. Each entry counts in two such sums,
 * its agent's and its day's: where one of them is wrong the other tells whether the sum was damaged or the entries.
 */
import { canonicalJson } from './audit.ts';
import { type Additions, additionsOf, sumsOfEntries } from './earnings.ts';
import { type LedgerEntry, UNATTRIBUTED_ID } from './ledger.ts';

export type Sha256 = (text: string) => string;

/** Two halves of 100 bits each: a million hashes added up stay below the 38 digits that DynamoDB keeps. */
export type Fingerprint = { readonly proofA: bigint; readonly proofB: bigint; readonly proofCount: bigint };

export const NO_FINGERPRINT: Fingerprint = { proofA: 0n, proofB: 0n, proofCount: 0n };

/** The hash of all that an entry says; any changed field makes it another. */
export function entryHash(entry: LedgerEntry, sha256: Sha256): string {
  return sha256(canonicalJson({ v: 1, ...entry }));
}

export function fingerprintOf(hashes: readonly string[]): Fingerprint {
  const half = (from: number): bigint =>
    hashes.reduce((sum, hash) => sum + BigInt(`0x${hash.slice(from, from + 25)}`), 0n);
  return { proofA: half(0), proofB: half(25), proofCount: BigInt(hashes.length) };
}

export const sameFingerprint = (a: Fingerprint, b: Fingerprint): boolean =>
  a.proofA === b.proofA && a.proofB === b.proofB && a.proofCount === b.proofCount;

export const ownerOf = ({ agentId }: Pick<LedgerEntry, 'agentId'>): string => agentId ?? UNATTRIBUTED_ID;

/** What one sum of a day is about: the entries of one UTC date, owner and source. */
export type DayCell = { readonly date: string; readonly owner: string; readonly source: string };
export const cellName = ({ date, owner, source }: DayCell): string => `${date} ${owner} ${source}`;

/** What a set of entries adds to one sum. */
export type Addition = { readonly sums: Additions; readonly proof: Fingerprint };

export function additionOf(entries: readonly LedgerEntry[], sha256: Sha256): Addition {
  return { sums: sumsOfEntries(entries), proof: fingerprintOf(entries.map((entry) => entryHash(entry, sha256))) };
}

/** By owner: what the entries add to the sums of each agent. */
export function ownerAdditions(entries: readonly LedgerEntry[], sha256: Sha256): Map<string, Addition> {
  const sums = additionsOf(entries);
  const owned = Map.groupBy(entries, ownerOf);
  return new Map(
    [...owned].map(([owner, some]) => {
      const { proof } = additionOf(some, sha256);
      return [owner, { sums: sums.get(owner) ?? {}, proof }];
    }),
  );
}

export function addedUp(additions: readonly Addition[]): Addition {
  const sums: { [name: string]: bigint } = {};
  for (const { sums: some } of additions) {
    for (const [name, sum] of Object.entries(some)) sums[name] = (sums[name] ?? 0n) + sum;
  }
  const of = (name: keyof Fingerprint): bigint => additions.reduce((sum, { proof }) => sum + proof[name], 0n);
  const proof = { proofA: of('proofA'), proofB: of('proofB'), proofCount: of('proofCount') };
  return { sums: Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0n)), proof };
}

/** What the sums of a day said when its entries were last read and found right. */
export type ProvedDay = { readonly mark: string; readonly at: number };

/** Every entry is read again within so many nights, whether its day has changed or not. */
export const PROVED_WITHIN_NIGHTS = 30;

/**
 * The days whose entries are read tonight: those whose sums have changed since, and a share of all days, those first
 * that have waited longest. `marks`: what the sums of each day say now.
 */
export function daysDue(
  marks: ReadonlyMap<string, string>,
  proved: ReadonlyMap<string, ProvedDay>,
  nights = PROVED_WITHIN_NIGHTS,
): string[] {
  const isChanged = (date: string): boolean => proved.get(date)?.mark !== marks.get(date);
  const dates = [...marks.keys()].sort();
  const waiting = dates
    .filter((date) => !isChanged(date))
    .sort((a, b) => (proved.get(a)?.at ?? 0) - (proved.get(b)?.at ?? 0));
  return [...dates.filter(isChanged), ...waiting.slice(0, Math.ceil(dates.length / nights))];
}

/** By day, owner and source. `dateOf`: the UTC date of a moment. */
export function cellAdditions(
  entries: readonly LedgerEntry[],
  dateOf: (at: number) => string,
  sha256: Sha256,
): { readonly cell: DayCell; readonly addition: Addition }[] {
  const cellOf = (entry: LedgerEntry): DayCell => ({
    date: dateOf(entry.at),
    owner: ownerOf(entry),
    source: entry.source,
  });
  return [...Map.groupBy(entries, (entry) => cellName(cellOf(entry))).values()].flatMap((some) => {
    const [first] = some;
    return first ? [{ cell: cellOf(first), addition: additionOf(some, sha256) }] : [];
  });
}

/**
 * One hash of what the ledger says in the end, whatever the order, number and company of the messages that told it:
 * what stands for each payment, under whom, on which UTC date, in which currency. Entries that take each other back
 * leave no trace in it.
 */
export function ledgerHash(entries: readonly LedgerEntry[], dateOf: (at: number) => string, sha256: Sha256): string {
  const place = (entry: LedgerEntry): string =>
    canonicalJson([
      entry.source,
      entry.paymentKey ?? entry.movementId,
      ownerOf(entry),
      entry.bucket,
      dateOf(entry.at),
      entry.currency,
      entry.exponent,
      entry.amountMicros === null ? 'unconverted' : 'converted',
    ]);
  const lines = [...Map.groupBy(entries, place)].flatMap(([where, some]) => {
    const minor = some.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    const micros = some.reduce((sum, { amountMicros }) => sum + BigInt(amountMicros ?? 0), 0n);
    const count = some.reduce((sum, entry) => sum + entry.count, 0);
    return minor === 0n && micros === 0n && count === 0 ? [] : [`${where} ${minor} ${micros} ${count}`];
  });
  return sha256(lines.sort().join('\n'));
}
