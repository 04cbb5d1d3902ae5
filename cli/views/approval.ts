import type { JsonObject } from '../../shared/domain/agent.ts';
import { type Approval, type ApprovalStatus, isOpen } from '../../shared/domain/approval.ts';
import type { Tier } from '../../shared/domain/approval-tier.ts';
import { blocks, details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { longTime, shortTime } from '../render/words.ts';

export type ApprovalView = {
  readonly id: string;
  readonly decisionId: string;
  readonly agentId: string;
  readonly type: string;
  readonly status: ApprovalStatus;
  /** T0: link and code. T1: a passkey, or someone known by name. T2: two people. */
  readonly tier: Tier;
  readonly consents: readonly { readonly id: string; readonly by: string; readonly consentedAt: string }[];
  /** Enough people have said yes; until then it can be rejected. */
  readonly effectiveAt: string | null;
  readonly title: string;
  /** What would be done, exactly. */
  readonly action: JsonObject;
  readonly actionHash: string;
  readonly lines: readonly { readonly label: string; readonly value: string }[];
  /** The agent's own words: untrusted. */
  readonly agentText: string;
  readonly requestedBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The mailed links are dead after too many wrong codes; here it can still be answered. */
  readonly locked: boolean;
  readonly decidedAt: string | null;
  readonly decidedBy: string | null;
};

/** Nothing that could answer it (hashes of tokens and codes) is shown. */
export function approvalView(approval: Approval, now: number): ApprovalView {
  const { id, subject, agentId, action, status, title, actionHash, lines, agentText, requestedBy, locked } = approval;
  return {
    id,
    decisionId: subject,
    agentId,
    type: action.kind,
    status: status === 'pending' && !isOpen(approval, now) ? 'expired' : status,
    tier: approval.tier,
    consents: approval.consents.map(({ operatorId, actor, at }) => ({
      ...{ id: operatorId, by: actor, consentedAt: new Date(at).toISOString() },
    })),
    effectiveAt: approval.effectiveAt === null ? null : new Date(approval.effectiveAt).toISOString(),
    title,
    action: { ...action },
    actionHash,
    lines: lines.map(({ label, value }) => ({ label, value })),
    agentText,
    requestedBy,
    createdAt: new Date(approval.createdAt).toISOString(),
    expiresAt: new Date(approval.expiresAt).toISOString(),
    locked,
    decidedAt: approval.decidedAt === null ? null : new Date(approval.decidedAt).toISOString(),
    decidedBy: approval.decidedBy || null,
  };
}

export function renderApprovals(approvals: readonly ApprovalView[], style: Style): string {
  return table(
    approvals,
    [
      { title: 'APPROVAL', value: ({ id }) => id },
      { title: 'STATUS', value: ({ status }) => status, state: true },
      { title: 'WHAT', value: ({ title }) => title, min: 16 },
      { title: 'EXPIRES (UTC)', value: ({ expiresAt }) => shortTime(expiresAt), dropOrder: 1 },
    ],
    style,
    'nothing waits for you',
  );
}

const TAKES: Readonly<Record<Tier, string>> = {
  T0: 'a code of the mail, or an approver at the terminal',
  T1: 'an approver with a passkey, or at the terminal',
  T2: 'two approvers, each with a passkey or at the terminal',
};

export function renderApproval(approval: ApprovalView, style: Style): string {
  const { id, title, status, lines, agentText, expiresAt, decidedAt, decidedBy, decisionId, locked } = approval;
  const { consents, effectiveAt } = approval;
  return blocks(
    details(
      title,
      [
        ['approval', id],
        ['decision', decisionId],
        ['status', status],
        ['takes', TAKES[approval.tier]],
        ['said yes', consents.map(({ by }) => by).join(', ')],
        ['effective', longTime(effectiveAt)],
      ],
      style,
    ),
    details(
      '',
      lines.map(({ label, value }): readonly [string, string] => [label, value]),
      style,
    ),
    agentText ? details('', [['the agent says', agentText]], style) : '',
    status === 'pending'
      ? `Without an answer by ${longTime(expiresAt)} it is rejected.${locked ? ' Its links are dead.' : ''}
nova approval approve ${id}
nova approval reject ${id}`
      : `${status}${decidedBy ? ` by ${decidedBy}` : ''}${decidedAt ? ` at ${longTime(decidedAt)}` : ''}`,
  );
}
