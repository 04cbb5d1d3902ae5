/** Answers through the link and a passkey: the person is proved, to this answer about this action, once. */
import type { Answer, AnswerResult, Approval } from '../domain/approval.ts';
import { approvalChallengeText, newNonce, nonceIsGood } from '../domain/challenge.ts';
import { isApprover, type Operator, type Passkey } from '../domain/operator.ts';
import type { Passkeys, Site } from '../ports/passkeys.ts';
import type { World } from '../ports/world.ts';
import type { Assertion } from '../wire/passkey.ts';
import { type AnswerPorts, settle } from './approval-answer.ts';
import { holdsToken, PEPPER, tokenHashOf } from './approval-credentials.ts';
import { type Alongside, recorded } from './approval-record.ts';
import { getApproval } from './approval-store.ts';
import { listOperators } from './operator-store.ts';
import { passkeyUsedOps } from './passkey-store.ts';

export type PasskeyAnswer = {
  readonly approvalId: string;
  readonly answer: Answer;
  readonly token: string;
  readonly actionHash: string;
  readonly nonce: string;
  readonly assertion: Assertion;
  readonly reason?: string | undefined;
};

type Ports = AnswerPorts & Pick<World, 'publicUrl'> & { readonly passkeys: Passkeys };

/** Where the page stands, by the configured address alone. */
export async function siteOf({ publicUrl }: Pick<World, 'publicUrl'>): Promise<Site> {
  const { origin, hostname } = new URL(await publicUrl());
  return { origin, rpId: hostname };
}

const nonceSubject = (approvalId: string, tokenHash: string): string => `${approvalId}\n${tokenHash}`;

/** What a browser needs to ask its authenticator; nothing is kept of it. null where the link opens nothing. */
export async function passkeyOffer(
  world: Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'publicUrl'>,
  approvalId: string,
  token: string,
): Promise<{ readonly nonce: string; readonly rpId: string } | null> {
  const pepper = await world.secrets.get(PEPPER);
  const tokenHash = tokenHashOf(world, token);
  const approval = await getApproval(world.table, approvalId);
  if (!approval || !holdsToken(approval, tokenHash)) return null;
  const nonce = newNonce(nonceSubject(approvalId, tokenHash), {
    now: world.time.now(),
    random: world.ids.token(16),
    hmac: (text) => world.hashing.hmacSha256(pepper, text),
  });
  return { nonce, rpId: (await siteOf(world)).rpId };
}

/** Refused alike for a wrong link and for one that has ended; who holds the link hears that the passkey is no good. */
export async function decideByPasskey(world: Ports, request: PasskeyAnswer): Promise<AnswerResult> {
  const { approvalId, answer, token } = request;
  const pepper = await world.secrets.get(PEPPER);
  const tokenHash = tokenHashOf(world, token);
  const approval = await getApproval(world.table, approvalId);
  if (!approval) return { kind: 'refused', why: 'unknown' };
  if (!holdsToken(approval, tokenHash)) return { kind: 'refused', why: 'wrong_token' };
  const before = recorded(approval, answer);
  if (before) return before;
  if (request.actionHash !== approval.actionHash) return { kind: 'changed' };
  const hmac = (text: string): string => world.hashing.hmacSha256(pepper, text);
  const fresh = nonceIsGood(nonceSubject(approvalId, tokenHash), request.nonce, { now: world.time.now(), hmac });
  const signed = fresh ? await signer(world, approval, request) : null;
  if (!signed) return { kind: 'refused', why: 'bad_passkey' };
  const { operator, passkey, counter } = signed;
  if (!isApprover(operator)) return { kind: 'refused', why: 'not_an_approver' };
  return settle(world, request, {
    actor: `passkey:${operator.id}`,
    operatorId: operator.id,
    reason: request.reason,
    if: [
      { attr: 'tokenHashes', op: 'contains', value: tokenHash },
      { attr: 'actionHash', op: '=', value: request.actionHash },
    ],
    alongside: () => alongsideOf(world, request, { operatorId: operator.id, passkeyId: passkey.id, counter }),
  });
}

type Signed = { readonly operator: Operator; readonly passkey: Passkey; readonly counter: number };

/** Whose passkey signed exactly what this server expects; null when nobody's did. */
async function signer(world: Ports, approval: Approval, request: PasskeyAnswer): Promise<Signed | null> {
  const { assertion, answer, nonce } = request;
  const site = await siteOf(world);
  const { actionHash, subject: decisionId, id: approvalId } = approval;
  const text = approvalChallengeText({ answer, actionHash, decisionId, approvalId, nonce });
  const challengeHex = world.hashing.sha256(text);
  for (const operator of await listOperators(world)) {
    const passkey = operator.passkeys.find(({ id, rpId }) => id === assertion.id && rpId === site.rpId);
    if (!passkey) continue;
    const proved = await world.passkeys.verifyAssertion(assertion, { ...site, challengeHex, passkey });
    return proved && { operator, passkey, counter: proved.counter };
  }
  return null;
}

/** Read again for every try: a key that was removed, counted on or used for this before carries no answer. */
async function alongsideOf(
  world: Ports,
  { approvalId, nonce }: PasskeyAnswer,
  used: { readonly operatorId: string; readonly passkeyId: string; readonly counter: number },
): Promise<Alongside | null> {
  const usedChallenge = world.hashing.sha256(nonce);
  const approval = await getApproval(world.table, approvalId);
  if (!approval || approval.usedChallenges.includes(usedChallenge)) return null;
  const ops = await passkeyUsedOps(world, used);
  return ops && { ops, usedChallenge };
}
