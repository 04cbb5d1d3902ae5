/** The gate before a new agent: deployed only on an expectation that would keep it, and asked for when it is dear. */
import type { Verdict } from '../decision.ts';
import { formatBps, formatUsd } from '../money.ts';
import type { DecisionPolicy } from '../policy.ts';
import { needsApproval, riskOf, type Stakes } from './risk.ts';

export type DeployProposal = {
  readonly agentId: string;
  readonly expectedRoiBps: number;
  /** At its holds and on its schedule: the most it can cost per day. */
  readonly dailyCostMicros: number;
};

/** Nothing has run yet: an expectation is worth half (features: deploy gate). */
const EXPECTED_CONFIDENCE_BPS = 5_000;

/** A verdict to be executed or approved, or the sentence that refuses: an agent below `keepRoiBps` would not be kept. */
export function deployGate(proposal: DeployProposal, policy: DecisionPolicy): Verdict | { readonly refused: string } {
  const { agentId, expectedRoiBps, dailyCostMicros } = proposal;
  const expected = `expected ROI ${formatBps(expectedRoiBps)}`;
  const bar = formatBps(policy.keepRoiBps);
  if (expectedRoiBps < policy.keepRoiBps)
    return { refused: `${expected} is below the ${bar} that an agent must promise` };
  const action = { kind: 'deploy', agentId } as const;
  const stakes: Stakes = {
    action,
    impactMicrosPerDay: dailyCostMicros,
    lifeRoiBps: null,
    confidenceBps: EXPECTED_CONFIDENCE_BPS,
  };
  return {
    action,
    why: `${expected} (≥ ${bar}), up to ${formatUsd(dailyCostMicros)}/day`,
    risk: riskOf(stakes, policy),
    confidenceBps: EXPECTED_CONFIDENCE_BPS,
    expectedRoiBps,
    costImpactMicrosPerDay: dailyCostMicros,
    needsApproval: needsApproval(stakes, policy),
    evidence: { dailyCostMicros: 0, policyVersion: policy.version },
  };
}
