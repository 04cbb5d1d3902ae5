/** Decisions: made together with their lock and their audit record, moved one state at a time, by compare-and-set. */
import { actionHashOf } from '../domain/approval.ts';
import { stakeOf, type Tier, tierFor } from '../domain/approval-tier.ts';
import type { Actor, AuditEntity } from '../domain/audit.ts';
import type { Decision, DecisionStatus, Verdict } from '../domain/decision.ts';
import { isFinal, mayDecisionMove } from '../domain/decision-moves.ts';
import { NovaError } from '../domain/error.ts';
import type { PolicyVerdict } from '../domain/policy-question.ts';
import type { Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { approvalOps } from './approval-store.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { committed, publishOrLeave } from './commit.ts';
import { decisionIndex, decodeDecision, encodeDecision } from './decision-item.ts';
import { releaseLockOp, takeLockOp, takeUpLockOp } from './decision-lock.ts';
import { freeGate, gateOp, readGate } from './halt-store.ts';
import { dayIndex, decisionKey, openIndex } from './keys.ts';
import { type PostedWork, post } from './outbox-store.ts';
import { currentPolicy } from './policy-store.ts';
import { queryAll } from './query-all.ts';

type Written = Pick<World, 'time' | 'ids' | 'hashing'>;
type Ports = Written & Pick<World, 'table' | 'work' | 'log'>;

export type NewDecision = {
  readonly verdict: Verdict;
  /** What becomes of it at once. */
  readonly status: Extract<DecisionStatus, 'proposed' | 'awaiting_approval' | 'approved'>;
  /** Name and version of what decided: `threshold@3`. */
  readonly rule: string;
  readonly actor: Actor;
  /** What the rules said to it, for the trail; absent where they were not asked. */
  readonly judgement?: PolicyVerdict;
};

const entityOf = (id: string): AuditEntity => `decision:${id}`;

/** null when there is none. */
export async function getDecision(table: Table, id: string): Promise<Decision | null> {
  const item = await table.get(decisionKey(id));
  return item && decodeDecision(item);
}

/** Those that have not come to an end, the oldest first. Read from the index: act on a fresh `getDecision`. */
export async function openDecisions(table: Table): Promise<Decision[]> {
  const open = await queryAll(table, { pk: openIndex('decision'), index: 'ix' });
  return open.map(decodeDecision);
}

/** Those made on a UTC day ('YYYY-MM-DD') that have come to an end, in order. */
export async function decisionsOfDay(table: Table, date: string): Promise<Decision[]> {
  return (await queryAll(table, { pk: dayIndex('DECISION', date), index: 'ix' })).map(decodeDecision);
}

/** Open ones, and ended ones of the last `days` UTC days; the newest first. */
export async function recentDecisions(world: Pick<World, 'table' | 'time'>, days: number): Promise<Decision[]> {
  const found = await openDecisions(world.table);
  for (let back = 0; back < days; back++) {
    const date = new Date(world.time.now() - back * 86_400_000).toISOString().slice(0, 10);
    found.push(...(await decisionsOfDay(world.table, date)));
  }
  // The index may show one of them in its old and in its new place.
  const byId = new Map(found.map((decision) => [decision.id, decision]));
  return [...byId.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

/**
 * Records a decision and starts what follows from its status: the order to execute it, or the request for approval.
 * null when a decision of the kind is open for the agent (or its agent has too many open requests, or the kill switch is
 * on over it): nothing is written.
 */
export async function createDecision(world: Ports, order: NewDecision): Promise<Decision | null> {
  const gate = await freeGate(world.table, order.verdict.action.agentId);
  if (!gate) return null;
  const asks = order.status === 'awaiting_approval';
  const tier = asks ? tierFor(stakeOf(order.verdict), await currentPolicy(world.table)) : null;
  const { decision, ops, posted } = newDecisionOps(world, order, tier);
  if (!(await committed(world.table, [...ops, gateOp(gate)], decision.auditHash))) {
    // A switch of others that was turned meanwhile is no reason not to ask.
    const turned = (await readGate(world.table)).version !== gate.version;
    return turned ? await createDecision(world, order) : null;
  }
  await publishOrLeave(world, posted);
  return decision;
}

type Made = { readonly decision: Decision; readonly ops: readonly Op[]; readonly posted: readonly PostedWork[] };

function newDecisionOps(world: Written, order: NewDecision, tier: Tier | null): Made {
  const draft = draftOf(world, order);
  const asked = tier === null ? null : approvalOps(world, { decision: draft, requestedBy: order.actor, tier });
  const { record, head } = audited(world.hashing, NO_AUDIT, {
    at: draft.createdAt,
    actor: order.actor,
    action: 'decision.made',
    entity: entityOf(draft.id),
    details: {
      ...{ agentId: draft.agentId, kind: draft.kind, status: draft.status, why: draft.why, rule: draft.rule },
      ...{ actionHash: draft.actionHash, costImpactMicrosPerDay: draft.costImpactMicrosPerDay },
      ...{ risk: draft.risk, approvalId: asked?.approval.id ?? null },
      ...judgementDetails(order.judgement),
    },
  });
  const decision: Decision = { ...draft, approvalId: asked?.approval.id ?? null, ...head };
  const execution = order.status === 'approved' ? [executionOrder(world, decision.id)] : [];
  const posted = [...(asked?.posted ?? []), ...execution];
  const put: Op = { op: 'put', item: encodeDecision(decision), if: [{ attr: 'pk', op: 'missing' }] };
  const ops = [put, takeLockOp(decision), record, ...(asked?.ops ?? []), ...execution.map(({ op }) => op)];
  return { decision, ops, posted };
}

/** Which rules, of which version, said what. */
function judgementDetails(verdict: PolicyVerdict | undefined): { readonly [name: string]: string } {
  if (!verdict) return {};
  const { effect, reasons, version, rules } = verdict;
  return { policyEffect: effect, policyReason: reasons.join('; '), policyVersion: version, policyRules: rules };
}

function draftOf(world: Written, { verdict, status, rule }: NewDecision): Decision {
  const now = world.time.now();
  return {
    ...verdict,
    id: world.ids.ulid(),
    kind: verdict.action.kind,
    agentId: verdict.action.agentId,
    status,
    rule,
    actionHash: actionHashOf(verdict.action, world.hashing.sha256),
    ...{ createdAt: now, updatedAt: now, approvalId: null, outcome: '', version: 1 },
    ...NO_AUDIT,
  };
}

export const executionOrder = (world: Written, decisionId: string): PostedWork =>
  post(world, { queue: 'work', message: { v: 1, kind: 'execute-decision', decisionId } });

export type DecisionMove = {
  readonly to: DecisionStatus;
  readonly actor: Actor;
  /** What became of it, for people. */
  readonly outcome: string;
  readonly approvalId?: string;
};

/**
 * The ops of one move, pinned to the version that was read; at its end the lock is freed and the day takes it over.
 * @throws NovaError conflict when this state cannot follow that one.
 */
export function decisionMoveOps(
  world: Pick<World, 'time' | 'hashing'>,
  decision: Decision,
  move: DecisionMove,
): { readonly ops: readonly Op[]; readonly decision: Decision } {
  const { to, actor, outcome } = move;
  if (!mayDecisionMove(decision.status, to)) {
    throw new NovaError('conflict', `decision ${decision.id} is ${decision.status} and cannot become ${to}`);
  }
  const at = world.time.now();
  const { record, head } = audited(world.hashing, decision, {
    at,
    actor,
    action: `decision.${to}`,
    entity: entityOf(decision.id),
    details: { agentId: decision.agentId, kind: decision.kind, from: decision.status, outcome },
  });
  const approvalId = move.approvalId ?? decision.approvalId;
  const changed = { status: to, outcome, approvalId, updatedAt: at, version: decision.version + 1, ...head };
  const after: Decision = { ...decision, ...changed };
  const update: Op = {
    op: 'update',
    key: decisionKey(decision.id),
    if: [{ attr: 'version', op: '=', value: decision.version }],
    set: { ...changed, ...decisionIndex(after) },
  };
  const lock = isFinal(to) ? [releaseLockOp(after, at)] : decision.status === 'proposed' ? [takeUpLockOp(after)] : [];
  return { ops: [update, record, ...lock], decision: after };
}
