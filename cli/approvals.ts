/** A person's answer given on the command line: the same function as the page's, with another proof. */
import type { Answer, AnswerResult } from '../shared/domain/approval.ts';
import { NovaError } from '../shared/domain/error.ts';
import { decideApproval } from '../shared/store/approval-answer.ts';
import { getApproval } from '../shared/store/approval-store.ts';
import { judgedAnswer, refusalOf } from '../shared/store/authorize.ts';
import type { Reach } from './command.ts';
import { type ApprovalView, approvalView } from './views/approval.ts';

/** @throws NovaError not_found, denied, or conflict when it was answered otherwise or is over. */
export async function answerApproval(
  { world, actor }: Reach,
  approvalId: string,
  said: Answer | { readonly answer: 'reject'; readonly reason: string | undefined },
): Promise<ApprovalView> {
  const { answer, reason } = typeof said === 'string' ? { answer: said, reason: undefined } : said;
  const result = await decideApproval(world, { approvalId, answer, reason, proof: { kind: 'identity', actor } });
  if (result.kind === 'recorded' || result.kind === 'noted' || result.kind === 'waits')
    return approvalView(result.approval, world.time.now());
  if (result.kind === 'refused' && result.why === 'policy') throw await policyRefusal({ world, actor }, approvalId);
  throw refusal(result, approvalId);
}

/** In the words of the rules. */
async function policyRefusal({ world, actor }: Pick<Reach, 'world' | 'actor'>, id: string): Promise<NovaError> {
  const approval = await getApproval(world.table, id);
  const why = approval ? refusalOf(await judgedAnswer(world, approval, actor)) : 'it is gone';
  return new NovaError('denied', `approval ${id} cannot be given by ${actor}: ${why}`);
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
