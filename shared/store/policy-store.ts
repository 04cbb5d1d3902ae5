/** The workspace's decision policy: one item, every edit a new version and an audit record. */
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import {
  type AutonomyMode,
  changedPolicy,
  DEFAULT_POLICY,
  type DecisionPolicy,
  type PolicyChange,
  policyProblems,
} from '../domain/policy.ts';
import type { Item, Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type AuditHead, audited, NO_AUDIT } from './audit-store.ts';
import { committed } from './commit.ts';
import { policyKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;
const ENTITY = 'policy:autonomy';
const TRIES = 8;

/** The policy as it is; the defaults, with autonomy off, until somebody has set one. @throws NovaError corrupt. */
export async function currentPolicy(table: Table): Promise<DecisionPolicy> {
  return decodePolicy(await table.get(policyKey));
}

/**
 * Changes some of it. What is so already writes nothing.
 * @throws NovaError bad_input with every problem named, conflict when it kept changing.
 */
export async function changePolicy(world: Ports, change: PolicyChange, actor: Actor): Promise<DecisionPolicy> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { before, after, ops, hash } = await policyChange(world, { change, actor });
    if (ops.length === 0) return before;
    if (await committed(world.table, ops, hash)) return after;
  }
  throw new NovaError('conflict', 'the policy is being changed by somebody else; try again');
}

export type PolicyStep = {
  readonly before: DecisionPolicy;
  readonly after: DecisionPolicy;
  /** The change and its record, pinned to what was read; empty where nothing would change. */
  readonly ops: readonly Op[];
  readonly hash: string;
};

/** One change, for a transaction that may hold more than it. @throws NovaError bad_input with every problem named. */
export async function policyChange(
  world: Ports,
  { change, actor, why }: { readonly change: PolicyChange; readonly actor: Actor; readonly why?: string },
): Promise<PolicyStep> {
  const item = await world.table.get(policyKey);
  const before = decodePolicy(item);
  const after = { ...changedPolicy(before, change), version: before.version + 1 };
  const details = detailsOf(before, after);
  if (Object.keys(details).length === 0) return { before, after: before, ops: [], hash: '' };
  const { record, head } = audited(world.hashing, headOf(item), {
    at: world.time.now(),
    actor,
    action: 'policy.changed',
    entity: ENTITY,
    details: { version: after.version, ...details, ...(why === undefined ? {} : { why }) },
  });
  const unchanged = item
    ? ({ attr: 'version', op: '=', value: before.version } as const)
    : ({ attr: 'version', op: 'missing' } as const);
  const update = { op: 'update', key: policyKey, if: [unchanged], set: { v: 1, ...after, ...head } } as const;
  return { before, after, ops: [update, record], hash: head.auditHash };
}

/** An unreadable policy is no licence: everything that asks for it fails, and nothing is decided. */
function decodePolicy(item: Item | null): DecisionPolicy {
  if (!item) return DEFAULT_POLICY;
  const names = Object.keys(DEFAULT_POLICY) as (keyof DecisionPolicy)[];
  const numbers = Object.fromEntries(names.map((name) => [name, Number(item[name] ?? DEFAULT_POLICY[name])]));
  const policy = { ...numbers, mode: String(item.mode) as AutonomyMode } as DecisionPolicy;
  const problems = policyProblems(policy);
  if (problems.length > 0) throw new NovaError('corrupt', `the policy cannot be read: ${problems.join('; ')}`);
  return policy;
}

function headOf(item: Item | null): AuditHead {
  return item ? { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) } : NO_AUDIT;
}

function detailsOf(before: DecisionPolicy, after: DecisionPolicy): { [name: string]: string | number } {
  const details: { [name: string]: string | number } = {};
  for (const name of Object.keys(DEFAULT_POLICY) as (keyof DecisionPolicy)[]) {
    if (name === 'version' || before[name] === after[name]) continue;
    details[`${name}Before`] = before[name];
    details[`${name}After`] = after[name];
  }
  return details;
}
