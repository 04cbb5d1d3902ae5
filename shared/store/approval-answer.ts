/** The one way an approval is answered, from the page with a link and a code or by someone known by name. */
import {
  type Answer,
  type AnswerResult,
  type Approval,
  isOpen,
  MAX_CODE_ATTEMPTS,
  mayAnswer,
} from '../domain/approval.ts';
import { canonicalJson } from '../domain/audit.ts';
import type { Decision } from '../domain/decision.ts';
import { NovaError } from '../domain/error.ts';
import type { Condition, Item } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { codeFits, codeHashOf, holdsToken, PEPPER, tokenHashOf } from './approval-credentials.ts';
import { lockApproval } from './approval-lock.ts';
import { approvalChangeOps, approvalOf, getApproval, withdrawApprovalOps } from './approval-store.ts';
import { publishOrLeave } from './commit.ts';
import { decisionMoveOps, executionOrder, getDecision } from './decision-store.ts';
import { approvalKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'settings' | 'work' | 'log'>;

/** What shows that the answer may be given: what only the mail held, or who the caller has proved to be. */
export type Proof =
  | { readonly kind: 'link'; readonly token: string; readonly code: string; readonly actionHash: string }
  /** `cli:alice`, `sts:arn:…`; never a part of the system. */
  | { readonly kind: 'identity'; readonly actor: string };

export type AnswerRequest = { readonly approvalId: string; readonly answer: Answer; readonly proof: Proof };

const TRIES = 6;
const STATUS = { approve: 'approved', reject: 'rejected' } as const;

/** Answers once: the same answer again says the same, the opposite is a conflict, everything else is refused. */
export async function decideApproval(world: Ports, request: AnswerRequest): Promise<AnswerResult> {
  return request.proof.kind === 'link'
    ? decideByLink(world, request, request.proof)
    : decideByIdentity(world, request, request.proof.actor);
}

async function decideByLink(
  world: Ports,
  request: AnswerRequest,
  proof: Extract<Proof, { kind: 'link' }>,
): Promise<AnswerResult> {
  const { approvalId, answer } = request;
  const pepper = await world.secrets.get(PEPPER);
  const tokenHash = tokenHashOf(world, proof.token);
  const codeHash = codeHashOf(world, { approvalId, tokenHash, answer, code: proof.code, pepper });
  const now = world.time.now();
  // Counted before it is compared, and only for those who hold the link: parallel guesses cannot exceed the limit, and
  // strangers cannot use it up. A request that does not exist costs the same write.
  const counted = await world.table.write({
    op: 'update',
    key: approvalKey(approvalId),
    add: { attempts: 1 },
    set: { lastAttemptAt: now },
    if: [
      { attr: 'status', op: '=', value: 'pending' },
      { attr: 'expiresAt', op: '>', value: now },
      { attr: 'tokenHashes', op: 'contains', value: tokenHash },
      { attr: 'attempts', op: '<', value: MAX_CODE_ATTEMPTS },
      { attr: 'locked', op: '=', value: false },
    ],
  });
  if (!counted.ok) return throughLink(counted.item, tokenHash, answer);
  if (!counted.item) throw new NovaError('corrupt', 'an update without its image');
  const approval = approvalOf(counted.item);
  if (!codeFits(approval, tokenHash, answer, codeHash)) return wrongCode(world, approval);
  if (proof.actionHash !== approval.actionHash) return { kind: 'changed' };
  return settle(world, request, {
    actor: `link:${world.settings.ownerEmail}`,
    if: [
      { attr: 'tokenHashes', op: 'contains', value: tokenHash },
      { attr: 'actionHash', op: '=', value: proof.actionHash },
      { attr: 'locked', op: '=', value: false },
      { attr: 'attempts', op: '<=', value: MAX_CODE_ATTEMPTS },
    ],
  });
}

/** What a link shows that opens nothing (any more). */
function throughLink(item: Item | null, tokenHash: string, answer: Answer): AnswerResult {
  if (!item) return { kind: 'refused', why: 'unknown' };
  const approval = approvalOf(item);
  if (!holdsToken(approval, tokenHash)) return { kind: 'refused', why: 'wrong_token' };
  return (
    recorded(approval, answer) ?? {
      kind: 'refused',
      why: approval.status === 'pending' && approval.attempts >= MAX_CODE_ATTEMPTS ? 'locked' : 'expired',
    }
  );
}

async function wrongCode(world: Ports, approval: Approval): Promise<AnswerResult> {
  const attemptsLeft = MAX_CODE_ATTEMPTS - approval.attempts;
  if (attemptsLeft > 0) return { kind: 'wrong_code', attemptsLeft };
  await lockApproval(world, approval.id);
  return { kind: 'refused', why: 'locked' };
}

async function decideByIdentity(world: Ports, request: AnswerRequest, actor: string): Promise<AnswerResult> {
  if (!mayAnswer(actor)) return { kind: 'refused', why: 'not_a_person' };
  return settle(world, request, { actor, if: [] });
}

function recorded(approval: Approval, answer: Answer): AnswerResult | null {
  if (approval.status !== 'approved' && approval.status !== 'rejected') return null;
  return approval.status === STATUS[answer]
    ? { kind: 'recorded', approval, fresh: false }
    : { kind: 'conflict', approval };
}

type By = { readonly actor: string; readonly if: readonly Condition[] };

/** Tries until the answer is recorded or something else stands in its place. */
async function settle(world: Ports, request: AnswerRequest, by: By): Promise<AnswerResult> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, request.approvalId);
    if (!approval) return { kind: 'refused', why: 'unknown' };
    const before = recorded(approval, request.answer);
    if (before) return before;
    if (!isOpen(approval, world.time.now())) return { kind: 'refused', why: 'expired' };
    if (approval.locked && request.proof.kind === 'link') return { kind: 'refused', why: 'locked' };
    const decision = await getDecision(world.table, approval.subject);
    const result =
      decision && stillMeans(decision, approval)
        ? await record(world, { approval, decision, answer: request.answer }, by)
        : await withdraw(world, approval, decision);
    if (result) return result;
  }
  throw new NovaError('unavailable', `approval ${request.approvalId} is being changed by others; try again`);
}

