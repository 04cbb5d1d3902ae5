/**
 * The proof of one night. All sums are held to each other every night, for they are few. Entries are many: those of a
 * day are read when its sums have changed since they were last proved, and those of all days again in turn. A day that
 * was proved is noted before the next one is begun, so what dies in the middle goes on from there.
 */
import { type Addition, addedUp, additionOf, cellName, daysDue } from '../domain/ledger-proof.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { dayIndex, ledgerDaysPk, ledgerSumsPk } from './keys.ts';
import {
  type Compared,
  cellOf,
  compareCells,
  comparedOwner,
  driftOf,
  entryFaults,
  type Found,
  faultOf,
  isProven,
  type LedgerFault,
  settled,
  sumProblems,
} from './ledger-compare.ts';
import { earningsItems } from './ledger-days.ts';
import { decodeEntry, fingerprintOfItem, sumsOf } from './ledger-item.ts';
import { noteDayProof, provedDays } from './pulse-store.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'hashing' | 'time'>;

export type NightProof = {
  /** Entries that were read, on so many days out of all that have any. */
  readonly entries: number;
  readonly days: number;
  readonly allDays: number;
  /** Where to look; `proveLedger` says what it is. */
  readonly faults: readonly LedgerFault[];
};

export async function proveNight(world: Ports): Promise<NightProof> {
  const { look: sums, real } = await settled(() => lookAtSums(world));
  const due = daysDue(sums.marks, await provedDays(world.table));
  const found = [...real];
  let entries = 0;
  for (const date of due) {
    const { look, real: wrong } = await settled(() => lookAtDay(world, date));
    await noteDayProof(world, date, wrong.length === 0 ? look.mark : '');
    found.push(...wrong);
    entries += look.entries;
  }
  return { entries, days: due.length, allDays: sums.marks.size, faults: found.map(faultOf) };
}

type SumsLook = { readonly marks: ReadonlyMap<string, string>; readonly found: readonly Found[] };

/** An agent's sums are those of all its days together. */
async function lookAtSums({ table, hashing }: Ports): Promise<SumsLook> {
  const marks = new Map<string, string>();
  const byOwner = new Map<string, Addition>();
  for (const { sk: date } of await queryAll(table, { pk: ledgerDaysPk })) {
    const cells = await cellsOf(table, date);
    marks.set(date, markOf(cells, hashing.sha256));
    for (const item of cells) {
      const { owner } = cellOf(item);
      const before = byOwner.get(owner);
      byOwner.set(owner, addedUp(before ? [before, additionOfItem(item)] : [additionOfItem(item)]));
    }
  }
  const kept = new Map((await earningsItems(table)).map((item) => [item.sk.replace(/#EARN$/, ''), item] as const));
  const nothing = additionOf([], hashing.sha256);
  const compared = [...new Set([...byOwner.keys(), ...kept.keys()])].map((id) =>
    comparedOwner(id, kept.get(id) ?? null, byOwner.get(id) ?? nothing),
  );
  return { marks, found: compared.flatMap(foundIn) };
}

type DayLook = { readonly mark: string; readonly entries: number; readonly found: readonly Found[] };

async function lookAtDay({ table, hashing }: Ports, date: string): Promise<DayLook> {
  const cells = await cellsOf(table, date);
  const items = await queryAll(table, { pk: dayIndex('ENTRY', date), index: 'ix' });
  const entries = items.map(decodeEntry);
  const byName = new Map(cells.map((item) => [cellName(cellOf(item)), item] as const));
  const found = [
    ...items.flatMap((item, n) => entryFaults(item, entries[n], hashing.sha256)),
    ...compareCells(byName, entries, hashing.sha256).flatMap(foundIn),
  ];
  return { mark: markOf(cells, hashing.sha256), entries: items.length, found };
}

const cellsOf = (table: Table, date: string): Promise<Item[]> => queryAll(table, { pk: ledgerSumsPk(date) });

const additionOfItem = (item: Item): Addition => ({ sums: sumsOf(item), proof: fingerprintOfItem(item) });

/** Any sum or fingerprint that changes makes it another. */
function markOf(cells: readonly Item[], sha256: (text: string) => string): string {
  const lines = cells.map((item) => {
    const { sums, proof } = additionOfItem(item);
    const parts = Object.entries({ ...sums, ...proof }).map(([name, value]) => `${name}=${value}`);
    return `${item.sk} ${parts.sort().join(' ')}`;
  });
  return sha256(lines.sort().join('\n')).slice(0, 32);
}

function foundIn(compared: Compared): Found[] {
  const problems = sumProblems(compared);
  if (problems.length === 0) return [];
  const kind = isProven(compared) ? 'sum' : 'entries';
  return [{ kind, id: compared.id, problem: problems.join('; '), drift: driftOf(compared) }];
}
