/** Anchors: what moved since the last one, put under the next number. Nothing is ever updated: the put is the guarantee. */

import { GENESIS } from '../domain/audit.ts';
import {
  type Anchor,
  type AnchoredHead,
  anchorBytes,
  type KeptAnchor,
  movedHeads,
  type Root,
  readRoot,
  rootText,
} from '../domain/audit-anchor.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { anchorKey, anchorPk, dayIndex } from './keys.ts';
import { queryAll } from './query-all.ts';

export type AnchorPorts = Pick<World, 'table' | 'time' | 'hashing' | 'roots'>;

const EVERY_MS = 600_000;
const DAY_MS = 86_400_000;
/** A record carries the time at which its transaction was begun, and the index shows it a little later still. */
const OVERLAP_MS = 900_000;
/** An anchor of nothing, once a day: how far back the next one must look stays short. */
const QUIET_MS = DAY_MS;
/** Before the first anchor: as far as records of a system that is older than its anchors are looked for. */
const FIRST_MS = 400 * DAY_MS;
/** About 150 bytes each, so that an anchor stays far below the 400 KB of an item. */
const MAX_HEADS = 1_000;

/** All anchors, the oldest first. */
export async function listAnchors(table: Table): Promise<KeptAnchor[]> {
  return (await queryAll(table, { pk: anchorPk })).map(anchorOf);
}

function anchorOf(item: Item): KeptAnchor {
  const bytes = String(item.bytes);
  const said = JSON.parse(bytes) as Partial<Anchor>;
  const at = Number(said.at ?? 0);
  return {
    seq: Number(item.seq),
    prevHash: String(item.prevHash),
    hash: String(item.hash),
    bytes,
    at,
    heads: said.heads ?? [],
  };
}

export async function newestAnchor(table: Table): Promise<KeptAnchor | null> {
  const [item] = (await table.query({ pk: anchorPk, reverse: true, limit: 1 })).items;
  return item ? anchorOf(item) : null;
}

/** Two reads when nothing moved. @returns how many heads were anchored. */
export async function anchorWhenDue(world: AnchorPorts): Promise<number> {
  const last = await newestAnchor(world.table);
  const now = world.time.now();
  if (last && now - last.at < EVERY_MS) return 0;
  return anchorMoved(world, { last, since: last ? last.at - OVERLAP_MS : now - FIRST_MS, sealed: [] });
}

type Look = {
  readonly last: KeptAnchor | null;
  readonly since: number;
  /** Heads that no audit record has: seals of pages. */
  readonly sealed: readonly AnchoredHead[];
};

/**
 * Anchors all that moved since an instant and is in no anchor yet. Whoever finds the number taken leaves the rest to the
 * next one: an anchor twice over the same heads would do no harm either.
 */
async function anchorMoved(world: AnchorPorts, { last, since, sealed }: Look): Promise<number> {
  const now = Math.max(world.time.now(), last?.at ?? 0);
  const known = await anchoredSince(world.table, since);
  const moved = [...movedHeads(await headsSince(world.table, since, now), known), ...sealed];
  const quiet = last && now - last.at < QUIET_MS;
  if (moved.length === 0 && quiet) return 0;
  let before = last ?? { seq: 0, hash: GENESIS };
  for (let from = 0; from === 0 || from < moved.length; from += MAX_HEADS) {
    const heads = moved.slice(from, from + MAX_HEADS);
    const anchor = { seq: before.seq + 1, prevHash: before.hash, at: now, heads };
    const bytes = anchorBytes(anchor);
    const hash = world.hashing.sha256(bytes);
    const item: Item = { ...anchorKey(anchor.seq), v: 1, seq: anchor.seq, prevHash: before.hash, hash, bytes };
    const put = await world.table.write({ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] });
    if (!put.ok && put.item?.hash !== hash) return from;
    before = { seq: anchor.seq, hash };
    await world.roots.note?.(
      rootText({ date: new Date(now).toISOString().slice(0, 10), at: now, seq: anchor.seq, hash }),
    );
  }
  return moved.length;
}

/**
 * What anchors of that time hold, the newest first; at least the newest one is read. Few at first: a quiet system looks
 * each minute, and what it needs is in the last three.
 */
async function anchoredSince(table: Table, since: number): Promise<AnchoredHead[]> {
  const heads: AnchoredHead[] = [];
  let cursor: string | null = null;
  do {
    const page = await table.query({
      pk: anchorPk,
      reverse: true,
      limit: cursor ? 20 : 4,
      ...(cursor ? { cursor } : {}),
    });
    const anchors = page.items.map(anchorOf);
    heads.push(...anchors.flatMap((anchor) => anchor.heads));
    cursor = (anchors.at(-1)?.at ?? 0) < since ? null : page.cursor;
  } while (cursor);
  return heads;
}

async function headsSince(table: Table, since: number, now: number): Promise<AnchoredHead[]> {
  const found: AnchoredHead[] = [];
  const first = new Date(since).toISOString();
  // Clocks of writers differ: a record may be a moment ahead of ours.
  const end = now + OVERLAP_MS;
  for (let day = Math.floor(since / DAY_MS); day <= Math.floor(end / DAY_MS); day++) {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const items = await queryAll(table, { pk: dayIndex('AUDIT', date), index: 'ix', from: first });
    for (const { pk, seq, hash } of items) found.push([pk.slice(pk.indexOf('#') + 1), Number(seq), String(hash)]);
  }
  return found;
}

/**
 * Once a day: what a late record of yesterday or today escaped is anchored, and the newest anchor becomes the root of the
 * UTC date, kept outside the table. Doing it again changes nothing.
 */
export async function keepRoot(world: AnchorPorts, sealed: readonly AnchoredHead[]): Promise<Root> {
  const now = world.time.now();
  await anchorMoved(world, { last: await newestAnchor(world.table), since: now - 2 * DAY_MS, sealed });
  const date = new Date(now).toISOString().slice(0, 10);
  const last = await newestAnchor(world.table);
  const root = { date, at: now, seq: last?.seq ?? 0, hash: last?.hash ?? GENESIS };
  await world.roots.keep(date, rootText(root));
  return root;
}

/** The newest anchor that the platform noted outside the table, where it notes each one. */
export async function newestOutside({ roots }: Pick<World, 'roots'>): Promise<Root[]> {
  const text = await roots.noted?.();
  return text ? [readRoot(text)] : [];
}

/** Those kept for UTC dates from `date` on, the oldest first. @throws RangeError when one is no root. */
export async function rootsSince(world: Pick<World, 'roots'>, date: string): Promise<Root[]> {
  return (await world.roots.since(date)).map(readRoot);
}
