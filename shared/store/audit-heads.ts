/** Where each audited thing keeps the head of its chain, and which there are. */
import type { AuditEntity, AuditKind } from '../domain/audit.ts';
import { BUDGET_KIND } from '../domain/budget.ts';
import type { Item, Key, Table } from '../ports/table.ts';
import { limitKeyOf } from './budget-store.ts';
import {
  agentKey,
  agentsPk,
  alertKey,
  alertsPk,
  approvalKey,
  channelKey,
  channelsPk,
  decisionKey,
  emergencyKey,
  haltKey,
  haltPk,
  haltPrefix,
  ledgerBookKey,
  limitPk,
  operatorKey,
  operatorPk,
  operatorRegisterKey,
  policyKey,
  rulesKey,
  secretKey,
  secretPrefix,
  targetsKey,
} from './keys.ts';
import { queryAll } from './query-all.ts';

/** By its name there; null for one that nothing has. */
const HEADS: { readonly [kind in AuditKind]: (id: string) => Key | null } = {
  agent: agentKey,
  alert: alertKey,
  approval: approvalKey,
  budget: (id) => (id.includes('#') ? { pk: limitPk, sk: id } : limitKeyOf(id)),
  channel: channelKey,
  decision: decisionKey,
  halt: (id) => (id === 'emergency' ? emergencyKey : haltKey(id)),
  ledger: (id) => (id === 'book' ? ledgerBookKey : null),
  operator: operatorKey,
  policy: (id) => (id === 'autonomy' ? policyKey : id === 'rules' ? rulesKey : null),
  secret: secretKey,
  targets: (id) => (id === 'workspace' ? targetsKey : null),
};

const isKind = (kind: string): kind is AuditKind => Object.hasOwn(HEADS, kind);

/** Where an entity keeps the head of its chain; null for a kind that nobody audits. */
export function headKey(entity: string): Key | null {
  const [kind = '', ...rest] = entity.split(':');
  const id = rest.join(':');
  return isKind(kind) && id !== '' ? HEADS[kind](id) : null;
}

/** Those that can be listed: decisions and approvals are found through the records of their days. */
export async function listedEntities(table: Table): Promise<AuditEntity[]> {
  const list = (pk: string, prefix?: string): Promise<Item[]> =>
    queryAll(table, prefix === undefined ? { pk } : { pk, prefix });
  const [agents, limits, people, halts] = [agentsPk, limitPk, operatorPk, haltPk];
  const one = async (entity: AuditEntity): Promise<AuditEntity[]> => {
    const key = headKey(entity);
    return key && isAudited(await table.get(key)) ? [entity] : [];
  };
  return [
    ...(await list(agents)).map(({ sk }) => `agent:${sk}` as const),
    // Instances are counted on limits that nobody has set yet.
    ...(await list(limits)).filter(isAudited).map(({ sk }) => `budget:${budgetName(sk)}` as const),
    ...(await list(people))
      .filter(({ sk }) => sk !== operatorRegisterKey.sk)
      .map(({ sk }) => `operator:${sk}` as const),
    ...(await list(halts, haltPrefix)).map(({ sk }) => `halt:${sk.slice(haltPrefix.length)}` as const),
    // Most alerts come and go without anybody answering.
    ...(await list(alertsPk)).filter(isAudited).map(({ sk }) => `alert:${sk}` as const),
    ...(await list(channelsPk)).filter(isAudited).map(({ sk }) => `channel:${sk}` as const),
    ...(await one('halt:emergency')),
    ...(await one('policy:autonomy')),
    ...(await one('policy:rules')),
    ...(await list(policyKey.pk, secretPrefix)).map(({ sk }) => `secret:${sk.slice(secretPrefix.length)}` as const),
    ...(await one('ledger:book')),
    ...(await one('targets:workspace')),
  ];
}

const isAudited = (item: Item | null): boolean => item?.auditSeq !== undefined;

const budgetName = (sk: string): string => (sk.endsWith(`#${BUDGET_KIND}`) ? sk.slice(0, sk.lastIndexOf('#')) : sk);
