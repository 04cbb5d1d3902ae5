/**
 * Proves the ledger from its entries alone, and rebuilds what was damaged. Every entry counts in two sums, its agent's
 * and its day's, and each of them carries a fingerprint: one wrong fingerprint is a damaged sum, two are damaged entries.
 */
import type { Additions } from '../domain/earnings.ts';
import { type LedgerEntry, microsOf } from '../domain/ledger.ts';
import {
  type Addition,
  additionOf,
  cellAdditions,
  cellName,
  type DayCell,
  entryHash,
  ledgerHash,
  NO_FINGERPRINT,
  ownerAdditions,
  sameFingerprint,
} from '../domain/ledger-proof.ts';
import type { Condition, Item, Key, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { dayIndex, earningsKey, entryKey, ledgerDaysPk, ledgerSumsKey, ledgerSumsPk } from './keys.ts';
import { earningsItems } from './ledger-days.ts';
import { decodeEntry, entryItem, fingerprintOfItem, sumsOf, utcDate } from './ledger-item.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'hashing'>;

export type LedgerFault = {
  /** `entry`: changed; `entries`: dropped or added, where it happened; `sum`: can be rebuilt. */
  readonly kind: 'entry' | 'entries' | 'sum';
  /** The entry's id, `<date> <owner> <source>`, or the owner. */
  readonly id: string;
  readonly problem: string;
};

export type LedgerVerdict = {
  readonly entries: number;
  readonly sums: number;
  /** The same for the same money, whatever the order in which it was told. */
  readonly hash: string;
  readonly faults: readonly LedgerFault[];
};

/** A sum as it is kept and as the entries say it must be. */
type Compared = {
  readonly id: string;
  readonly key: Key;
  readonly item: Item | null;
  readonly must: Addition;
  readonly owner: string;
  readonly marks: { readonly [attr: string]: string };
};
/** `drift`: by how much a sum is off, which stays the same while bookings go on; only a real fault has a lasting one. */
type Found = LedgerFault & { readonly drift: string };
type Look = {
  readonly verdict: Omit<LedgerVerdict, 'faults'>;
  readonly found: readonly Found[];
  readonly damaged: readonly Compared[];
};

/** Bookings go on while we read, and the index follows a little later: a fault counts when it is seen so many times. */
const LOOKS = 3;

/** Proves every entry and every sum, in time for a person: it reads the whole ledger. */
export async function proveLedger(world: Ports): Promise<LedgerVerdict> {
  return (await settledLook(world)).verdict;
}

/**
 * Rebuilds the damaged sums whose entries are whole, and proves again.
 * @returns the names of what was rebuilt, and the verdict afterwards.
 */
export async function repairLedger(
  world: Ports,
): Promise<{ readonly rebuilt: readonly string[]; readonly verdict: LedgerVerdict }> {
  const { damaged } = await settledLook(world);
  const rebuilt: string[] = [];
  for (const sum of damaged) if (await rebuild(world.table, sum)) rebuilt.push(sum.id);
  return { rebuilt, verdict: await proveLedger(world) };
}

async function settledLook(world: Ports): Promise<{ verdict: LedgerVerdict; damaged: readonly Compared[] }> {
  let look = await lookOnce(world);
  const mark = ({ id, drift }: Found): string => `${id} ${drift}`;
  let lasting = new Set(look.found.map(mark));
  for (let n = 1; n < LOOKS && lasting.size > 0; n++) {
    look = await lookOnce(world);
    lasting = new Set(look.found.map(mark).filter((one) => lasting.has(one)));
  }
  const real = look.found.filter((fault) => lasting.has(mark(fault)));
  const names = new Set(real.filter(({ kind }) => kind === 'sum').map(({ id }) => id));
  const faults = real.map(({ kind, id, problem }) => ({ kind, id, problem }));
  return { verdict: { ...look.verdict, faults }, damaged: look.damaged.filter(({ id }) => names.has(id)) };
}

async function lookOnce(world: Ports): Promise<Look> {
  const { table, hashing } = world;
  const dates = (await queryAll(table, { pk: ledgerDaysPk })).map(({ sk }) => sk);
  const kept = await keptSums(table, dates);
  const items: Item[] = [];
  for (const date of dates) items.push(...(await queryAll(table, { pk: dayIndex('ENTRY', date), index: 'ix' })));
  const entries = items.map(decodeEntry);
  const compared = compareAll(kept, entries, hashing.sha256);
  const { faults, damaged } = judge(compared);
  const changed = items.flatMap((item, n) => entryFaults(item, entries[n], hashing.sha256));
  const hash = ledgerHash(entries, utcDate, hashing.sha256);
  const verdict = { entries: entries.length, sums: compared.all.length, hash };
  return { verdict, found: [...changed, ...faults], damaged };
}

type Kept = { readonly owners: ReadonlyMap<string, Item>; readonly cells: ReadonlyMap<string, Item> };

async function keptSums(table: Table, dates: readonly string[]): Promise<Kept> {
  const cells = new Map<string, Item>();
  for (const date of dates) {
    for (const item of await queryAll(table, { pk: ledgerSumsPk(date) })) cells.set(cellName(cellOf(item)), item);
  }
  const owners = new Map((await earningsItems(table)).map((item) => [item.sk.replace(/#EARN$/, ''), item] as const));
  return { owners, cells };
}

function cellOf(item: Item): DayCell {
  const [owner = '', source = ''] = item.sk.split('#');
  return { date: item.pk.slice(ledgerSumsPk('').length), owner, source };
}

type AllCompared = {
  readonly all: readonly Compared[];
  readonly cells: readonly Compared[];
  readonly owners: readonly Compared[];
};

function compareAll(
  { owners, cells }: Kept,
  entries: readonly LedgerEntry[],
  sha256: (text: string) => string,
): AllCompared {
  const nothing = additionOf([], sha256);
  const byCell = new Map(cellAdditions(entries, utcDate, sha256).map((one) => [cellName(one.cell), one] as const));
  for (const [name, item] of cells) if (!byCell.has(name)) byCell.set(name, { cell: cellOf(item), addition: nothing });
  const cellSums = [...byCell].map(([id, { cell, addition: must }]): Compared => {
    const { date, owner, source } = cell;
    const marks = { date, agentId: owner, source };
    return { id, key: ledgerSumsKey(date, owner, source), item: cells.get(id) ?? null, must, owner, marks };
  });
  const byOwner = ownerAdditions(entries, sha256);
  const ownerSums = [...new Set([...byOwner.keys(), ...owners.keys()])].map((id): Compared => {
    const must = byOwner.get(id) ?? nothing;
    return { id, key: earningsKey(id), item: owners.get(id) ?? null, must, owner: id, marks: { agentId: id } };
  });
  return { all: [...cellSums, ...ownerSums], cells: cellSums, owners: ownerSums };
}

const isProven = ({ item, must }: Compared): boolean => sameFingerprint(fingerprintOfItem(item), must.proof);

/**
 * A fingerprint that is wrong in both of an entry's sums speaks against the entries, in one against that sum. A sum of an
 * agent that knows of more entries than there are is not rebuilt either: a whole day may have gone.
 */
function judge({ cells, owners }: AllCompared): { faults: Found[]; damaged: Compared[] } {
  const badOwners = owners.filter((one) => !isProven(one));
  const doubted = new Set(badOwners.map(({ id }) => id));
  const badCells = cells.filter((one) => !isProven(one) && doubted.has(one.owner));
  const explained = new Set(badCells.map(({ owner }) => owner));
  const dayGone = badOwners.filter((one) => !explained.has(one.owner) && missingFrom(one) > 0n);
  const suspects = new Set([...explained, ...dayGone.map(({ owner }) => owner)]);
  const lost = [...badCells, ...dayGone].map((one): Found => {
    const missing = missingFrom(one);
    const how = missing > 0n ? 'entries are missing' : missing < 0n ? 'entries were added' : 'an entry was changed';
    const { proofCount } = one.must.proof;
    const problem = `${how}: ${proofCount + missing} were booked, ${proofCount} are there`;
    return { kind: 'entries', id: one.id, problem, drift: driftOf(one) };
  });
  const damaged = [...cells, ...owners].filter((one) => !suspects.has(one.owner) && sumProblems(one).length > 0);
  const sums = damaged.map((one): Found => {
    return { kind: 'sum', id: one.id, problem: sumProblems(one).join('; '), drift: driftOf(one) };
  });
  return { faults: [...lost, ...sums], damaged };
}

const missingFrom = ({ item, must }: Compared): bigint => fingerprintOfItem(item).proofCount - must.proof.proofCount;

function driftOf({ item, must }: Compared): string {
  const proof = fingerprintOfItem(item);
  const kept: Additions = item ? sumsOf(item) : {};
  const names = [...new Set([...Object.keys(kept), ...Object.keys(must.sums)])].sort();
  const off = names.map((name) => `${name} ${(kept[name] ?? 0n) - (must.sums[name] ?? 0n)}`);
  return [proof.proofA - must.proof.proofA, proof.proofB - must.proof.proofB, ...off].join(' ');
}

function sumProblems(compared: Compared): string[] {
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
function entryFaults(item: Item, entry: LedgerEntry | undefined, sha256: (text: string) => string): Found[] {
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

/** Under the condition that nobody has booked into it since we looked. */
async function rebuild(table: Table, { key, item, must, marks }: Compared): Promise<boolean> {
  const unchanged: Condition[] =
    item === null
      ? [{ attr: 'pk', op: 'missing' }]
      : (['proofA', 'proofB', 'proofCount'] as const).map((attr) => {
          const value = item[attr];
          if (value === undefined) return { attr, op: 'missing' };
          return { attr, op: '=', value: typeof value === 'object' ? null : value };
        });
  const stale = item ? Object.keys(sumsOf(item)).filter((name) => must.sums[name] === undefined) : [];
  const written = await table.write({
    op: 'update',
    key,
    set: { ...must.sums, ...must.proof },
    setIfAbsent: { v: 1, ...marks },
    ...(stale.length > 0 ? { remove: stale } : {}),
    if: unchanged,
  });
  return written.ok;
}
