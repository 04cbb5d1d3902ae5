/** What a decision would cost, how risky it is, and whether a person must be asked. */
import type { DecisionAction, Risk } from '../decision.ts';
import type { AgentFacts } from '../facts.ts';
import type { DecisionPolicy } from '../policy.ts';

/** What the agent costs a day as it is now: mean cost of its runs × runs per day; rounded up. */
export function dailyCostMicros({ totals, frequency }: AgentFacts): number {
  if (totals.runs === 0) return 0;
  return ceilDivide(BigInt(totals.costMicros) * BigInt(frequency.count), BigInt(totals.runs) * BigInt(frequency.days));
}

/** The same for `added` instances more (or, negative, fewer) than it has now. */
export function scaleImpactMicros(facts: AgentFacts, added: number): number {
  const { totals, frequency, agent } = facts;
  if (totals.runs === 0) return 0;
  const cost = BigInt(totals.costMicros) * BigInt(frequency.count) * BigInt(Math.abs(added));
  const micros = ceilDivide(cost, BigInt(totals.runs) * BigInt(frequency.days) * BigInt(agent.instances));
  return added < 0 ? -micros || 0 : micros;
}

function ceilDivide(dividend: bigint, divisor: bigint): number {
  const micros = (dividend + divisor - 1n) / divisor;
  return Number(micros > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : micros);
}

export type Stakes = {
  readonly action: DecisionAction;
  readonly impactMicrosPerDay: number;
  readonly lifeRoiBps: number | null;
  readonly confidenceBps: number;
};

/** More than the threshold a day (exactly the threshold is done unasked); retiring what is not shown to be a loss. */
export function needsApproval({ action, impactMicrosPerDay, lifeRoiBps }: Stakes, policy: DecisionPolicy): boolean {
  if (impactMicrosPerDay > policy.approvalImpactMicros) return true;
  return action.kind === 'retire' && (lifeRoiBps === null || lifeRoiBps >= 0);
}

/**
 * By impact, reversibility, confidence. High: what must be approved. Medium: what cannot be undone (retiring), adds more
 * than a fifth of the approval threshold, or rests on fewer than 50 runs while adding cost. Low: the rest.
 */
export function riskOf(stakes: Stakes, policy: DecisionPolicy): Risk {
  if (needsApproval(stakes, policy)) return 'high';
  if (stakes.action.kind === 'retire') return 'medium';
  if (stakes.impactMicrosPerDay <= 0) return 'low';
  const large = stakes.impactMicrosPerDay * 5 > policy.approvalImpactMicros;
  return large || stakes.confidenceBps < 5_000 ? 'medium' : 'low';
}
