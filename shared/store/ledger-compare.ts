/** What the ledger's sums are, what its entries say they must be, and where an entry is not what was booked. */
import type { Additions } from '../domain/earnings.ts';
import { type LedgerEntry, microsOf } from '../domain/ledger.ts';
import {
  type Addition,
  additionOf,
  cellAdditions,
  cellName,
  type DayCell,
  entryHash,
  NO_FINGERPRINT,
  ownerAdditions,
  sameFingerprint,
} from '../domain/ledger-proof.ts';
import type { Item, Key } from '../ports/table.ts';
import { earningsKey, entryKey, ledgerSumsKey, ledgerSumsPk } from './keys.ts';
import { entryItem, fingerprintOfItem, sumsOf, utcDate } from './ledger-item.ts';

export type LedgerFault = {
  /** `entry`: changed; `entries`: dropped or added, where it happened; `sum`: can be rebuilt. */
  readonly kind: 'entry' | 'entries' | 'sum';
  /** The entry's id, `<date> <owner> <source>`, or the owner. */
  readonly id: string;
  readonly problem: string;
};

/** A sum as it is kept and as the entries say it must be. */
export type Compared = {
  readonly id: string;
  readonly key: Key;
  readonly item: Item | null;
  readonly must: Addition;
  readonly owner: string;
  readonly marks: { readonly [attr: string]: string };
};
/** `drift`: by how much a sum is off, which stays the same while bookings go on; only a real fault has a lasting one. */
export type Found = LedgerFault & { readonly drift: string };
/** Bookings go on while we read, and the index follows a little later: a fault counts when it is seen so many times. */
const LOOKS = 3;

/** Looks until nothing is wrong or what is wrong lasts: the last look, and the faults that every look has seen. */
export async function settled<Look extends { readonly found: readonly Found[] }>(
  lookOnce: () => Promise<Look>,
): Promise<{ readonly look: Look; readonly real: readonly Found[] }> {
  let look = await lookOnce();
  const mark = ({ id, drift }: Found): string => `${id} ${drift}`;
  let lasting = new Set(look.found.map(mark));
  for (let n = 1; n < LOOKS && lasting.size > 0; n++) {
    look = await lookOnce();
    lasting = new Set(look.found.map(mark).filter((one) => lasting.has(one)));
  }
  return { look, real: look.found.filter((fault) => lasting.has(mark(fault))) };
}

export const faultOf = ({ kind, id, problem }: Found): LedgerFault => ({ kind, id, problem });

export function cellOf(item: Item): DayCell {
  const [owner = '', source = ''] = item.sk.split('#');
  return { date: item.pk.slice(ledgerSumsPk('').length), owner, source };
}

export type AllCompared = {
  readonly all: readonly Compared[];
  readonly cells: readonly Compared[];
  readonly owners: readonly Compared[];
};

export type KeptSums = { readonly owners: ReadonlyMap<string, Item>; readonly cells: ReadonlyMap<string, Item> };

export function compareAll(
  { owners, cells }: KeptSums,
  entries: readonly LedgerEntry[],
  sha256: (text: string) => string,
): AllCompared {
  const nothing = additionOf([], sha256);
  const byOwner = ownerAdditions(entries, sha256);
  const ownerSums = [...new Set([...byOwner.keys(), ...owners.keys()])].map(
    (id): Compared => comparedOwner(id, owners.get(id) ?? null, byOwner.get(id) ?? nothing),
  );
  const cellSums = compareCells(cells, entries, sha256);
  return { all: [...cellSums, ...ownerSums], cells: cellSums, owners: ownerSums };
}

export const comparedOwner = (id: string, item: Item | null, must: Addition): Compared => {
  return { id, key: earningsKey(id), item, must, owner: id, marks: { agentId: id } };
};

/** The kept sums of whole days, and all entries of these days. */
export function compareCells(
  cells: ReadonlyMap<string, Item>,
  entries: readonly LedgerEntry[],
  sha256: (text: string) => string,
): Compared[] {
  const nothing = additionOf([], sha256);
  const byCell = new Map(cellAdditions(entries, utcDate, sha256).map((one) => [cellName(one.cell), one] as const));
  for (const [name, item] of cells) if (!byCell.has(name)) byCell.set(name, { cell: cellOf(item), addition: nothing });
  return [...byCell].map(([id, { cell, addition: must }]): Compared => {
    const { date, owner, source } = cell;
    const marks = { date, agentId: owner, source };
    return { id, key: ledgerSumsKey(date, owner, source), item: cells.get(id) ?? null, must, owner, marks };
  });
}

export const isProven = ({ item, must }: Compared): boolean => sameFingerprint(fingerprintOfItem(item), must.proof);

export const missingFrom = ({ item, must }: Compared): bigint =>
  fingerprintOfItem(item).proofCount - must.proof.proofCount;

export function driftOf({ item, must }: Compared): string {
  const proof = fingerprintOfItem(item);
  const kept: Additions = item ? sumsOf(item) : {};
  const names = [...new Set([...Object.keys(kept), ...Object.keys(must.sums)])].sort();
  const off = names.map((name) => `${name} ${(kept[name] ?? 0n) - (must.sums[name] ?? 0n)}`);
  return [proof.proofA - must.proof.proofA, proof.proofB - must.proof.proofB, ...off].join(' ');
}

export function sumProblems(compared: Compared): string[] {
  const { item, must } = compared;
  const kept: Additions = item ? sumsOf(item) : {};
  const names = [...new Set([...Object.keys(kept), ...Object.keys(must.sums)])].sort();
  const wrong = names
    .filter((name) => (kept[name] ?? 0n) !== (must.sums[name] ?? 0n))
    .map((name) => `${name} is ${kept[name] ?? 0n}, the entries say ${must.sums[name] ?? 0n}`);
  if (isProven(compared)) return wrong;
  const count = item ? fingerprintOfItem(item).proofCount : NO_FINGERPRINT.proofCount;
  return [...wrong, `its fingerprint is of ${count} other entries; there are ${must.proof.proofCount}`];
}

/** The key, the place in the index and the hash follow from what the entry says. */
export function entryFaults(item: Item, entry: LedgerEntry | undefined, sha256: (text: string) => string): Found[] {
  if (!entry) return [];
  const fault = (problem: string): Found => ({ kind: 'entry', id: entry.id, problem, drift: problem });
  const hash = entryHash(entry, sha256);
  const must = entryItem(entry, hash);
  const { pk, sk } = entryKey(entry.source, entry.movementId);
  if (item.hash !== hash) return [fault('it is not what was booked')];
  if (item.pk !== pk || item.sk !== sk) return [fault('it stands under another key')];
  if (item.ixPk !== must.ixPk || item.ixSk !== must.ixSk) return [fault('it stands in another place of its day')];
  const wrongDollars = entry.currency === 'USD' && microsOf(entry, {}) !== entry.amountMicros;
  return wrongDollars ? [fault(`${entry.amountMinor} USD is not ${entry.amountMicros} micro-USD`)] : [];
}
