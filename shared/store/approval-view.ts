/** What a link shows. Reading decides nothing, however often and by whomever it is done. */
import { type Approval, isOpen, MAX_CODE_ATTEMPTS } from '../domain/approval.ts';
import { ignoredText, timeText } from '../domain/approval-mail.ts';
import type { World } from '../ports/world.ts';
import type { ApprovalView } from '../wire/approval.ts';
import { holdsToken, tokenHashOf } from './approval-credentials.ts';
import { approvalChangeOps, getApproval } from './approval-store.ts';
import { approvalKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing' | 'settings'>;

/** @returns null for an unknown id, a wrong token, an expired and a locked request alike. */
export async function viewApproval(world: Ports, approvalId: string, token: string): Promise<ApprovalView | null> {
  const tokenHash = tokenHashOf(world, token);
  const approval = await getApproval(world.table, approvalId);
  if (!approval || !holdsToken(approval, tokenHash)) return null;
  const answered = approval.status === 'approved' || approval.status === 'rejected';
  const usable = isOpen(approval, world.time.now()) && !approval.locked && approval.attempts < MAX_CODE_ATTEMPTS;
  if (!answered && !usable) return null;
  await noteView(world, approval);
  return viewOf(approval, world.settings);
}

/** The first view is audited, later ones are counted: programs that look at mail view a lot. */
async function noteView(world: Ports, approval: Approval): Promise<void> {
  if (approval.views === 0) {
    const ops = approvalChangeOps(world, approval, {
      actor: `link:${world.settings.ownerEmail}`,
      action: 'approval.viewed',
      details: { decisionId: approval.subject },
      set: { views: 1 },
    });
    if ((await world.table.transact(ops)).ok) return;
  }
  const exists = { attr: 'pk', op: 'exists' } as const;
  await world.table.write({ op: 'update', key: approvalKey(approval.id), add: { views: 1 }, if: [exists] });
}

function viewOf(approval: Approval, owner: { ownerEmail: string; timezone: string }): ApprovalView {
  const { status, title, lines, agentText, actionHash } = approval;
  return {
    status,
    title,
    lines,
    agentText,
    actionHash,
    askedOf: owner.ownerEmail,
    ifIgnored: status === 'pending' ? ignoredText(approval, owner.timezone) : '',
    outcome: approval.decidedAt === null ? '' : outcomeText(approval, approval.decidedAt, owner.timezone),
  };
}

function outcomeText(approval: Approval, decidedAt: number, timezone: string): string {
  const [kind = '', ...name] = approval.decidedBy.split(':');
  const who = kind === 'link' ? `whoever held the link mailed to ${name.join(':')}` : name.join(':');
  const verb = approval.status === 'approved' ? 'Approved' : 'Rejected';
  return `${verb} by ${who} on ${timeText(decidedAt, timezone)}.`;
}
