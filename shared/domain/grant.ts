/**
 * What a yes allows: one exact action, once, at no more than the stake that was shown, for a while. What is not used of it
 * lapses. It holds no money: what it allows is paid by runs, which reserve under their own limits.
 */
import type { Approval } from './approval.ts';
import { stakeOf } from './approval-tier.ts';
import type { Decision } from './decision.ts';
import { formatUsd } from './money.ts';

export type Grant = {
  readonly actionHash: string;
  /** The most that it may add to a day's cost (or the daily limit that it may set). */
  readonly maxMicros: number;
  readonly until: number;
};

/** Time for a queue to come round after a bad day; a yes of last week is none. */
export const GRANT_LIFE_MS = 24 * 3_600_000;

/** null until somebody has said yes. */
export function grantOf(approval: Approval): Grant | null {
  if (approval.status !== 'approved' || approval.decidedAt === null) return null;
  const { actionHash, stakeMicros, decidedAt } = approval;
  return { actionHash, maxMicros: stakeMicros, until: decidedAt + GRANT_LIFE_MS };
}

/** Why a grant does not cover the decision as it is now; null when it does. `actionHash` is worked out afresh. */
export function grantRefusal(
  approval: Approval | null,
  decision: Decision,
  { actionHash, now }: { readonly actionHash: string; readonly now: number },
): string | null {
  const grant = approval && grantOf(approval);
  if (!grant || approval.subject !== decision.id || grant.actionHash !== actionHash)
    return 'its approval is not for this action';
  if (grant.until <= now) return 'its approval was not used in time';
  const stake = stakeOf(decision);
  return stake > grant.maxMicros
    ? `it would cost ${formatUsd(stake)} a day, and ${formatUsd(grant.maxMicros)} were approved`
    : null;
}
