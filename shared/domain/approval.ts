/** A person's answer to one exact action: asked once, by mail, answered once, and rejected by silence. */
import { canonicalJson } from './audit.ts';
import type { Decision, DecisionAction } from './decision.ts';
import { formatBps, formatUsd } from './money.ts';
import { cleanBlock, cleanLine } from './safe-text.ts';

export type ApprovalStatus = 'pending' | 'approved' | 'rejected' | 'expired';
export type Answer = 'approve' | 'reject';
/** T0: link and code. What stands for more trust (a passkey, two people) is a tier of its own. */
export type Tier = 'T0';

/** A fact, rendered by us from the decision; nothing an agent wrote. */
export type ApprovalLine = { readonly label: string; readonly value: string };

/** What one mail gave away, as hashes. A crash between sending and noting it sends a second mail; both must work. */
export type Credential = {
  readonly tokenHash: string;
  readonly approveCodeHash: string;
  readonly rejectCodeHash: string;
  readonly mailedAt: number | null;
};

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
  readonly tier: Tier;
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
  readonly credentials: readonly Credential[];
  readonly version: number;
  readonly auditSeq: number;
  readonly auditHash: string;
};

export const APPROVAL_LIFE_MS = 24 * 3_600_000;
export const MAX_CODE_ATTEMPTS = 5;
export const MAX_CREDENTIALS = 3;
/** Open requests per agent: a looping agent cannot bury the owner in mail. */
export const MAX_OPEN_APPROVALS = 5;
const MAX_AGENT_TEXT = 500;
const MAX_TITLE = 120;
const MAX_VALUE = 240;
const MAX_EVIDENCE_LINES = 12;

/** What became of an attempt to answer. */
export type AnswerResult =
  /** `fresh` is false when the same answer had been given before. */
  | { readonly kind: 'recorded'; readonly approval: Approval; readonly fresh: boolean }
  /** The opposite was answered before; its outcome stands. */
  | { readonly kind: 'conflict'; readonly approval: Approval }
  /** What would be done is no longer what was shown. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'wrong_code'; readonly attemptsLeft: number }
  /** `why` is for us and for those who proved who they are; through a link all of them look the same. */
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'wrong_token' | 'expired' | 'locked' | 'not_a_person' };

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
    tier: 'T0',
    requestedBy: request.requestedBy,
    createdAt: made.now,
    expiresAt: made.now + (request.lifeMs ?? APPROVAL_LIFE_MS),
    attempts: 0,
    lastAttemptAt: 0,
    locked: false,
    views: 0,
    decidedAt: null,
    decidedBy: '',
    credentials: [],
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

function titleOf(action: DecisionAction): string {
  switch (action.kind) {
    case 'scale_up':
      return `Scale ${action.agentId} up from ${action.fromInstances} to ${instances(action.toInstances)}`;
    case 'scale_down':
      return `Scale ${action.agentId} down from ${action.fromInstances} to ${instances(action.toInstances)}`;
    case 'pause':
      return `Pause ${action.agentId}`;
    case 'resume':
      return `Resume ${action.agentId}`;
    case 'retire':
      return `Retire ${action.agentId} for good`;
    case 'optimize':
      return `Optimize ${action.agentId}`;
    case 'deploy':
      return `Deploy ${action.agentId}`;
    case 'budget_change':
      return `Set the daily budget of ${action.agentId} to ${formatUsd(action.limitMicros)}`;
  }
}

const instances = (count: number): string => `${count} ${count === 1 ? 'instance' : 'instances'}`;

function linesOf(decision: Decision): ApprovalLine[] {
  const lines: ApprovalLine[] = [
    { label: 'What', value: titleOf(decision.action) },
    { label: 'Daily cost', value: costText(decision.costImpactMicrosPerDay) },
    { label: 'Why', value: decision.why },
    { label: 'Confidence', value: `${formatBps(decision.confidenceBps)}, ${decision.risk} risk` },
  ];
  if (decision.expectedRoiBps !== null)
    lines.push({ label: 'Expected ROI', value: formatBps(decision.expectedRoiBps) });
  for (const [name, value] of Object.entries(decision.evidence).slice(0, MAX_EVIDENCE_LINES)) {
    lines.push(evidenceLine(name, value));
  }
  return lines.map(({ label, value }) => ({ label: cleanLine(label, 40), value: cleanLine(value, MAX_VALUE) }));
}

function costText(microsPerDay: number): string {
  if (microsPerDay === 0) return 'no change';
  if (microsPerDay > 0) return `${formatUsd(microsPerDay)} more per day`;
  return `${formatUsd(-microsPerDay)} less per day`;
}

/** `costMicros: 120000` → "Cost: $0.12"; `successBps: 9100` → "Success: 91 %". */
function evidenceLine(name: string, value: string | number | boolean | null): ApprovalLine {
  const spaced = name.replace(/(Micros|Bps)(?=[A-Z]|$)/g, '').replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  const words = spaced
    .replace(/_/g, ' ')
    .toLowerCase()
    .replace(/\broi\b/, 'ROI');
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  if (value === null) return { label, value: 'n/a' };
  if (typeof value === 'number' && /Micros/.test(name)) return { label, value: formatUsd(value) };
  if (typeof value === 'number' && /Bps/.test(name)) return { label, value: formatBps(value) };
  if (typeof value === 'boolean') return { label, value: value ? 'yes' : 'no' };
  return { label, value: String(value) };
}
