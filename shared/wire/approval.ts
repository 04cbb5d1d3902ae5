/** What travels between the approval page and its handler, and what the command shows of an approval. */
import * as z from 'zod';
import type { ApprovalLine, ApprovalStatus } from '../domain/approval.ts';
import type { Tier } from '../domain/approval-tier.ts';
import { Assertion, Attestation, NONCE } from './passkey.ts';

/** 32 bytes as base64url. The last of the 43 characters carries four bits: other letters there spell the same bytes. */
export const APPROVAL_TOKEN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
export const APPROVAL_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

const token = z.string().length(43).regex(APPROVAL_TOKEN);

export const ViewRequest = z.strictObject({ token });
export type ViewRequest = z.infer<typeof ViewRequest>;

/** UTF-16 units, as the fields of the pages count; what is kept of it is cleaned and no longer either. */
export const MAX_REASON = 300;
const reason = z.string().max(MAX_REASON).optional();

const answer = {
  token,
  decision: z.enum(['approve', 'reject']),
  actionHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Why not; a yes needs none, and none is kept of it. */
  reason,
};

/** By a code of the mail, or by a passkey: never both, never neither, and nothing that names a tier. */
export const DecideRequest = z.union([
  z.strictObject({ ...answer, code: z.string().regex(/^[0-9]{6}$/) }),
  z.strictObject({ ...answer, nonce: z.string().regex(NONCE), assertion: Assertion }),
]);
export type DecideRequest = z.infer<typeof DecideRequest>;

/** The answer to a view: what would be done while it is open, what became of it afterwards. */
export type ApprovalView = {
  readonly status: ApprovalStatus;
  readonly title: string;
  readonly lines: readonly ApprovalLine[];
  readonly agentText: string;
  readonly actionHash: string;
  readonly decisionId: string;
  /** What it takes to say yes. */
  readonly tier: Tier;
  /** It has been said yes to by enough people and takes effect later: now it can only be called off. */
  readonly waits: boolean;
  /** The links' codes are dead after too many wrong ones; a passkey still answers. */
  readonly locked: boolean;
  /** Sentence on who has said yes so far and when it takes effect; empty when there is nothing to say. */
  readonly standing: string;
  /** Whose answer is asked for. */
  readonly askedOf: string;
  /** Sentence on what silence means; empty once it is answered. */
  readonly ifIgnored: string;
  /** Sentence on who answered and when; empty while it is open. */
  readonly outcome: string;
};

/** What the form without scripts sends: the link as it was pasted, then an answer to what was shown. */
export const PlainRequest = z.strictObject({
  link: z.string().max(2000),
  decision: z.enum(['approve', 'reject']).optional(),
  actionHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  code: z.string().max(20).optional(),
  // Browsers count a new line as one, and send two.
  reason: z
    .string()
    .max(2 * MAX_REASON)
    .optional(),
});
export type PlainRequest = z.infer<typeof PlainRequest>;

/** A code for an invitation; what comes back lets the browser make a key. */
export const EnrolOfferRequest = z.strictObject({ token, code: z.string().regex(/^[0-9]{6}$/) });
export type EnrolOfferRequest = z.infer<typeof EnrolOfferRequest>;

/** The new key. The nonce shows that the code was right. */
export const EnrolRequest = z.strictObject({ token, nonce: z.string().regex(NONCE), attestation: Attestation });
export type EnrolRequest = z.infer<typeof EnrolRequest>;

/** What a page needs to ask for a passkey. */
export type PasskeyOffer = { readonly nonce: string; readonly rpId: string };

/** What a browser needs to make a passkey. */
export type EnrolmentOffer = {
  readonly nonce: string;
  readonly rpId: string;
  readonly userId: string;
  readonly userName: string;
  readonly displayName: string;
  /** Keys the person has: an authenticator makes no second one. */
  readonly known: readonly string[];
};
/** Every refusal. `message` is for people; `attemptsLeft` comes with wrong_code, `status` with conflict. */
export type ApprovalRefusal = {
  readonly error: string;
  readonly message: string;
  readonly attemptsLeft?: number;
  readonly status?: ApprovalStatus;
};
