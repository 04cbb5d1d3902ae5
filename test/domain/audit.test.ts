import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditEntry, canonicalJson, GENESIS, verifyChain } from '../../shared/domain/audit.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { audited, NO_AUDIT, type StoredAudit } from '../../shared/store/audit-store.ts';

const entry = (at: number): AuditEntry => ({
  at,
  actor: 'cli:ada',
  action: 'agent.scaled',
  entity: 'agent:shop',
  details: { to: at },
});

function chain(length: number): { records: StoredAudit[]; head: { seq: number; hash: string } } {
  let head = NO_AUDIT;
  const records = Array.from({ length }, (_, at) => {
    const next = audited(systemHashing, head, entry(at));
    head = next.head;
    const { seq, prevHash, hash, bytes } = next.record.item;
    return { seq: Number(seq), prevHash: String(prevHash), hash: String(hash), bytes: String(bytes) };
  });
  return { records, head: { seq: head.auditSeq, hash: head.auditHash } };
}

const verify = (records: StoredAudit[], head: { seq: number; hash: string }) =>
  verifyChain(records, head, systemHashing.sha256);

test('an untouched chain proves itself', () => {
  const { records, head } = chain(5);
  assert.equal(verify(records, head), null);
  assert.equal(verify([], { seq: 0, hash: GENESIS }), null);
});

test('any changed byte is found, at its record', () => {
  const { records, head } = chain(5);
  for (const [index, record] of records.entries()) {
    for (let at = 0; at < record.bytes.length; at += 7) {
      const bytes = `${record.bytes.slice(0, at)}${record.bytes[at] === 'x' ? 'y' : 'x'}${record.bytes.slice(at + 1)}`;
      assert.equal(verify(records.with(index, { ...record, bytes }), head)?.seq, index + 1);
    }
  }
});

test('a dropped, swapped, added or rewritten record is found', () => {
  const { records, head } = chain(5);
  const [a, b, c, d, e] = records as [StoredAudit, StoredAudit, StoredAudit, StoredAudit, StoredAudit];
  assert.equal(verify([a, b, d, e], head)?.seq, 3);
  assert.equal(verify([a, c, b, d, e], head)?.seq, 2);
  assert.match(verify([a, b, c, d], head)?.problem ?? '', /the head says 5/);
  const forged = audited(systemHashing, { auditSeq: 2, auditHash: b.hash }, entry(99)).record.item;
  const other = { seq: 3, prevHash: String(forged.prevHash), hash: String(forged.hash), bytes: String(forged.bytes) };
  assert.equal(verify([a, b, other, d, e], head)?.seq, 4);
});

test('the same thing has the same bytes whatever the order of its keys or the form of its letters', () => {
  assert.equal(canonicalJson({ b: 1, a: 'é' }), canonicalJson({ a: 'e\u0301', b: 1 }));
  assert.throws(() => canonicalJson({ price: 0.1 }), RangeError);
});
