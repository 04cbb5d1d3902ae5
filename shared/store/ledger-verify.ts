/**
 * Proves the ledger from its entries alone, and rebuilds what was damaged. Every entry counts in two sums, its agent's
 * and its day's, and each of them carries a fingerprint: one wrong fingerprint is a damaged sum, two are damaged entries.
 */
import { cellName, ledgerHash } from '../domain/ledger-proof.ts';
import type { Condition, Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { dayIndex, ledgerDaysPk, ledgerSumsPk } from './keys.ts';
import {
  type AllCompared,
  type Compared,
  cellOf,
  compareAll,
  driftOf,
  entryFaults,
  type Found,
  faultOf,
  isProven,
  type KeptSums,
  type LedgerFault,
  missingFrom,
  settled,
  sumProblems,
} from './ledger-compare.ts';
import { earningsItems } from './ledger-days.ts';
import { decodeEntry, sumsOf, utcDate } from './ledger-item.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'hashing'>;

export type LedgerVerdict = {
  readonly entries: number;
  readonly sums: number;
  /** The same for the same money, whatever the order in which it was told. */
  readonly hash: string;
  readonly faults: readonly LedgerFault[];
};

type Look = {
  readonly verdict: Omit<LedgerVerdict, 'faults'>;
  readonly found: readonly Found[];
  readonly damaged: readonly Compared[];
};

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
  const { look, real } = await settled(() => lookOnce(world));
  const names = new Set(real.filter(({ kind }) => kind === 'sum').map(({ id }) => id));
  const verdict = { ...look.verdict, faults: real.map(faultOf) };
  return { verdict, damaged: look.damaged.filter(({ id }) => names.has(id)) };
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

async function keptSums(table: Table, dates: readonly string[]): Promise<KeptSums> {
  const cells = new Map<string, Item>();
  for (const date of dates) {
    for (const item of await queryAll(table, { pk: ledgerSumsPk(date) })) cells.set(cellName(cellOf(item)), item);
  }
  const owners = new Map((await earningsItems(table)).map((item) => [item.sk.replace(/#EARN$/, ''), item] as const));
  return { owners, cells };
}

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
