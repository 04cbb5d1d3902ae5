/** Proves the audit trail: every chain, from its first record to the head that its entity carries. */

import { type ChainFault, verifyChain } from '../domain/audit.ts';
import { type AnchoredHead, anchoredFault, type KeptAnchor, rootFault, verifyAnchors } from '../domain/audit-anchor.ts';
import { NovaError } from '../domain/error.ts';
import type { Key, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { listAnchors } from './anchor-store.ts';
import { headKey, listedEntities } from './audit-heads.ts';
import { type AuditHead, auditChain, auditOfDay, NO_AUDIT } from './audit-store.ts';
import { heldRoots } from './origin-store.ts';
import { isSeal, verifySeals } from './page-seal.ts';

const TRIES = 5;

async function headOf(table: Table, key: Key): Promise<AuditHead> {
  const item = await table.get(key);
  if (item?.auditSeq === undefined) return NO_AUDIT;
  return { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) };
}

/** Whose chain is anchored: by entity, the heads that anchors hold of it. */
export function anchoredHeads(anchors: readonly KeptAnchor[]): Map<string, AnchoredHead[]> {
  return Map.groupBy(
    anchors.flatMap(({ heads }) => heads),
    ([entity]) => entity,
  );
}

/** What the entity says of its own chain. @throws NovaError bad_input for a kind that nobody audits. */
export async function auditHeadOf(table: Table, entity: string): Promise<AuditHead> {
  const key = headKey(entity);
  if (!key)
    throw new NovaError('bad_input', `nothing like "${entity}" has an audit trail; say agent:shop or budget:fleet`);
  return headOf(table, key);
}

export type ChainProof = { readonly entity: string; readonly records: number; readonly fault: ChainFault | null };

/** One chain. What is written between the readings looks like a fault, so a head that moved is read again. */
export async function verifyEntity(
  world: Pick<World, 'table' | 'hashing'>,
  entity: string,
  anchored: readonly AnchoredHead[] = [],
): Promise<ChainProof> {
  const key = headKey(entity);
  if (!key) return { entity, records: 0, fault: { seq: 0, problem: 'nothing of this kind has an audit trail' } };
  let proof: ChainProof = { entity, records: 0, fault: null };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = await headOf(world.table, key);
    const chain = await auditChain(world.table, entity);
    const head = { seq: before.auditSeq, hash: before.auditHash };
    proof = {
      entity,
      records: chain.length,
      fault: verifyChain(chain, head, world.hashing.sha256) ?? anchoredFault(chain, anchored),
    };
    if (!proof.fault || (await headOf(world.table, key)).auditSeq === before.auditSeq) return proof;
  }
  return proof;
}

/**
 * Every entity that can have a chain: all that can be listed, and whatever the records of the last `days` UTC
 * days speak of (decisions and approvals among them), whether or not it still exists.
 */
export async function auditedEntities(world: Pick<World, 'table' | 'time'>, days: number): Promise<string[]> {
  const found = new Set<string>(await listedEntities(world.table));
  for (let back = 0; back < days; back++) {
    const date = new Date(world.time.now() - back * 86_400_000).toISOString().slice(0, 10);
    for (const { entity } of await auditOfDay(world.table, date)) found.add(entity);
  }
  return [...found].sort();
}

export type TrailProof = {
  readonly chains: readonly ChainProof[];
  readonly anchors: number;
  readonly roots: number;
  readonly seals: number;
  readonly faults: readonly { readonly id: string; readonly seq: number; readonly problem: string }[];
};

/** The whole trail: the anchors from the first one on, their roots, and every chain and seal of the last `days` days. */
export async function verifyTrail(
  world: Pick<World, 'table' | 'hashing' | 'time' | 'roots'>,
  { days, entity }: { readonly days: number; readonly entity?: string | undefined },
): Promise<TrailProof> {
  const since = world.time.now() - days * 86_400_000;
  // Anchors before chains: what moves meanwhile is in the chain and not yet in an anchor.
  const roots = await heldRoots(world, new Date(since).toISOString().slice(0, 10));
  const anchors = await listAnchors(world.table);
  const anchored = anchoredHeads(anchors);
  const recent = anchors.filter(({ at }) => at >= since);
  const entities = entity === undefined ? await trailEntities(world, recent, days) : [entity];
  const chains: ChainProof[] = [];
  for (const one of entities) chains.push(await verifyEntity(world, one, anchored.get(one) ?? []));
  const seals = entity === undefined ? await verifySeals(world, { days, anchored }) : [];
  const workspace = verifyAnchors(anchors, world.hashing.sha256) ?? rootFault(anchors, roots);
  const faults = [
    ...(workspace ? [{ id: 'workspace', ...workspace }] : []),
    ...chains.flatMap(({ entity: id, fault }) => (fault ? [{ id, ...fault }] : [])),
    ...seals.flatMap(({ id, fault }) => (fault ? [{ id, ...fault }] : [])),
  ];
  const sealed = seals.reduce((sum, one) => sum + one.seals, 0);
  return { chains, anchors: anchors.length, roots: roots.length, seals: sealed, faults };
}

/** All that may have a chain: as `auditedEntities`, and what the anchors name. */
export async function trailEntities(
  world: Pick<World, 'table' | 'time'>,
  anchors: readonly KeptAnchor[],
  days: number,
): Promise<string[]> {
  const known = anchors.flatMap(({ heads }) => heads.map(([entity]) => entity));
  const audited = known.filter((entity) => !isSeal(entity));
  return [...new Set([...(await auditedEntities(world, days)), ...audited])].sort();
}
