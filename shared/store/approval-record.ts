/** Writes an answer down: one transaction with the decision's move, their records, and the order to execute. */
import type { Answer, AnswerResult, Approval } from '../domain/approval.ts';
import { canonicalJson } from '../domain/audit.ts';
import type { Decision } from '../domain/decision.ts';
import { cleanLine } from '../domain/safe-text.ts';
import type { Condition, Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { MAX_REASON } from '../wire/approval.ts';
import { approvalChangeOps, withdrawApprovalOps } from './approval-store.ts';
import { publishOrLeave } from './commit.ts';
import { decisionMoveOps, executionOrder } from './decision-store.ts';
import { freeGate, gateOp } from './halt-store.ts';

import { type PostedWork, post } from './outbox-store.ts';

export type RecordPorts = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'settings' | 'work' | 'log'>;

/** Who answers, and what shows it. */
export type By = {
  readonly actor: string;
  /** The person; null when all that is known is that the mail was in somebody's hands. */
  readonly operatorId: string | null;
  /** Why not; told to the agent. */
  readonly reason?: string | undefined;
  /** On top of what every answer asks for. */
  readonly if: readonly Condition[];
  /** Asked afresh for every try: what else must hold and change with the answer. null: it holds no more. */
  readonly alongside?: () => Promise<Alongside | null>;
};

/** What a passkey changes: its counter moves on, and its challenge is used up. */
export type Alongside = { readonly ops: readonly Op[]; readonly usedChallenge: string };
export const NOTHING_ELSE: Alongside = { ops: [], usedChallenge: '' };

export type Answered = { readonly approval: Approval; readonly decision: Decision; readonly answer: Answer };

const STATUS = { approve: 'approved', reject: 'rejected' } as const;

/** What was answered before, told again; null while it is open. */
export function recorded(approval: Approval, answer: Answer): AnswerResult | null {
  if (approval.status !== 'approved' && approval.status !== 'rejected') return null;
  return approval.status === STATUS[answer]
    ? { kind: 'recorded', approval, fresh: false }
    : { kind: 'conflict', approval };
}

/** Whether the decision still waits for exactly what was asked. */
export function stillMeans(decision: Decision, approval: Approval): boolean {
  return (
    decision.status === 'awaiting_approval' &&
    decision.actionHash === approval.actionHash &&
    canonicalJson(decision.action) === canonicalJson(approval.action)
  );
}

export const stillOpen = (now: number): readonly Condition[] => [
  { attr: 'status', op: '=', value: 'pending' },
  { attr: 'expiresAt', op: '>', value: now },
];

export function challengeSet(
  approval: Approval,
  { usedChallenge }: Alongside,
): Partial<Pick<Approval, 'usedChallenges'>> {
  return usedChallenge ? { usedChallenges: [...approval.usedChallenges, usedChallenge] } : {};
}

/** null: somebody was faster; read again. The kill switch comes before every answer. */
export async function record(
  world: RecordPorts,
  { approval, decision, answer }: Answered,
  by: Pick<By, 'actor' | 'if' | 'reason'>,
  alongside: Alongside,
): Promise<AnswerResult | null> {
  const gate = await freeGate(world.table, approval.agentId);
  if (!gate) return { kind: 'refused', why: 'halted' };
  const status = STATUS[answer];
  const now = world.time.now();
  const tell = { v: 1, kind: 'tell-agent', approvalId: approval.id } as const;
  const posted: PostedWork[] = [
    answer === 'approve' ? executionOrder(world, decision.id) : post(world, { queue: 'work', message: tell }),
  ];
  const reason = answer === 'reject' ? cleanLine(by.reason ?? '', MAX_REASON) : '';
  const outcome = `${status} by ${by.actor}${reason ? `: ${reason}` : ''}`;
  const moved = decisionMoveOps(world, decision, { to: status, actor: by.actor, outcome, approvalId: approval.id });
  const set = { status, decidedAt: now, decidedBy: by.actor, reason };
  const changed = approvalChangeOps(world, approval, {
    actor: by.actor,
    action: `approval.${status}`,
    details: {
      decisionId: decision.id,
      actionHash: approval.actionHash,
      tier: approval.tier,
      ...(reason ? { reason } : {}),
    },
    set: { ...set, ...challengeSet(approval, alongside) },
    if: [...stillOpen(now), ...by.if],
  });
  const ops = [...changed, ...moved.ops, ...alongside.ops, ...posted.map(({ op }) => op), gateOp(gate)];
  // A refusal is read again: an answer that was lost on the way shows up as recorded, and its order is the sweep's.
  if (!(await world.table.transact(ops)).ok) return null;
  await publishOrLeave(world, posted);
  return { kind: 'recorded', fresh: true, approval: { ...approval, ...set, version: approval.version + 1 } };
}

/** Nothing to answer any more: the request ends with the decision it was about. */
export async function withdraw(
  world: RecordPorts,
  approval: Approval,
  decision: Decision | null,
): Promise<AnswerResult | null> {
  const why = `its decision is ${decision?.status ?? 'gone'} or means something else`;
  const ops = withdrawApprovalOps(world, approval, { actor: 'system:approvals', why });
  return (await world.table.transact(ops)).ok ? { kind: 'changed' } : null;
}
