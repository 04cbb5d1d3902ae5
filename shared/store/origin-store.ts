/** What is written down of a table's origin, and what outside of it says that it went back in time. */

import type { AuditEntry } from '../domain/audit.ts';
import type { Root } from '../domain/audit-anchor.ts';
import { LOST_ROOTS, lostFrom, lostName, type Origin } from '../domain/origin.ts';
import type { Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { newestAnchor, newestOutside, rootsSince } from './anchor-store.ts';
import { auditChain } from './audit-store.ts';
import { anchorKey, pulseKey } from './keys.ts';

const DAY_MS = 86_400_000;
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export async function readOrigin(table: Table): Promise<Origin> {
  const item = await table.get(pulseKey('origin'));
  return {
    marks: strings(item?.marks),
    lost: strings(item?.lost),
    noticedAt: Number(item?.noticedAt ?? 0),
    why: String(item?.why ?? ''),
  };
}

export async function writeOrigin(table: Table, { marks, lost, noticedAt, why }: Origin): Promise<void> {
  await table.write({ op: 'update', key: pulseKey('origin'), set: { v: 1, marks, lost, noticedAt, why } });
}

/**
 * What was kept outside and names an anchor that this table does not have: it was restored to an instant before. Looks
 * from the day before its newest anchor on; older roots are a matter of `audit verify`.
 */
export async function lostRoots(world: Pick<World, 'table' | 'roots'>): Promise<Root[]> {
  const newest = await newestAnchor(world.table);
  const from = newest ? new Date(newest.at - DAY_MS).toISOString().slice(0, 10) : '0000-00-00';
  const outside = [...(await rootsSince(world, from)), ...(await newestOutside(world))];
  const known = await Promise.all(outside.map(({ seq }) => world.table.get(anchorKey(seq))));
  return outside.filter(({ hash }, n) => known[n]?.hash !== hash);
}

/**
 * Roots that must be in the trail, from `date` on: all but those of a history that was lost by a restore, which the chain
 * of the kill switch names, and after which a person let everything go on.
 */
export async function heldRoots(world: Pick<World, 'table' | 'roots'>, date: string): Promise<Root[]> {
  const roots = await rootsSince(world, date);
  const known = await Promise.all(roots.map(({ seq }) => world.table.get(anchorKey(seq))));
  if (roots.every(({ hash }, n) => known[n]?.hash === hash)) return roots;
  const gone = await letGo(world.table);
  return roots.filter((root) => !gone.has(lostName(root)));
}

async function letGo(table: Table): Promise<ReadonlySet<string>> {
  const told: string[] = [];
  const gone = new Set<string>();
  for (const { bytes } of await auditChain(table, 'halt:fleet')) {
    const { action, details } = JSON.parse(bytes) as AuditEntry;
    if (action === 'halt.on') told.push(...lostFrom(details[LOST_ROOTS]));
    else for (const name of told) gone.add(name);
  }
  return gone;
}
