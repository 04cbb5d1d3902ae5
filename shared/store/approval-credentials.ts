/** Link tokens and codes: what is mailed in plain is kept as hashes alone. */
import type { Answer, Approval, Credential } from '../domain/approval.ts';
import type { World } from '../ports/world.ts';

/** The secret without which the codes cannot be tried out by someone who has read the table. */
export const PEPPER = 'approval-pepper';

export type Plain = { readonly token: string; readonly approveCode: string; readonly rejectCode: string };

type Hash = Pick<World, 'hashing'>;

/** A new token and two codes that differ, and what may be kept of them. Where a code cannot approve, there is none that would. */
export function newCredential(
  world: Pick<World, 'ids' | 'hashing'>,
  { approvalId, to, kind, canApprove }: Pick<Credential, 'to' | 'kind'> & { approvalId: string; canApprove: boolean },
  pepper: string,
): { plain: Plain; credential: Credential } {
  const token = world.ids.token(32);
  const approveCode = canApprove ? world.ids.code(6) : '';
  let rejectCode = world.ids.code(6);
  while (rejectCode === approveCode) rejectCode = world.ids.code(6);
  const tokenHash = tokenHashOf(world, token);
  const hash = (answer: Answer, code: string) => codeHashOf(world, { approvalId, tokenHash, answer, code, pepper });
  return {
    plain: { token, approveCode, rejectCode },
    credential: {
      to,
      kind,
      tokenHash,
      approveCodeHash: canApprove ? hash('approve', approveCode) : '',
      rejectCodeHash: hash('reject', rejectCode),
      mailedAt: null,
    },
  };
}

export function tokenHashOf({ hashing }: Hash, token: string): string {
  return hashing.sha256(token);
}

/** A code belongs to one answer to one request through one link. */
export function codeHashOf(
  { hashing }: Hash,
  of: { approvalId: string; tokenHash: string; answer: Answer; code: string; pepper: string },
): string {
  return hashing.hmacSha256(of.pepper, [of.approvalId, of.tokenHash, of.answer, of.code].join('\n'));
}

/** Whether a code is the one for this answer; both sides are keyed hashes, so an early exit tells nothing. */
export function codeFits(approval: Approval, tokenHash: string, answer: Answer, codeHash: string): boolean {
  const credential = credentialOf(approval, tokenHash);
  if (!credential) return false;
  return codeHash === (answer === 'approve' ? credential.approveCodeHash : credential.rejectCodeHash);
}

export function credentialOf(approval: Approval, tokenHash: string): Credential | undefined {
  return approval.credentials.find((one) => one.tokenHash === tokenHash);
}

export function holdsToken(approval: Approval, tokenHash: string): boolean {
  return credentialOf(approval, tokenHash) !== undefined;
}
