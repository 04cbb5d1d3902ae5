/** Limits and their use. One number, `available`, carries the guarantee: conditions cannot do arithmetic. */

/** `fleet` or `agent:<id>`. */
export type Scope = string;

/** What is limited, per what. One kind today; tokens, runs and seconds become kinds of their own. */
export const BUDGET_KIND = 'usd-day';

/** Used until somebody sets another: $100 a day for the fleet, $50 a day for an agent (features: budgets). */
export const DEFAULT_LIMIT_MICROS = { fleet: 100_000_000, agent: 50_000_000 } as const;

export type Limit = {
  readonly scope: Scope;
  readonly limitMicros: number;
  /** Grows with every change; a budget is opened only from the version that was read. */
  readonly version: number;
  /** Instances that may cut slices in this scope. */
  readonly instances: number;
};

/** `available + Σ (slices + held + sent + spent) = limit`, at every moment. */
export type Budget = {
  readonly scope: Scope;
  readonly period: string;
  readonly limitMicros: number;
  readonly availableMicros: number;
  /** No slices are cut any more: claims take what they lack, ends return what is left. */
  readonly exact: boolean;
  /** Idle slices have been called back since it became exact: who looks now need not look again. */
  readonly swept: boolean;
};

export type BudgetStatus = 'healthy' | 'warning' | 'critical' | 'exceeded';

export const agentScope = (agentId: string): Scope => `agent:${agentId}`;
export const scopesOf = (agentId: string): readonly Scope[] => ['fleet', agentScope(agentId)];
export const defaultLimitMicros = (scope: Scope): number =>
  scope === 'fleet' ? DEFAULT_LIMIT_MICROS.fleet : DEFAULT_LIMIT_MICROS.agent;

/** healthy < 75 %, warning ≥ 75, critical ≥ 90, exceeded ≥ 100 of the limit. A limit of 0 is always exceeded. */
export function budgetStatus(spentMicros: number, limitMicros: number): BudgetStatus {
  if (spentMicros >= limitMicros) return 'exceeded';
  if (spentMicros * 100 >= limitMicros * 90) return 'critical';
  return spentMicros * 100 >= limitMicros * 75 ? 'warning' : 'healthy';
}
