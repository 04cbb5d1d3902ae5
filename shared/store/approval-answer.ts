/** The one way an approval is answered, from the page with a link and a code or a passkey, or by someone known by name. */
import {
  type Answer,
  type AnswerResult,
  type Approval,
  isOpen,
  MAX_CODE_ATTEMPTS,
  mayAnswer,
} from '../domain/approval.ts';
import { NovaError } from '../domain/error.ts';
import { isApprover } from '../domain/operator.ts';
import type { Item } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { consent, tierNow } from './approval-consent.ts';
import { codeFits, codeHashOf, credentialOf, holdsToken, PEPPER, tokenHashOf } from './approval-credentials.ts';
import { lockApproval } from './approval-lock.ts';
import {
  type Answered,
  type By,
  NOTHING_ELSE,
  type RecordPorts,
  record,
  recorded,
  stillMeans,
  withdraw,
} from './approval-record.ts';
import { approvalOf, getApproval } from './approval-store.ts';
import { judgedAnswer, refusalOf } from './authorize.ts';
import { getDecision } from './decision-store.ts';
import { approvalKey } from './keys.ts';
import { getOperator, operatorOf } from './operator-store.ts';

export type SettlePorts = RecordPorts & Pick<World, 'policy'>;
export type AnswerPorts = SettlePorts & Pick<World, 'secrets'>;

/** What shows that the answer may be given: what only the mail held, or who the caller has proved to be. */
export type Proof =
  | { readonly kind: 'link'; readonly token: string; readonly code: string; readonly actionHash: string }
  /** `cli:alice`, `sts:arn:…`; never a part of the system. */
  | { readonly kind: 'identity'; readonly actor: string };

export type AnswerRequest = {
  readonly approvalId: string;
  readonly answer: Answer;
  readonly proof: Proof;
  readonly reason?: string | undefined;
};

const TRIES = 6;

/** Answers once: the same answer again says the same, the opposite is a conflict, everything else is refused. */
export async function decideApproval(world: AnswerPorts, request: AnswerRequest): Promise<AnswerResult> {
  return request.proof.kind === 'link'
    ? decideByLink(world, request, request.proof)
    : decideByIdentity(world, request, request.proof.actor);
}

async function decideByLink(
  world: AnswerPorts,
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
  const holder = await getOperator(world, credentialOf(approval, tokenHash)?.to ?? '');
  // Who was sent the mail may not answer any more: nor may whoever has it now.
  if (!holder || !isApprover(holder)) return { kind: 'refused', why: 'not_an_approver' };
  return settle(world, request, {
    actor: `link:${holder.email}`,
    operatorId: null,
    reason: request.reason,
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

async function wrongCode(world: AnswerPorts, approval: Approval): Promise<AnswerResult> {
  const attemptsLeft = MAX_CODE_ATTEMPTS - approval.attempts;
  if (attemptsLeft > 0) return { kind: 'wrong_code', attemptsLeft };
  await lockApproval(world, approval.id);
  return { kind: 'refused', why: 'locked' };
}

async function decideByIdentity(world: AnswerPorts, request: AnswerRequest, actor: string): Promise<AnswerResult> {
  if (!mayAnswer(actor)) return { kind: 'refused', why: 'not_a_person' };
  const person = await operatorOf(world, actor);
  if (!person || !isApprover(person)) return { kind: 'refused', why: 'not_an_approver' };
  return settle(world, request, { actor, operatorId: person.id, if: [], reason: request.reason });
}

/** Tries until the answer is recorded or something else stands in its place. */
export async function settle(
  world: SettlePorts,
  { approvalId, answer }: Pick<AnswerRequest, 'approvalId' | 'answer'>,
  by: By,
): Promise<AnswerResult> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, approvalId);
    if (!approval) return { kind: 'refused', why: 'unknown' };
    const before = recorded(approval, answer);
    if (before) return before;
    if (!isOpen(approval, world.time.now())) return { kind: 'refused', why: 'expired' };
    if (approval.locked && by.operatorId === null) return { kind: 'refused', why: 'locked' };
    const decision = await getDecision(world.table, approval.subject);
    const result =
      decision && stillMeans(decision, approval)
        ? await put(world, { approval, decision, answer }, by)
        : await withdraw(world, approval, decision);
    if (result) return result;
  }
  throw new NovaError('unavailable', `approval ${approvalId} is being changed by others; try again`);
}

/** A no needs no more than any way to say it; a yes, what the tier asks for. */
async function put(world: SettlePorts, answered: Answered, by: By): Promise<AnswerResult | null> {
  if (answered.answer === 'approve' && !(await mayApprove(world, answered.approval, by.actor))) {
    return { kind: 'refused', why: answered.approval.requestedBy === by.actor ? 'requester' : 'policy' };
  }
  const needed = await tierNow(world, answered.approval);
  const tier = answered.answer === 'approve' ? needed : 'T0';
  const { operatorId } = by;
  if (tier !== 'T0' && operatorId === null) return { kind: 'refused', why: 'needs_passkey' };
  const alongside = by.alongside ? await by.alongside() : NOTHING_ELSE;
  if (!alongside) return { kind: 'refused', why: 'bad_passkey' };
  return tier === 'T2' && operatorId !== null
    ? consent(world, answered, { ...by, operatorId }, alongside)
    : record(world, answered, by, alongside);
}

/** @throws NovaError unavailable while the rules cannot be asked: nothing is decided, and it can be tried again. */
async function mayApprove(world: SettlePorts, approval: Approval, actor: string): Promise<boolean> {
  const verdict = await judgedAnswer(world, approval, actor);
  if (verdict.trouble) throw new NovaError('unavailable', `approval ${approval.id} waits: ${refusalOf(verdict)}`);
  return verdict.effect === 'allow';
}
