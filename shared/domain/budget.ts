/** Limits and their use. One number, `available`, carries the guarantee: conditions cannot do arithmetic. */
import type { Per } from './calendar.ts';

/** `fleet`, `department:<name>` or `agent:<id>`. A run's own limit is its spec's. */
export type Scope = string;

/** Micro-USD, tokens, runs, whole seconds. */
export const KINDS = ['usd', 'tokens', 'runs', 'seconds'] as const;
export type Kind = (typeof KINDS)[number];

/** A limit's name: what is limited, for whom, per what. */
export type Line = { readonly scope: Scope; readonly kind: Kind; readonly per: Per };

/** So much of each kind. */
export type Amounts = { readonly [kind in Kind]: number };
export const NOTHING: Amounts = { usd: 0, tokens: 0, runs: 0, seconds: 0 };

/** The limit that every scope has, set or not. */
export const BUDGET_KIND = 'usd-day';

/** Used until somebody sets another: $100 a day for the fleet, $50 a day for an agent (features: budgets). */
export const DEFAULT_LIMIT_MICROS = { fleet: 100_000_000, agent: 50_000_000 } as const;
/** The most that one paid call may be bound to: $30 (features: budgets). */
export const MAX_OPERATION_MICROS = 30_000_000;

export type Limit = {
  readonly line: Line;
  readonly scope: Scope;
  /** In the unit of its kind; micro-USD for dollars. */
  readonly limitMicros: number;
  /** Grows with every change; a budget is opened only from the version that was read. 0: nobody has set it. */
  readonly version: number;
  /** Instances that may cut slices in this scope. */
  readonly instances: number;
  /** Ticks are thinned out from 90 %. */
  readonly throttled: boolean;
  /** It is new: what was spent before it is still being counted. */
  readonly counting: boolean;
  /** It was taken away; what it was stays for its history. */
  readonly removed: boolean;
};

/** `available + Σ (slices + held + sent + spent) = limit`, at every moment; all in the unit of the line's kind. */
export type Budget = {
  readonly line: Line;
  readonly scope: Scope;
  readonly period: string;
  readonly limitMicros: number;
  readonly availableMicros: number;
  /** No slices are cut any more: claims take what they lack, ends return what is left. */
  readonly exact: boolean;
  /** Idle slices have been called back since it became exact: who looks now need not look again. */
  readonly swept: boolean;
  /** The limit is new: what was spent before it is still being counted, and nothing is given out until it is. */
  readonly counting: boolean;
  /** The limit was taken away in this period: whoever still goes by it lets go. What is in it is history. */
  readonly removed: boolean;
  readonly throttled: boolean;
  /** Somebody was refused for it since the last raise. */
  readonly full: boolean;
  /** The highest per cent that the owner was told of. */
  readonly told: number;
};

export type BudgetStatus = 'healthy' | 'warning' | 'critical' | 'exceeded';

export const agentScope = (agentId: string): Scope => `agent:${agentId}`;
export const departmentScope = (department: string): Scope => `department:${department}`;
export const scopesOf = (agentId: string): readonly Scope[] => ['fleet', agentScope(agentId)];
export const usdDay = (scope: Scope): Line => ({ scope, kind: 'usd', per: 'day' });
/** The limits every agent is under. */
export const basicLines = (agentId: string): readonly Line[] => scopesOf(agentId).map(usdDay);
/** `usd-day`: how a line is spelled in keys and on the command line. */
export const lineName = ({ kind, per }: Pick<Line, 'kind' | 'per'>): string => `${kind}-${per}`;
export const isLine = (a: Line, b: Line): boolean => a.scope === b.scope && a.kind === b.kind && a.per === b.per;
/** A limit that is there although nobody has set it. */
export const isBasic = ({ scope, kind, per }: Line): boolean =>
  kind === 'usd' && per === 'day' && !scope.startsWith('department:');

export const defaultLimitMicros = (scope: Scope): number =>
  scope === 'fleet' ? DEFAULT_LIMIT_MICROS.fleet : DEFAULT_LIMIT_MICROS.agent;

/** healthy < 75 %, warning ≥ 75, critical ≥ 90, exceeded ≥ 100 of the limit. A limit of 0 is always exceeded. */
export function budgetStatus(spentMicros: number, limitMicros: number): BudgetStatus {
  if (spentMicros >= limitMicros) return 'exceeded';
  if (spentMicros * 100 >= limitMicros * 90) return 'critical';
  return spentMicros * 100 >= limitMicros * 75 ? 'warning' : 'healthy';
}

/** Kinds that are limited for somebody under these lines. */
export const kindsOf = (lines: readonly Line[]): readonly Kind[] =>
  KINDS.filter((kind) => lines.some((line) => line.kind === kind));
