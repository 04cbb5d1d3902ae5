/**
 * Items of an older version, written anew in today's form. Stores read both for ever, so nothing waits for this: it is
 * done at leisure, under load, page by page. It may die anywhere and run twice at once: each item is turned by one write
 * that is pinned to its version, and the place where it stopped is only a place to go on from.
 */
import { NovaError } from '../domain/error.ts';
import type { Item, Key, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { dayIndex, ledgerDaysPk, migrationKey, paymentKey } from './keys.ts';
import { strengthOf, THREAD_VERSION } from './ledger-item.ts';
import { queryAll } from './query-all.ts';

/** Payments: what a claim weighs, from 1 to 4 to tens of it. */
export const PAYMENT_STRENGTH = 'payment-strength';

export type Migration = {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly state: 'open' | 'running' | 'done';
  /** The day (UTC) that it has come to; '' before the first. */
  readonly day: string;
  /** Entries looked at and payments written anew, in this pass. */
  readonly seen: number;
  readonly rewritten: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
};

type Ports = Pick<World, 'table' | 'time'>;
/** `cursor`: of the next page of its day; null: the first one, DAY_DONE: none is left. */
type Place = {
  readonly day: string;
  readonly cursor: string | null;
  readonly seen: number;
  readonly rewritten: number;
};

const DAY_DONE = '';
const PAGE = 100;
const ATTEMPTS = 20;
const KEY = migrationKey(PAYMENT_STRENGTH);

export async function migrationOf(table: Table): Promise<Migration> {
  const item = await table.get(KEY);
  const { day, seen, rewritten } = placeOf(item);
  const [startedAt, finishedAt] = [numberOrNull(item?.startedAt), numberOrNull(item?.finishedAt)];
  const state = startedAt === null ? 'open' : finishedAt === null ? 'running' : 'done';
  return { id: PAYMENT_STRENGTH, from: 1, to: THREAD_VERSION, state, day, seen, rewritten, startedAt, finishedAt };
}

/** How many payments are still in the old form: what was written by old code after a pass is found here. */
export async function oldPayments(table: Table): Promise<number> {
  const old = new Set<string>();
  for (const day of await daysFrom(table, '')) {
    let cursor: string | null = null;
    do {
      const page = await pageOf(table, day, cursor);
      const items = await Promise.all(paymentsIn(page.items).map((key) => table.get(key)));
      for (const item of items) if (item && isOld(item)) old.add(item.pk);
      cursor = page.cursor;
    } while (cursor !== null);
  }
  return old.size;
}

/** Goes on where the last one stopped, for at most so many pages of a hundred entries; done, it begins anew. */
export async function migratePayments({ table, time }: Ports, most = 1_000): Promise<Migration> {
  let place = await begin({ table, time });
  let left = most;
  for (const day of await daysFrom(table, place.day)) {
    if (day !== place.day) place = { ...place, day, cursor: null };
    while (place.cursor !== DAY_DONE) {
      if (left-- <= 0) return migrationOf(table);
      const page = await pageOf(table, day, place.cursor);
      let turned = 0;
      for (const key of paymentsIn(page.items)) if (await turn(table, key)) turned++;
      const [seen, rewritten] = [place.seen + page.items.length, place.rewritten + turned];
      place = { day, cursor: page.cursor ?? DAY_DONE, seen, rewritten };
      await save(table, place);
    }
  }
  await table.write({ op: 'update', key: KEY, set: { finishedAt: time.now() } });
  return migrationOf(table);
}

const daysFrom = async (table: Table, from: string): Promise<string[]> =>
  (await queryAll(table, from === '' ? { pk: ledgerDaysPk } : { pk: ledgerDaysPk, from, to: '9999-12-31' })).map(
    ({ sk }) => sk,
  );

const pageOf = (table: Table, day: string, cursor: string | null) =>
  table.query({ pk: dayIndex('ENTRY', day), index: 'ix', limit: PAGE, ...(cursor === null ? {} : { cursor }) });

/** Of the payments that these entries belong to, each once. */
function paymentsIn(entries: readonly Item[]): readonly Key[] {
  const keys = entries.flatMap(({ source, paymentKey: payment }) =>
    typeof source === 'string' && typeof payment === 'string' ? [paymentKey(source, payment)] : [],
  );
  return [...new Map(keys.map((key) => [key.pk, key])).values()];
}

const isOld = ({ v }: Item): boolean => v === 1;

/**
 * Pinned to the revision and to the old version: whoever books in between keeps what it booked, and what was turned is
 * not turned again. The revision stays, so a booking that has read the old form still fits: it writes the new one.
 * @throws NovaError conflict when old code keeps writing this payment.
 */
async function turn(table: Table, key: Key): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const item = await table.get(key);
    if (!item || !isOld(item)) return false;
    const { ok } = await table.write({
      op: 'update',
      key,
      if: [
        { attr: 'v', op: '=', value: 1 },
        { attr: 'rev', op: '=', value: Number(item.rev) },
      ],
      set: { v: THREAD_VERSION, strength: strengthOf(item) },
    });
    if (ok) return true;
  }
  throw new NovaError('conflict', `${key.pk} changes too often: run it again later`);
}

/** One under way goes on; a pass that came to its end, or none yet, begins. */
async function begin({ table, time }: Ports): Promise<Place> {
  const item = await table.get(KEY);
  if (item && item.finishedAt === null) return placeOf(item);
  const set = { v: 1, startedAt: time.now(), finishedAt: null, day: '', cursor: null, seen: 0, rewritten: 0 };
  await table.write({ op: 'update', key: KEY, set });
  return placeOf(null);
}

const save = (table: Table, { day, cursor, seen, rewritten }: Place) =>
  table.write({ op: 'update', key: KEY, set: { day, cursor, seen, rewritten } });

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

const placeOf = (item: Item | null): Place => ({
  day: typeof item?.day === 'string' ? item.day : '',
  cursor: typeof item?.cursor === 'string' ? item.cursor : null,
  ...{ seen: Number(item?.seen ?? 0), rewritten: Number(item?.rewritten ?? 0) },
});
