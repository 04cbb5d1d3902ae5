import type { JsonObject } from '../../shared/domain/agent.ts';
import { type Approval, type ApprovalStatus, isOpen } from '../../shared/domain/approval.ts';
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

export function renderApproval(approval: ApprovalView, style: Style): string {
  const { id, title, status, lines, agentText, expiresAt, decidedAt, decidedBy, decisionId, locked } = approval;
  return blocks(
    details(
      title,
      [
        ['approval', id],
        ['decision', decisionId],
        ['status', status],
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
