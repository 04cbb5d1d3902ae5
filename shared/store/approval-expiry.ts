/** What the sweep does about approvals: silence becomes a rejection, and a lock that a crash swallowed is made good. */
import { type Approval, MAX_CODE_ATTEMPTS } from '../domain/approval.ts';
import type { World } from '../ports/world.ts';
import { confirm } from './approval-consent.ts';
import { lockApproval } from './approval-lock.ts';
import { approvalChangeOps, getApproval, openApprovals } from './approval-store.ts';
import { decisionMoveOps, getDecision } from './decision-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'settings' | 'work' | 'log'>;

const ACTOR = 'system:sweep';
/** Longer than any answer takes: a right code among the last attempts is not cut off. */
const LOCK_GRACE_MS = 60_000;

/** Ends every request past its time, its decision with it. Whoever answers at the same moment wins or loses cleanly. */
export async function expireDue(
  world: Ports,
  now: number,
): Promise<{ expired: number; locked: number; confirmed: number }> {
  let expired = 0;
  let locked = 0;
  let confirmed = 0;
  for (const { id } of await openApprovals(world.table)) {
    const approval = await getApproval(world.table, id);
    if (approval?.status !== 'pending') continue;
    if (approval.effectiveAt !== null) {
      if (approval.effectiveAt <= now) confirmed += (await confirm(world, approval)) === 'approved' ? 1 : 0;
    } else if (approval.expiresAt <= now) expired += (await expire(world, approval)) ? 1 : 0;
    else if (isSilentlyLocked(approval, now)) locked += (await lockApproval(world, id)) ? 1 : 0;
  }
  return { expired, locked, confirmed };
}

function isSilentlyLocked(approval: Approval, now: number): boolean {
  return !approval.locked && approval.attempts >= MAX_CODE_ATTEMPTS && approval.lastAttemptAt + LOCK_GRACE_MS <= now;
}

/** False when someone was faster: the next sweep looks again. */
async function expire(world: Ports, approval: Approval): Promise<boolean> {
  const decision = await getDecision(world.table, approval.subject);
  const waits = decision?.status === 'awaiting_approval' && decision.actionHash === approval.actionHash;
  const outcome = 'nobody answered in time, which counts as rejected';
  const changed = approvalChangeOps(world, approval, {
    actor: ACTOR,
    action: 'approval.expired',
    details: { decisionId: approval.subject, actionHash: approval.actionHash },
    set: { status: 'expired', decidedAt: world.time.now(), decidedBy: ACTOR },
    if: [{ attr: 'status', op: '=', value: 'pending' }],
  });
  const moved = decision && waits ? decisionMoveOps(world, decision, { to: 'expired', actor: ACTOR, outcome }).ops : [];
  return (await world.table.transact([...changed, ...moved])).ok;
}
