/** The trail as lines that prove themselves: docs/audit-format.md. */
import { type Root, rootText } from '../domain/audit-anchor.ts';
import { EXPORT_FORMAT, type ExportLine } from '../domain/audit-export.ts';
import type { World } from '../ports/world.ts';
import { listAnchors } from './anchor-store.ts';
import { auditChain } from './audit-store.ts';
import { auditHeadOf, trailEntities } from './audit-verify.ts';
import { heldRoots } from './origin-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'roots' | 'settings' | 'hashing'>;

/** What moved so recently may be in no anchor yet; everything older is. */
const UNANCHORED_DAYS = 3;

/** Every line in order: anchors and roots first, so that each record can be compared as it is read. One entity, or all. */
export async function* exportTrail(world: Ports, entity: string | undefined): AsyncGenerator<ExportLine> {
  // Anchors before chains: what moves meanwhile is in a chain and in no anchor yet.
  const roots = await heldRoots(world, '0000-00-00');
  const anchors = await listAnchors(world.table);
  const entities = entity === undefined ? await trailEntities(world, anchors, UNANCHORED_DAYS) : [entity];
  const { stage } = world.settings;
  yield { kind: 'header', format: EXPORT_FORMAT, v: 1, stage, scope: entity ?? 'all' };
  for (const { seq, hash, bytes } of anchors) yield { kind: 'anchor', seq, hash, bytes };
  for (const root of roots) yield rootLine(world, root);
  let records = 0;
  for (const one of entities) {
    const head = await auditHeadOf(world.table, one);
    const chain = (await auditChain(world.table, one)).slice(0, head.auditSeq);
    for (const { seq, hash, bytes } of chain) yield { kind: 'record', entity: one, seq, hash, bytes };
    yield { kind: 'head', entity: one, seq: head.auditSeq, hash: head.auditHash };
    records += chain.length;
  }
  yield { kind: 'end', records, entities: entities.length, anchors: anchors.length, roots: roots.length };
}

function rootLine({ hashing }: Ports, root: Root): ExportLine {
  const bytes = rootText(root);
  return { kind: 'root', hash: hashing.sha256(bytes), bytes };
}
