/** A person's answer to one exact action: asked once, by mail, answered once, and rejected by silence. */

import { linesOf, titleOf } from './approval-lines.ts';
import { stakeOf, type Tier } from './approval-tier.ts';
import { canonicalJson } from './audit.ts';
import type { Decision, DecisionAction } from './decision.ts';
import { cleanBlock, cleanLine } from './safe-text.ts';

export type ApprovalStatus = 'pending' | 'approved' | 'rejected' | 'expired';
export type Answer = 'approve' | 'reject';

/** A fact, rendered by us from the decision; nothing an agent wrote. */
export type ApprovalLine = { readonly label: string; readonly value: string };

/** What one mail gave away, as hashes. A crash between sending and noting it sends a second mail; both must work. */
export type Credential = {
  /** The operator it was mailed to. */
  readonly to: string;
  /** The request itself, put forward again, put before the next one, or the way to call it off. */
  readonly kind: 'request' | 'reminder' | 'escalation' | 'cancel';
  readonly tokenHash: string;
  /** Empty where a code is not enough to say yes. */
  readonly approveCodeHash: string;
  readonly rejectCodeHash: string;
  readonly mailedAt: number | null;
};

/** One person's yes, where more than one is needed. */
export type Consent = { readonly operatorId: string; readonly actor: string; readonly at: number };

/** How far the mail got, by the mail service's own word. It says nothing about the answer. */
export type Delivery = { readonly state: DeliveryState; readonly at: number };
export type DeliveryState = 'processed' | 'deferred' | 'delivered' | 'bounce' | 'dropped' | 'spamreport';

export type Approval = {
  readonly id: string;
  /** The decision it is about. */
  readonly subject: string;
  readonly agentId: string;
  readonly action: DecisionAction;
  readonly actionHash: string;
  readonly title: string;
  readonly lines: readonly ApprovalLine[];
  /** Untrusted: shown fenced, as the words of the agent. Clean and at most 500 characters. */
  readonly agentText: string;
  readonly status: ApprovalStatus;
  /** What the policy asked for when it was requested; an answer needs that or more. */
  readonly tier: Tier;
  /** What it costs a day if it goes wrong. */
  readonly stakeMicros: number;
  readonly consents: readonly Consent[];
  /** Said yes to by as many as it takes; until then anybody of them may still call it off. */
  readonly effectiveAt: number | null;
  /** Hashes of the challenges that passkeys have answered here: none is taken twice. */
  readonly usedChallenges: readonly string[];
  readonly requestedBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Codes tried through links; counted before they are compared. */
  readonly attempts: number;
  readonly lastAttemptAt: number;
  /** The links are dead after too many wrong codes; the owner can still answer where he is known by name. */
  readonly locked: boolean;
  readonly views: number;
  readonly decidedAt: number | null;
  readonly decidedBy: string;
  /** Why it was rejected, in the words of whoever did; clean. */
  readonly reason: string;
  readonly credentials: readonly Credential[];
  /** Absent until the mail service tells. */
  readonly delivery?: Delivery;
  /** Operators whose mail came back. */
  readonly lost: readonly string[];
  /** Nobody else could be asked. */
  readonly exhausted: boolean;
  readonly version: number;
  readonly auditSeq: number;
  readonly auditHash: string;
};

export const APPROVAL_LIFE_MS = 24 * 3_600_000;
export const MAX_CODE_ATTEMPTS = 5;
/** Of one kind for one person. */
export const MAX_CREDENTIALS = 3;
/** Open requests per agent: a looping agent cannot bury the owner in mail. */
export const MAX_OPEN_APPROVALS = 5;
const MAX_AGENT_TEXT = 500;
const MAX_TITLE = 120;

/** What became of an attempt to answer. */
export type AnswerResult =
  /** One of the two needed has said yes. */
  | { readonly kind: 'noted'; readonly approval: Approval }
  /** Both have; it takes effect later. */
  | { readonly kind: 'waits'; readonly approval: Approval }
  /** `fresh` is false when the same answer had been given before. */
  | { readonly kind: 'recorded'; readonly approval: Approval; readonly fresh: boolean }
  /** The opposite was answered before; its outcome stands. */
  | { readonly kind: 'conflict'; readonly approval: Approval }
  /** What would be done is no longer what was shown. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'wrong_code'; readonly attemptsLeft: number }
  /** `why` is for us and for those who proved who they are; through a link all of them look the same. */
  | { readonly kind: 'refused'; readonly why: RefusalReason };

/** Through the link to the kill switch: it was turned on. */
export type Stopped = { readonly kind: 'stopped' };

export type RefusalReason =
  | ('unknown' | 'wrong_token' | 'expired' | 'locked' | 'not_a_person')
  /** Only who holds the link, or is known by name, hears of these. */
  | 'halted'
  | ('needs_passkey' | 'bad_passkey' | 'not_an_approver' | 'requester' | 'policy');

/**
 * The fingerprint of what would be done. The same in the decision, the mail, the page and at the execution; whoever
 * acts recomputes it.
 */
export function actionHashOf(action: DecisionAction, sha256: (text: string) => string): string {
  return sha256(canonicalJson(action));
}

export type ApprovalRequest = {
  readonly decision: Decision;
  readonly requestedBy: string;
  readonly agentText?: string;
  readonly tier: Tier;
  /** Default 24 hours. */
  readonly lifeMs?: number;
};

/** A pending approval of a decision, before it is kept. */
export function newApproval(request: ApprovalRequest, made: { id: string; now: number }): Approval {
  const { decision } = request;
  return {
    id: made.id,
    subject: decision.id,
    agentId: decision.agentId,
    action: decision.action,
    actionHash: decision.actionHash,
    title: cleanLine(titleOf(decision.action), MAX_TITLE),
    lines: linesOf(decision),
    agentText: cleanBlock(request.agentText ?? '', MAX_AGENT_TEXT),
    status: 'pending',
    tier: request.tier,
    stakeMicros: stakeOf(decision),
    consents: [],
    effectiveAt: null,
    usedChallenges: [],
    requestedBy: request.requestedBy,
    createdAt: made.now,
    expiresAt: made.now + (request.lifeMs ?? APPROVAL_LIFE_MS),
    attempts: 0,
    lastAttemptAt: 0,
    locked: false,
    views: 0,
    decidedAt: null,
    decidedBy: '',
    reason: '',
    credentials: [],
    lost: [],
    exhausted: false,
    version: 1,
    auditSeq: 0,
    auditHash: '',
  };
}

/** A pending approval past its time is as good as rejected, whether or not the sweep has been by. */
export function isOpen(approval: Approval, now: number): boolean {
  return approval.status === 'pending' && approval.expiresAt > now;
}

/** Parts of the system never answer what they may have asked. */
export function mayAnswer(actor: string): boolean {
  return !/^(system|agent|run|link):/.test(actor) && actor.includes(':');
}
