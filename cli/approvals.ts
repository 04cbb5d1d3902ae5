/** A person's answer given on the command line: the same function as the page's, with another proof. */
import type { Answer, AnswerResult } from '../shared/domain/approval.ts';
import { NovaError } from '../shared/domain/error.ts';
import { decideApproval } from '../shared/store/approval-answer.ts';
import { getApproval } from '../shared/store/approval-store.ts';
import { mustBeAllowed } from '../shared/store/authorize.ts';
import type { Reach } from './command.ts';
import { type ApprovalView, approvalView } from './views/approval.ts';

/** @throws NovaError not_found, denied, or conflict when it was answered otherwise or is over. */
export async function answerApproval(
  { world, actor }: Reach,
  approvalId: string,
  answer: Answer,
): Promise<ApprovalView> {
  await mayAnswerThis({ world, actor }, approvalId, answer);
  const result = await decideApproval(world, { approvalId, answer, proof: { kind: 'identity', actor } });
  if (result.kind === 'recorded' || result.kind === 'noted' || result.kind === 'waits')
    return approvalView(result.approval, world.time.now());
  throw refusal(result, approvalId);
}

/** Who asked, and for what, is known only now: a change of the policy is not approved by the one who wants it. */
async function mayAnswerThis(
  { world, actor }: Pick<Reach, 'world' | 'actor'>,
  id: string,
  answer: Answer,
): Promise<void> {
  const approval = await getApproval(world.table, id);
  if (!approval) return;
  const { action, tier, requestedBy } = approval;
  const attributes = { kind: action.kind, tier, requestedBy };
  await mustBeAllowed(world, { actor, action: `approval:${answer}`, resource: { kind: 'approval', id }, attributes });
}

function refusal(result: Exclude<AnswerResult, { kind: 'recorded' | 'noted' | 'waits' }>, id: string): NovaError {
  if (result.kind === 'conflict') {
    const { status, decidedBy } = result.approval;
    return new NovaError('conflict', `approval ${id} is ${status} already, by ${decidedBy}`);
  }
  if (result.kind === 'changed') {
    return new NovaError('conflict', `approval ${id} is void: what it was about has changed or is over`);
  }
  if (result.kind === 'wrong_code') return new NovaError('denied', 'the code is wrong');
  if (result.why === 'unknown') return new NovaError('not_found', `there is no approval "${id}"; nova approval list`);
  if (result.why === 'expired') return new NovaError('conflict', `approval ${id} has expired, which rejects it`);
  if (result.why === 'requester') {
    return new NovaError('denied', `approval ${id} was asked for by you: another person must approve it`);
  }
  if (result.why === 'not_an_approver') {
    return new NovaError('denied', `approval ${id} takes an operator with the role approver; nova operator list`);
  }
  return new NovaError('denied', `approval ${id} cannot be answered here: ${result.why}`);
}