function stillMeans(decision: Decision, approval: Approval): boolean {
  return (
    decision.status === 'awaiting_approval' &&
    decision.actionHash === approval.actionHash &&
    canonicalJson(decision.action) === canonicalJson(approval.action)
  );
}

/** One transaction: the answer, the decision's move, their records, and the order to execute. */
async function record(
  world: Ports,
  { approval, decision, answer }: { approval: Approval; decision: Decision; answer: Answer },
  by: By,
): Promise<AnswerResult | null> {
  const status = STATUS[answer];
  const now = world.time.now();
  const posted = answer === 'approve' ? [executionOrder(world, decision.id)] : [];
  const outcome = `${status} by ${by.actor}`;
  const moved = decisionMoveOps(world, decision, { to: status, actor: by.actor, outcome, approvalId: approval.id });
  const changed = approvalChangeOps(world, approval, {
    actor: by.actor,
    action: `approval.${status}`,
    details: { decisionId: decision.id, actionHash: approval.actionHash, tier: approval.tier },
    set: { status, decidedAt: now, decidedBy: by.actor },
    if: [{ attr: 'status', op: '=', value: 'pending' }, { attr: 'expiresAt', op: '>', value: now }, ...by.if],
  });
  const ops = [...changed, ...moved.ops, ...posted.map(({ op }) => op)];
  // A refusal is read again: an answer that was lost on the way shows up as recorded, and its order is the sweep's.
  if (!(await world.table.transact(ops)).ok) return null;
  await publishOrLeave(world, posted);
  const version = approval.version + 1;
  return {
    kind: 'recorded',
    fresh: true,
    approval: { ...approval, status, decidedAt: now, decidedBy: by.actor, version },
  };
}

/** Nothing to answer any more: the request ends with the decision it was about. */
async function withdraw(world: Ports, approval: Approval, decision: Decision | null): Promise<AnswerResult | null> {
  const why = `its decision is ${decision?.status ?? 'gone'} or means something else`;
  const ops = withdrawApprovalOps(world, approval, { actor: 'system:approvals', why });
  return (await world.table.transact(ops)).ok ? { kind: 'changed' } : null;
}
