/**
 * How sure it must be that a person answers. T0: whoever holds the mail, by link and code. T1: an approver, by passkey or by
 * login. T2: two approvers, neither of them who asked, and time to call it off.
 */
import { ASKING } from './autonomy-change.ts';
import type { Decision } from './decision.ts';
import type { DecisionPolicy } from './policy.ts';

export type Tier = 'T0' | 'T1' | 'T2';
const ORDER: readonly Tier[] = ['T0', 'T1', 'T2'];

/** Micro-USD a day that the action adds, saves or allows to be spent: the size of the mistake, whatever its sign. */
export function stakeOf({
  action,
  costImpactMicrosPerDay,
}: Pick<Decision, 'action' | 'costImpactMicrosPerDay'>): number {
  const allowed = action.kind === 'budget_change' ? action.limitMicros : 0;
  // Up to the new threshold fewer are asked from then on: it takes whoever had to be asked for that much until now.
  const unasked = action.kind === 'policy_change' ? ASKING.map((name) => action.autonomy?.[name] ?? 0) : [];
  return Math.max(Math.abs(costImpactMicrosPerDay), allowed, ...unasked);
}

export type TierPolicy = Pick<DecisionPolicy, 'passkeyAboveMicros' | 'twoPeopleAboveMicros'>;

/** Exactly the threshold still belongs to the tier below, as with every threshold of the policy. */
export function tierFor(stakeMicros: number, policy: TierPolicy): Tier {
  if (stakeMicros > policy.twoPeopleAboveMicros) return 'T2';
  return stakeMicros > policy.passkeyAboveMicros ? 'T1' : 'T0';
}

/** What was asked for and what the policy asks for now: the stricter of both. */
export function stricter(a: Tier, b: Tier): Tier {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

export const peopleNeeded = (tier: Tier): number => (tier === 'T2' ? 2 : 1);

/** Something else than a tier of ours counts as the strictest. */
export const tierFrom = (value: unknown): Tier => ORDER.find((tier) => tier === value) ?? 'T2';
