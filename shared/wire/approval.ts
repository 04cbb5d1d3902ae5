/** What travels between the approval page and its handler, and what the command shows of an approval. */
import * as z from 'zod';
import type { ApprovalLine, ApprovalStatus } from '../domain/approval.ts';

/** 32 bytes as base64url. The last of the 43 characters carries four bits: other letters there spell the same bytes. */
export const APPROVAL_TOKEN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
export const APPROVAL_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

const token = z.string().length(43).regex(APPROVAL_TOKEN);

export const ViewRequest = z.strictObject({ token });
export type ViewRequest = z.infer<typeof ViewRequest>;

export const DecideRequest = z.strictObject({
  token,
  decision: z.enum(['approve', 'reject']),
  actionHash: z.string().regex(/^[0-9a-f]{64}$/),
  code: z.string().regex(/^[0-9]{6}$/),
});
export type DecideRequest = z.infer<typeof DecideRequest>;

/** The answer to a view: what would be done while it is open, what became of it afterwards. */
export type ApprovalView = {
  readonly status: ApprovalStatus;
  readonly title: string;
  readonly lines: readonly ApprovalLine[];
  readonly agentText: string;
  readonly actionHash: string;
  /** Whose answer is asked for. */
  readonly askedOf: string;
  /** Sentence on what silence means; empty once it is answered. */
  readonly ifIgnored: string;
  /** Sentence on who answered and when; empty while it is open. */
  readonly outcome: string;
};

/** Every refusal. `message` is for people; `attemptsLeft` comes with wrong_code, `status` with conflict. */
export type ApprovalRefusal = {
  readonly error: string;
  readonly message: string;
  readonly attemptsLeft?: number;
  readonly status?: ApprovalStatus;
};
