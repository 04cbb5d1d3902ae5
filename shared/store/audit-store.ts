/** Audit records ride in the transaction of the change they describe; the head of a chain lives on its entity. */
import { type AuditEntry, type AuditRecord, auditBytes, GENESIS } from '../domain/audit.ts';
import type { Condition, Item, Put, Table } from '../ports/table.ts';
import type { Hashing } from '../ports/time.ts';
import { auditKey, auditPk, dayIndex } from './keys.ts';
import { queryAll } from './query-all.ts';

export type AuditHead = { readonly auditSeq: number; readonly auditHash: string };

/** The head of an entity without records. */
export const NO_AUDIT: AuditHead = { auditSeq: 0, auditHash: GENESIS };

/** As it stands on an item; an item without one has no records. */
export function headOf(item: Item | null): AuditHead {
  return item?.auditSeq === undefined
    ? NO_AUDIT
    : { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) };
}

/** That an entity still has the head which `next` follows. */
export const headIs = ({ auditSeq }: AuditHead): Condition =>
  auditSeq === 1 ? { attr: 'auditSeq', op: 'missing' } : { attr: 'auditSeq', op: '=', value: auditSeq - 1 };

/**
 * The op that adds one record, and the head to set on the entity **in the same transaction**, whose own condition must
 * name the head (or version) that was read: two writers cannot both follow the same record.
 */
export function audited(hashing: Hashing, head: AuditHead, entry: AuditEntry): { record: Put; head: AuditHead } {
  const seq = head.auditSeq + 1;
  const bytes = auditBytes(entry, seq, head.auditHash);
  const hash = hashing.sha256(bytes);
  const item: Item = {
    ...auditKey(entry.entity, seq),
    v: 1,
    seq,
    prevHash: head.auditHash,
    hash,
    bytes,
    ixPk: dayIndex('AUDIT', new Date(entry.at).toISOString().slice(0, 10)),
    ixSk: `${new Date(entry.at).toISOString()}#${entry.entity}#${seq}`,
  };
  return { record: { op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }, head: { auditSeq: seq, auditHash: hash } };
}

export type StoredAudit = {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
  readonly bytes: string;
};

/** One entity's chain, oldest first, with the exact bytes that were hashed. */
export async function auditChain(table: Table, entity: string): Promise<StoredAudit[]> {
  const items = await queryAll(table, { pk: auditPk(entity) });
  return items.map((item) => ({
    seq: Number(item.seq),
    prevHash: String(item.prevHash),
    hash: String(item.hash),
    bytes: String(item.bytes),
  }));
}

/** All records of one UTC day, oldest first. */
export async function auditOfDay(table: Table, date: string): Promise<AuditRecord[]> {
  const items = await queryAll(table, { pk: dayIndex('AUDIT', date), index: 'ix' });
  return items.map((item) => ({ ...(JSON.parse(String(item.bytes)) as AuditRecord), hash: String(item.hash) }));
}
