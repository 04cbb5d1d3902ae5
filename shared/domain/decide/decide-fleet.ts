/** All agents in one pass: one verdict each at most, and no more added cost than the fleet's budget holds. */
import type { Verdict } from '../decision.ts';
import type { AgentFacts, FleetBudget } from '../facts.ts';
import { formatUsd } from '../money.ts';
import type { DecisionPolicy } from '../policy.ts';
import { decide } from './decide.ts';

export type FleetVerdicts = {
  /** By agent id. */
  readonly verdicts: readonly Verdict[];
  /** Would have been decided, had the budget of the fleet had room. */
  readonly capped: readonly { readonly agentId: string; readonly why: string }[];
};

export type FleetPass = {
  readonly facts: readonly AgentFacts[];
  readonly policy: DecisionPolicy;
  readonly budget: FleetBudget;
  readonly now: number;
};

/**
 * The room goes to the best return first. What must be approved is asked for even when it does not fit (a person may
 * raise the limit) and takes no room from the others; whatever is decided, the budgets themselves hold at every run.
 */
export function decideFleet({ facts, policy, budget, now }: FleetPass): FleetVerdicts {
  const found = facts.flatMap((one) => decide(one, policy, now) ?? []);
  let room = budget.limitMicros - budget.spentMicros - budget.committedMicros;
  const verdicts: Verdict[] = [];
  const capped: { agentId: string; why: string }[] = [];
  for (const verdict of [...found].sort(byReturn)) {
    const impact = verdict.costImpactMicrosPerDay;
    const agentId = verdict.action.agentId;
    if (impact <= 0) verdicts.push(verdict);
    else if (verdict.needsApproval)
      verdicts.push(impact > room ? { ...verdict, why: overRoom(verdict, room) } : verdict);
    else if (impact > room) capped.push({ agentId, why: overRoom(verdict, room) });
    else {
      verdicts.push(verdict);
      room -= impact;
    }
  }
  return { verdicts: verdicts.sort(byAgent), capped: capped.sort((a, b) => order(a.agentId, b.agentId)) };
}

function overRoom({ why }: Verdict, room: number): string {
  return `${why}; more than the ${formatUsd(Math.max(0, room))} that the fleet's budget of today has left`;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byAgent = (a: Verdict, b: Verdict): number => order(a.action.agentId, b.action.agentId);
const byReturn = (a: Verdict, b: Verdict): number => (b.expectedRoiBps ?? 0) - (a.expectedRoiBps ?? 0) || byAgent(a, b);
