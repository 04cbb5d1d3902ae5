/** A governed change of state, with the numbers that led to it. */
import type { PolicyChange } from './policy.ts';
import type { RulesChange } from './policy-rules.ts';

export type DecisionKind =
  | 'scale_up'
  | 'scale_down'
  | 'pause'
  | 'resume'
  | 'retire'
  | 'optimize'
  | 'deploy'
  | 'budget_change'
  | 'policy_change';

export type DecisionStatus =
  | 'proposed'
  | 'awaiting_approval'
  | 'approved'
  | 'rejected'
  | 'expired'
  | 'executing'
  | 'executed'
  | 'failed'
  | 'superseded';

export type Risk = 'low' | 'medium' | 'high';

/** What it would do, exactly; hashed, shown to the approver, and checked again before it is done. */
export type DecisionAction =
  | {
      readonly kind: 'scale_up' | 'scale_down';
      readonly agentId: string;
      readonly fromInstances: number;
      readonly toInstances: number;
    }
  | { readonly kind: 'pause'; readonly agentId: string; readonly reason: 'crash_limit' | 'budget' | 'decision' }
  | { readonly kind: 'resume' | 'retire' | 'optimize' | 'deploy'; readonly agentId: string }
  | { readonly kind: 'budget_change'; readonly agentId: string; readonly limitMicros: number }
  | {
      readonly kind: 'policy_change';
      readonly agentId: string;
      readonly fromVersion: number;
      readonly change: RulesChange;
      /** In its place: modes and thresholds, whose version `fromVersion` is then. */
      readonly autonomy?: PolicyChange;
    };

/** A verdict of the pure rule, before it has an id or a state. */
export type Verdict = {
  readonly action: DecisionAction;
  /** One sentence with the numbers in it. */
  readonly why: string;
  readonly risk: Risk;
  /** min(runs / 100, 1) as basis points. */
  readonly confidenceBps: number;
  readonly expectedRoiBps: number | null;
  /** What it adds to (or, negative, saves of) the daily cost. */
  readonly costImpactMicrosPerDay: number;
  readonly needsApproval: boolean;
  /** The facts as they stood, for the record. */
  readonly evidence: { readonly [name: string]: string | number | boolean | null };
};

export type Decision = Verdict & {
  readonly id: string;
  readonly kind: DecisionKind;
  readonly agentId: string;
  readonly status: DecisionStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly approvalId: string | null;
  readonly actionHash: string;
  readonly rule: string;
  /** What became of it: who approved, why it failed, what superseded it. */
  readonly outcome: string;
  readonly version: number;
  readonly auditSeq: number;
  readonly auditHash: string;
};

/** States from which nothing follows. */
export const FINAL_DECISIONS: readonly DecisionStatus[] = ['rejected', 'expired', 'executed', 'failed', 'superseded'];
