/** A quick look at the audit trail: the last record of every entity that has one and can be listed cheaply. */
import type { Agent } from '../domain/agent.ts';
import type { Table } from '../ports/table.ts';
import { auditKey, policyKey } from './keys.ts';

/** Entities whose last record is missing or not the one that they name. Whole chains are proved by `audit verify`. */
export async function auditGaps(table: Table, agents: readonly Agent[]): Promise<string[]> {
  const policy = await table.get(policyKey);
  const heads = [
    ...agents.map(({ id, auditSeq, auditHash }) => ({ entity: `agent:${id}`, auditSeq, auditHash })),
    ...(policy
      ? [{ entity: 'policy:autonomy', auditSeq: Number(policy.auditSeq), auditHash: String(policy.auditHash) }]
      : []),
  ];
  const checked = heads.map(async ({ entity, auditSeq, auditHash }) => {
    const record = await table.get(auditKey(entity, auditSeq));
    return auditSeq === 0 || record?.hash === auditHash ? [] : [entity];
  });
  return (await Promise.all(checked)).flat();
}
