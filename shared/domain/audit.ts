/** Append-only records, one chain per entity; the hash covers the exact bytes that are kept. */

/** Who did it: a person (`cli:alice`, `link:owner@example.com`), or a part of the system (`system:evaluate-agents`). */
export type Actor = string;

/** All that has a chain of its own. Each keeps its head on an item, which is never deleted. */
export type AuditKind =
  | ('agent' | 'alert' | 'approval' | 'budget' | 'channel' | 'decision')
  | ('halt' | 'ledger' | 'operator' | 'policy' | 'secret' | 'targets');
export type AuditEntity = `${AuditKind}:${string}`;

export type AuditEntry = {
  readonly at: number;
  readonly actor: Actor;
  /** Dotted verb: agent.deployed, decision.approved, budget.set … */
  readonly action: string;
  /** `<type>:<id>`: agent:shop, decision:01J…, budget:fleet. */
  readonly entity: AuditEntity;
  readonly details: { readonly [name: string]: string | number | boolean | null };
};

export type AuditRecord = AuditEntry & { readonly seq: number; readonly prevHash: string; readonly hash: string };

/** The hash before the first record of a chain. */
export const GENESIS = '0'.repeat(64);

/**
 * Canonical JSON (RFC 8785 for the values we allow: strings, safe integers, booleans, null, lists, maps):
 * sorted keys, no spaces, NFC text. The same thing always has the same bytes.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.normalize('NFC'));
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError(`canonical JSON holds safe integers only, got ${value}`);
    return String(value);
  }
  if (typeof value === 'bigint') return JSON.stringify(value.toString());
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new RangeError(`canonical JSON cannot hold ${typeof value}`);
  const fields: { readonly [name: string]: unknown } = { ...value };
  let text = '';
  for (const name of Object.keys(fields).sort()) {
    const field = fields[name];
    if (field === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name.normalize('NFC'))}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
}

/** The bytes that are hashed and kept: everything of the record but its own hash. */
export function auditBytes(
  entry: Omit<AuditEntry, 'entity'> & { readonly entity: string },
  seq: number,
  prevHash: string,
): string {
  return canonicalJson({ v: 1, seq, prevHash, ...entry });
}

export type ChainFault = { readonly seq: number; readonly problem: string };

/** Checks one chain in order of seq; null when every byte is as it was written. */
export function verifyChain(
  records: readonly {
    readonly seq: number;
    readonly hash: string;
    readonly bytes: string;
    readonly prevHash: string;
  }[],
  head: { readonly seq: number; readonly hash: string },
  sha256: (text: string) => string,
): ChainFault | null {
  let prevHash = GENESIS;
  for (const [index, record] of records.entries()) {
    const seq = index + 1;
    if (record.seq !== seq) return { seq, problem: `record ${seq} is missing; found ${record.seq}` };
    if (record.prevHash !== prevHash) return { seq, problem: 'does not follow from the record before it' };
    if (sha256(record.bytes) !== record.hash) return { seq, problem: 'its bytes were changed' };
    const parsed = JSON.parse(record.bytes) as { seq?: unknown; prevHash?: unknown };
    if (parsed.seq !== seq || parsed.prevHash !== prevHash) return { seq, problem: 'its bytes name another place' };
    prevHash = record.hash;
  }
  if (head.seq !== records.length) return { seq: records.length + 1, problem: `the head says ${head.seq} records` };
  return head.hash === prevHash ? null : { seq: records.length, problem: 'the head has another hash' };
}
