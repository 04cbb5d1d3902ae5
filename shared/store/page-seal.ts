/**
 * Pages of runs are kept for 400 days; what they said is sealed before: the newest day item of an instance gets the hash
 * of all pages since its last seal. Each seal holds the one before it, and the anchors hold the newest.
 */

import { type ChainFault, canonicalJson, GENESIS } from '../domain/audit.ts';
import { type AnchoredHead, anchoredFault } from '../domain/audit-anchor.ts';
import type { Instance } from '../domain/instance.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { listFleet } from './instance-store.ts';
import { dayPk, runPagePk } from './keys.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'hashing' | 'time'>;
type Owner = Pick<Instance, 'agentId' | 'number'>;

/** Covers the pages whose first run started from `from` to just before `to`; `prev` is the hash of the seal before. */
type Seal = { readonly from: number; readonly to: number; readonly prev: string; readonly hash: string };

/** Clocks of workers differ: a page that begins this long ago is there, or will never be. */
const SETTLED_MS = 240_000;
const DAY_MS = 86_400_000;
/** Heads of this kind are in no export of the audit trail: what they prove are runs. */
export const isSeal = (entity: string): boolean => entity.startsWith('pages:');
const sealEntity = ({ agentId, number }: Owner): string => `pages:${agentId}#${number}`;

/** Seals what can be sealed; the heads go into the next anchor. Doing it again seals nothing again. */
export async function sealPages(world: Ports): Promise<AnchoredHead[]> {
  const heads: AnchoredHead[] = [];
  for (const instance of await listFleet(world.table)) {
    const head = await sealInstance(world, instance);
    if (head) heads.push(head);
  }
  return heads;
}

async function sealInstance(world: Ports, instance: Instance): Promise<AnchoredHead | null> {
  const days = await dayItems(world.table, instance);
  const newest = days.at(-1);
  if (!newest || newest.ph !== undefined) return null;
  const last = days.map(sealOf).findLast((seal) => seal !== null);
  const to = settledUntil(instance, world.time.now());
  const from = last?.to ?? 0;
  if (to <= from) return null;
  const prev = last?.hash ?? GENESIS;
  const hash = await hashOfPages(world, instance, { from, to, prev });
  const sealed = await world.table.write({
    op: 'update',
    key: { pk: newest.pk, sk: newest.sk },
    set: { pf: from, pt: to, pv: prev, ph: hash },
    if: [
      { attr: 'pk', op: 'exists' },
      { attr: 'ph', op: 'missing' },
    ],
  });
  return sealed.ok ? [sealEntity(instance), to, hash] : null;
}

/** What starts before this is in its page: nothing in progress or in the journal can begin an earlier one. */
function settledUntil({ journal, run }: Instance, now: number): number {
  const open = [...journal.map(({ startedAt }) => startedAt), ...(run ? [run.startedAt] : [])];
  return Math.min(now - SETTLED_MS, ...open);
}

async function dayItems(table: Table, { agentId, number }: Owner): Promise<Item[]> {
  const items = await queryAll(table, { pk: dayPk(agentId) });
  return items.filter(({ sk }) => Number(sk.split('#')[1]) === number);
}

function sealOf({ pf, pt, pv, ph }: Item): Seal | null {
  return typeof ph === 'string' ? { from: Number(pf), to: Number(pt), prev: String(pv), hash: ph } : null;
}

async function hashOfPages(world: Ports, { agentId, number }: Owner, seal: Omit<Seal, 'hash'>): Promise<string> {
  const { from, to, prev } = seal;
  const bounds = { from: String(from).padStart(14, '0'), to: String(to).padStart(14, '0') };
  // The bound is included, but keys go on with the slot: a page that starts at `to` is behind it.
  const pages = await queryAll(world.table, { pk: runPagePk(agentId, number), ...bounds });
  const said = pages.map(({ sk, runs }) => ({ sk, runs }));
  return world.hashing.sha256(canonicalJson({ v: 1, from, to, prev, pages: said }));
}

export type SealProof = { readonly id: string; readonly seals: number; readonly fault: ChainFault | null };

/**
 * The seals of days within the last `days` against their pages, each against the one before it, and all against the
 * anchors. Older pages may have gone.
 */
export async function verifySeals(
  world: Ports,
  options: { readonly days: number; readonly anchored: ReadonlyMap<string, readonly AnchoredHead[]> },
): Promise<SealProof[]> {
  const since = world.time.now() - options.days * DAY_MS;
  const proofs: SealProof[] = [];
  for (const instance of await listFleet(world.table)) {
    const seals = (await dayItems(world.table, instance)).flatMap((item) => sealOf(item) ?? []);
    if (seals.length === 0 && !options.anchored.has(sealEntity(instance))) continue;
    const id = sealEntity(instance);
    const fault =
      (await firstBroken(world, instance, { seals, since })) ?? unanchored(seals, options.anchored.get(id) ?? []);
    proofs.push({ id, seals: seals.length, fault });
  }
  return proofs;
}

async function firstBroken(
  world: Ports,
  instance: Instance,
  { seals, since }: { seals: readonly Seal[]; since: number },
): Promise<ChainFault | null> {
  let before: Seal | null = null;
  for (const [n, seal] of seals.entries()) {
    const follows = seal.prev === (before?.hash ?? GENESIS) && seal.from === (before?.to ?? 0);
    if (!follows) return { seq: n + 1, problem: 'the seal of these pages does not follow from the one before it' };
    if (seal.to >= since && (await hashOfPages(world, instance, seal)) !== seal.hash)
      return { seq: n + 1, problem: 'pages of runs were changed since they were sealed' };
    before = seal;
  }
  return null;
}

/** Anchors name a seal by the end of its span. */
function unanchored(seals: readonly Seal[], heads: readonly AnchoredHead[]): ChainFault | null {
  const chain = seals.map(({ hash }) => ({ hash }));
  const known = heads.map(
    ([entity, to, hash]): AnchoredHead => [entity, seals.findIndex((seal) => seal.to === to) + 1, hash],
  );
  const gone = known.find(([, seq]) => seq === 0);
  return gone ? { seq: 0, problem: 'a seal was anchored and is gone' } : anchoredFault(chain, known);
}
