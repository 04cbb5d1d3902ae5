/** What a link shows. Reading decides nothing, however often and by whomever it is done. */
import { type Approval, isOpen, MAX_CODE_ATTEMPTS } from '../domain/approval.ts';
import { peopleText } from '../domain/approval-cancel-mail.ts';
import { ignoredText, timeText } from '../domain/approval-mail.ts';
import type { Tier } from '../domain/approval-tier.ts';
import type { World } from '../ports/world.ts';
import type { ApprovalView } from '../wire/approval.ts';
import { tierNow } from './approval-consent.ts';
import { credentialOf, tokenHashOf } from './approval-credentials.ts';
import { approvalChangeOps, getApproval } from './approval-store.ts';
import { approvalKey } from './keys.ts';
import { getOperator } from './operator-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing' | 'settings'>;

/** @returns null for an unknown id, a wrong token, an expired and a locked request alike. */
export async function viewApproval(world: Ports, approvalId: string, token: string): Promise<ApprovalView | null> {
  const tokenHash = tokenHashOf(world, token);
  const approval = await getApproval(world.table, approvalId);
  const credential = approval && credentialOf(approval, tokenHash);
  if (!approval || !credential) return null;
  const answered = approval.status === 'approved' || approval.status === 'rejected';
  const open = isOpen(approval, world.time.now());
  const locked = approval.locked || approval.attempts >= MAX_CODE_ATTEMPTS;
  // Where a passkey answers, wrong codes close the way of codes alone.
  if (!answered && !(open && (!locked || approval.tier !== 'T0'))) return null;
  // Who was sent the mail may have left; what they still hold opens nothing.
  const holder = await getOperator(world, credential.to);
  if (!holder) return null;
  const tier = await tierNow(world, approval);
  const askedOf = holder.email;
  await noteView(world, approval, askedOf);
  return viewOf(approval, { tier, locked, askedOf, timezone: world.settings.timezone });
}

/** The first view is audited, later ones are counted: programs that look at mail view a lot. */
async function noteView(world: Ports, approval: Approval, askedOf: string): Promise<void> {
  if (approval.views === 0) {
    const ops = approvalChangeOps(world, approval, {
      actor: `link:${askedOf}`,
      action: 'approval.viewed',
      details: { decisionId: approval.subject },
      set: { views: 1 },
    });
    if ((await world.table.transact(ops)).ok) return;
  }
  const exists = { attr: 'pk', op: 'exists' } as const;
  await world.table.write({ op: 'update', key: approvalKey(approval.id), add: { views: 1 }, if: [exists] });
}

type Now = { readonly tier: Tier; readonly locked: boolean; readonly askedOf: string; readonly timezone: string };

function viewOf(approval: Approval, { tier, locked, askedOf, timezone }: Now): ApprovalView {
  const { status, title, lines, agentText, actionHash, subject, effectiveAt } = approval;
  const waits = status === 'pending' && effectiveAt !== null;
  return {
    ...{ status, title, lines, agentText, actionHash, tier, waits, locked, askedOf },
    decisionId: subject,
    standing: status === 'pending' ? standingText(approval, tier, timezone) : '',
    ifIgnored: status !== 'pending' ? '' : waits ? 'It takes effect then.' : ignoredText(approval, timezone),
    outcome: approval.decidedAt === null ? '' : outcomeText(approval, approval.decidedAt, timezone),
  };
}

function standingText({ consents, effectiveAt }: Approval, tier: Tier, timezone: string): string {
  if (tier === 'T1') return 'So much is at stake that a code is not enough: a passkey approves it.';
  if (tier !== 'T2') return '';
  if (consents.length === 0) return 'So much is at stake that two people must approve it, each with a passkey.';
  const who = consents.map(({ operatorId }) => operatorId).join(' and ');
  if (effectiveAt === null) return `${who} has said yes. One more person must.`;
  return `${who} have said yes. It takes effect on ${timeText(effectiveAt, timezone)}, unless it is called off.`;
}

function outcomeText(approval: Approval, decidedAt: number, timezone: string): string {
  const verb = approval.status === 'approved' ? 'Approved' : 'Rejected';
  return `${verb} by ${peopleText(approval.decidedBy.split(', '))} on ${timeText(decidedAt, timezone)}.`;
}
