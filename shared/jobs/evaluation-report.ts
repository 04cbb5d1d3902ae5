/** What a decision pass says for itself: the stable shape that `autonomy run` prints. */
import type { Actor } from '../domain/audit.ts';
import type { Analysis } from '../domain/decide/analyse.ts';
import type { FleetVerdicts } from '../domain/decide/decide-fleet.ts';
import type { Decision, DecisionKind, DecisionStatus, Risk, Verdict } from '../domain/decision.ts';
import type { AgentFacts } from '../domain/facts.ts';
import type { AutonomyMode, DecisionPolicy } from '../domain/policy.ts';
import type { FleetFacts } from '../store/facts-store.ts';
import type { Outcome } from './evaluate-agents.ts';

export type AnalysisView = {
  /** The agent's. */
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly instances: number;
  readonly health: string;
  readonly healthReasons: readonly string[];
  readonly verdict: string;
  readonly suggestion: string;
  readonly why: string;
  readonly runs: number;
  readonly roiBps: number | null;
  readonly successBps: number;
  readonly costMicros: number;
  readonly revenueMicros: number;
  /** Held back of the revenue for refunds before the verdict. */
  readonly reserveMicros: number;
  readonly confidenceBps: number;
  /** Why a verdict was not acted upon: no room in the fleet's budget. */
  readonly capped: string | null;
};

export type DecisionView = {
  /** Of a pass that records nothing: `dry-run:<agent>:<kind>`. */
  readonly id: string;
  readonly type: DecisionKind;
  /** The agent's id. */
  readonly target: string;
  readonly status: DecisionStatus;
  readonly why: string;
  readonly costImpactMicrosPerDay: number;
  readonly needsApproval: boolean;
  readonly approvalId: string | null;
  readonly risk: Risk;
  readonly confidenceBps: number;
  readonly expectedRoiBps: number | null;
  readonly fromInstances: number | null;
  readonly toInstances: number | null;
};

export type EvaluationReport = {
  readonly timestamp: string;
  readonly enabled: boolean;
  readonly mode: AutonomyMode;
  readonly dryRun: boolean;
  readonly analyses: readonly AnalysisView[];
  readonly decisions: readonly DecisionView[];
  readonly pendingApprovals: number;
  readonly budgetLimitMicros: number;
  readonly budgetSpentTodayMicros: number;
  readonly budgetRemainingMicros: number;
  readonly errors: readonly { readonly agentId: string; readonly why: string }[];
};

export type Evaluated = {
  readonly order: { readonly dryRun: boolean; readonly actor: Actor };
  readonly policy: DecisionPolicy;
  readonly fleet: FleetFacts;
  readonly analyses: ReadonlyMap<string, Analysis>;
  readonly capped: FleetVerdicts['capped'];
  readonly outcome: Outcome;
  readonly pendingApprovals: number;
};

export function reportOf({
  order,
  policy,
  fleet,
  analyses,
  capped,
  outcome,
  pendingApprovals,
}: Evaluated): EvaluationReport {
  const { limitMicros, spentMicros } = fleet.budget;
  return {
    timestamp: new Date(fleet.now).toISOString(),
    enabled: policy.mode !== 'off',
    mode: policy.mode,
    dryRun: order.dryRun,
    analyses: fleet.facts.flatMap((facts) => {
      const analysis = analyses.get(facts.agent.id);
      const held = capped.find(({ agentId }) => agentId === facts.agent.id);
      return analysis ? [analysisView(facts, analysis, held?.why ?? null)] : [];
    }),
    decisions: [...outcome.decisions.map(decisionView), ...outcome.thoughts.map(thoughtView)],
    pendingApprovals,
    budgetLimitMicros: limitMicros,
    budgetSpentTodayMicros: spentMicros,
    budgetRemainingMicros: Math.max(0, limitMicros - spentMicros),
    errors: [...fleet.unreadable, ...outcome.errors],
  };
}

function analysisView({ agent, health, totals }: AgentFacts, analysis: Analysis, capped: string | null): AnalysisView {
  const { verdict, suggestion, why, runs, roiBps, successBps, confidenceBps } = analysis;
  const { id, name, status, instances } = agent;
  const { costMicros, revenueMicros } = totals;
  return {
    ...{ id, name, status, instances, health: health.state, healthReasons: health.reasons },
    ...{ verdict, suggestion, why, runs, roiBps, successBps, costMicros, revenueMicros, confidenceBps, capped },
    reserveMicros: analysis.reserve.reserveMicros,
  };
}

/** A recorded decision as it is shown everywhere. */
export function decisionView(decision: Decision): DecisionView {
  const { id, status, approvalId } = decision;
  return { id, ...verdictView(decision), status, approvalId };
}

function thoughtView(verdict: Verdict): DecisionView {
  const { agentId, kind } = verdict.action;
  return { id: `dry-run:${agentId}:${kind}`, ...verdictView(verdict), status: 'proposed', approvalId: null };
}

function verdictView(verdict: Verdict): Omit<DecisionView, 'id' | 'status' | 'approvalId'> {
  const { action, why, costImpactMicrosPerDay, needsApproval, risk, confidenceBps, expectedRoiBps } = verdict;
  const scaled = action.kind === 'scale_up' || action.kind === 'scale_down' ? action : null;
  return {
    ...{ type: action.kind, target: action.agentId, why, costImpactMicrosPerDay, needsApproval },
    ...{ risk, confidenceBps, expectedRoiBps },
    fromInstances: scaled?.fromInstances ?? null,
    toInstances: scaled?.toInstances ?? null,
  };
}
