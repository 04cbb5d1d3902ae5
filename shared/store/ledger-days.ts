/** The ledger by day (UTC, of the movement): reading it, and proving that every kept sum follows from the entries. */
import { type Additions, additionsOf, type Earnings, earningsFaults, earningsFrom } from '../domain/earnings.ts';
import { type LedgerEntry, microsOf } from '../domain/ledger.ts';
import type { Item, Table } from '../ports/table.ts';
import { dayIndex, earningsKey, fleetPk, ledgerDayKey, ledgerDaysPk, shards } from './keys.ts';
import { decodeEarnings, decodeEntry, sumsOf, utcDate } from './ledger-item.ts';
import { queryAll } from './query-all.ts';

const noted = new WeakMap<Table, Set<string>>();

/** Before the entries themselves, so that no day with entries is ever unknown; one write per day and process. */
export async function noteDays(table: Table, entries: readonly LedgerEntry[]): Promise<void> {
  const known = noted.get(table) ?? new Set<string>();
  noted.set(table, known);
  for (const date of new Set(entries.map(({ at }) => utcDate(at)))) {
    if (known.has(date)) continue;
    await table.write({ op: 'update', key: ledgerDayKey(date), setIfAbsent: { v: 1 } });
    known.add(date);
  }
}

/** Entries of the UTC dates `from` to `to`, both included, oldest first. Only days that have any are read. */
export async function entriesOfDays(table: Table, from: string, to: string): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (const { sk: date } of await queryAll(table, { pk: ledgerDaysPk, from, to })) {
    const items = await queryAll(table, { pk: dayIndex('ENTRY', date), index: 'ix' });
    entries.push(...items.map(decodeEntry));
  }
  return entries;
}

/** Entries of movements at or after `fromMs` and before `toMs`. */
export async function entriesBetween(table: Table, fromMs: number, toMs: number): Promise<LedgerEntry[]> {
  if (toMs <= fromMs) return [];
  const entries = await entriesOfDays(table, utcDate(fromMs), utcDate(toMs - 1));
  return entries.filter(({ at }) => at >= fromMs && at < toMs);
}

const isEarnings = ({ sk }: Item): boolean => sk.endsWith('#EARN');

/** The sums of one agent, or of nobody (UNATTRIBUTED_ID); all zero before the first entry. */
export async function getEarnings(table: Table, agentId: string): Promise<Earnings> {
  const item = await table.get(earningsKey(agentId));
  return item ? decodeEarnings(item) : earningsFrom(agentId, {}, null);
}

/** The sums of everybody who ever earned, unattributed money included. */
export async function listEarnings(table: Table): Promise<Earnings[]> {
  return (await earningsItems(table)).map(decodeEarnings);
}

export async function earningsItems(table: Table): Promise<Item[]> {
  const pages = await Promise.all(shards.map((shard) => queryAll(table, { pk: fleetPk(shard) })));
  return pages.flat().filter(isEarnings);
}

export type LedgerProof = { readonly entries: number; readonly earners: number; readonly faults: readonly string[] };

/**
 * Rebuilds every sum from the entries and compares. What is booked between the two readings looks like a fault, and the
 * index follows a little later: so a fault counts only when three looks in a row find one.
 */
export async function verifyLedger(table: Table): Promise<LedgerProof> {
  let proof = await verifyOnce(table);
  for (let n = 0; n < 2 && proof.faults.length > 0; n++) proof = await verifyOnce(table);
  return proof;
}

async function verifyOnce(table: Table): Promise<LedgerProof> {
  const entries = await entriesOfDays(table, '0000-01-01', '9999-12-31');
  const kept = await keptSums(table);
  const faults = [...entries.flatMap(entryFaults), ...earningsFaults(kept, additionsOf(entries))];
  return { entries: entries.length, earners: kept.size, faults };
}

async function keptSums(table: Table): Promise<Map<string, Additions>> {
  const items = await earningsItems(table);
  return new Map(items.map((item) => [item.sk.replace(/#EARN$/, ''), sumsOf(item)]));
}

/** Dollars need no rate, so their micro-USD can be checked for ever. */
function entryFaults(entry: LedgerEntry): string[] {
  if (entry.currency !== 'USD' || microsOf(entry, {}) === entry.amountMicros) return [];
  return [`${entry.id}: ${entry.amountMinor} ${entry.currency} is not ${entry.amountMicros} micro-USD`];
}
