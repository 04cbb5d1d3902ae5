/**
 * Where one yes is not enough: two people, neither of them who asked, and a while in which it can be called off. Calling
 * off is rejecting, which a link with its code may always do: a no is what silence means anyway.
 */
import type { AnswerResult, Approval, Consent } from '../domain/approval.ts';
import { peopleNeeded, stricter, type Tier, tierFor } from '../domain/approval-tier.ts';
import { isApprover } from '../domain/operator.ts';
import type { World } from '../ports/world.ts';
import {
  type Alongside,
  type Answered,
  type By,
  challengeSet,
  NOTHING_ELSE,
  type RecordPorts,
  record,
  stillMeans,
  stillOpen,
  withdraw,
} from './approval-record.ts';
import { approvalChangeOps } from './approval-store.ts';
import { committed, publishOrLeave } from './commit.ts';
import { getDecision } from './decision-store.ts';
import { listOperators, operatorOf } from './operator-store.ts';
import { post } from './outbox-store.ts';
import { currentPolicy } from './policy-store.ts';

/** Between the effect and the end of a request, the sweep must have been by. */
const SWEEP_SLACK_MS = 3_600_000;

/** What it takes to say yes now: what was asked for at the request, or more. */
export async function tierNow(world: Pick<World, 'table'>, approval: Approval): Promise<Tier> {
  return stricter(approval.tier, tierFor(approval.stakeMicros, await currentPolicy(world.table)));
}

/** One person's yes of two. null: somebody was faster; read again. */
export async function consent(
  world: RecordPorts,
  answered: Answered,
  by: By & { readonly operatorId: string },
  alongside: Alongside,
): Promise<AnswerResult | null> {
  const { approval } = answered;
  const consents = await nextConsents(world, approval, by);
  if (consents === 'requester') return { kind: 'refused', why: 'requester' };
  if (consents === 'already') return { kind: approval.effectiveAt === null ? 'noted' : 'waits', approval };
  const delayMs = (await currentPolicy(world.table)).twoPeopleDelaySeconds * 1000;
  const enough = consents.length >= peopleNeeded('T2');
  if (enough && delayMs === 0) return record(world, answered, { ...by, actor: actorsOf(consents) }, alongside);
  return note(world, approval, { by, alongside, consents, delayMs: enough ? delayMs : null });
}

const actorsOf = (consents: readonly Consent[]): string => consents.map(({ actor }) => actor).join(', ');

async function nextConsents(
  world: RecordPorts,
  approval: Approval,
  { operatorId, actor }: { readonly operatorId: string; readonly actor: string },
): Promise<readonly Consent[] | 'requester' | 'already'> {
  const requester = await operatorOf(world, approval.requestedBy);
  if (requester?.id === operatorId || approval.requestedBy === actor) return 'requester';
  const valid = await validConsents(world, approval);
  if (valid.some((one) => one.operatorId === operatorId)) return 'already';
  return [...valid, { operatorId, actor, at: world.time.now() }];
}

/** Without those of people who may not answer any more. */
async function validConsents(
  world: Pick<World, 'table' | 'settings'>,
  approval: Approval,
): Promise<readonly Consent[]> {
  const approvers = new Set((await listOperators(world)).filter(isApprover).map(({ id }) => id));
  return approval.consents.filter(({ operatorId }) => approvers.has(operatorId));
}

type Yes = {
  readonly by: By;
  readonly alongside: Alongside;
  readonly consents: readonly Consent[];
  /** null: another person is needed. */
  readonly delayMs: number | null;
};

/** A yes that is not yet enough, or that takes effect later. */
async function note(world: RecordPorts, approval: Approval, yes: Yes): Promise<AnswerResult | null> {
  const now = world.time.now();
  const { by, alongside, consents, delayMs } = yes;
  const effectiveAt = delayMs === null ? null : now + delayMs;
  const ends = effectiveAt === null ? 0 : effectiveAt + SWEEP_SLACK_MS;
  const set = {
    ...{ consents, effectiveAt, expiresAt: Math.max(approval.expiresAt, ends) },
    ...challengeSet(approval, alongside),
  };
  const changed = approvalChangeOps(world, approval, {
    actor: by.actor,
    action: 'approval.consented',
    details: { decisionId: approval.subject, actionHash: approval.actionHash, people: consents.length, effectiveAt },
    set,
    if: [...stillOpen(now), ...by.if],
  });
  const offer = { v: 1, kind: 'offer-cancel', approvalId: approval.id } as const;
  const posted = effectiveAt === null ? [] : [post(world, { queue: 'work', message: offer })];
  const ops = [...changed, ...alongside.ops, ...posted.map(({ op }) => op)];
  const [first] = changed;
  const head = first?.op === 'update' ? String(first.set?.auditHash) : '';
  if (!(await committed(world.table, ops, head))) return null;
  await publishOrLeave(world, posted);
  const kind = effectiveAt === null ? 'noted' : 'waits';
  return { kind, approval: { ...approval, ...set, version: approval.version + 1 } };
}

/**
 * The end of the delay: what enough people said yes to, and nobody called off, is approved. `again`: somebody was faster, or
 * one of them may not answer any more, and another person is needed.
 */
export async function confirm(world: RecordPorts, approval: Approval): Promise<'approved' | 'withdrawn' | 'again'> {
  const decision = await getDecision(world.table, approval.subject);
  if (!decision || !stillMeans(decision, approval)) {
    return (await withdraw(world, approval, decision)) ? 'withdrawn' : 'again';
  }
  const consents = await validConsents(world, approval);
  if (consents.length >= peopleNeeded('T2')) {
    const by = { actor: actorsOf(consents), if: [] };
    const result = await record(world, { approval, decision, answer: 'approve' }, by, NOTHING_ELSE);
    return result?.kind === 'recorded' ? 'approved' : 'again';
  }
  const reopened = approvalChangeOps(world, approval, {
    actor: 'system:approvals',
    action: 'approval.reopened',
    details: { decisionId: approval.subject, people: consents.length },
    set: { consents, effectiveAt: null },
    if: [{ attr: 'status', op: '=', value: 'pending' }],
  });
  await world.table.transact(reopened);
  return 'again';
}
