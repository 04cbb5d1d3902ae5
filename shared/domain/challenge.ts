/**
 * What a passkey signs. The page computes it from what it shows, the server from what it keeps: the signature stands for
 * this answer to this request about this action, and for nothing else.
 */

const APPROVAL = 'nova-approval-v1';
const ENROLMENT = 'nova-passkey-v1';

export type ApprovalChallenge = {
  readonly answer: 'approve' | 'reject';
  readonly actionHash: string;
  readonly decisionId: string;
  readonly approvalId: string;
  readonly nonce: string;
};

/** The text whose SHA-256 is the challenge; the page's script spells it the same way. */
export function approvalChallengeText(of: ApprovalChallenge): string {
  return [APPROVAL, of.answer, of.actionHash, of.decisionId, of.approvalId, of.nonce].join('\n');
}

export function enrolmentChallengeText(of: { readonly enrolmentId: string; readonly nonce: string }): string {
  return [ENROLMENT, of.enrolmentId, of.nonce].join('\n');
}

/** A person reads, finds the key and touches it. */
const NONCE_LIFE_MS = 5 * 60_000;
/** Between two of our machines. */
const CLOCK_SKEW_MS = 120_000;

export type NonceWorld = {
  readonly now: number;
  /** 16 random bytes as base64url. */
  readonly random: string;
  readonly hmac: (text: string) => string;
};

/** Needs no memory: what is ours is known by its seal, how old it is by its first part. `subject` is what it is for. */
export function newNonce(subject: string, { now, random, hmac }: NonceWorld): string {
  const issued = now.toString(36);
  return `${issued}.${random}.${hmac(['nonce', subject, issued, random].join('\n'))}`;
}

export function nonceIsGood(subject: string, nonce: string, world: Omit<NonceWorld, 'random'>): boolean {
  const [issued = '', random = '', seal = ''] = nonce.split('.');
  const age = world.now - Number.parseInt(issued, 36);
  if (!(age >= -CLOCK_SKEW_MS && age <= NONCE_LIFE_MS)) return false;
  return seal === world.hmac(['nonce', subject, issued, random].join('\n'));
}
