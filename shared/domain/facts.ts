/** What the decision engine knows about one agent: counts and sums as they stood, so that any rule can be tried on them. */
import type { Agent } from './agent.ts';
import type { DecisionKind, DecisionStatus } from './decision.ts';
import { type Earnings, netMicros } from './earnings.ts';
import type { Health } from './health.ts';
import { type Instance, NO_TALLY, type Tally } from './instance.ts';
import type { ReserveFacts } from './reserve.ts';
import type { Frequency } from './schedule/per-day.ts';

/** Sums over the whole life of the agent at one moment. */
export type Totals = {
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Crashes and time-outs. */
  readonly crashed: number;
  readonly costMicros: number;
  /** Booked: what is left of it after refunds, disputes and fees. */
  readonly revenueMicros: number;
  /** Declared by runs and not booked yet: it is on its way through the queue. */
  readonly unbookedMicros: number;
};

export const NO_TOTALS: Totals = {
  runs: 0,
  succeeded: 0,
  failed: 0,
  crashed: 0,
  costMicros: 0,
  revenueMicros: 0,
  unbookedMicros: 0,
};

/** What earlier decisions about this agent left behind. */
export type DecisionMemory = {
  readonly openKinds: readonly DecisionKind[];
  /** The last decision that came to an end other than being superseded. */
  readonly lastEnd: { readonly kind: DecisionKind; readonly status: DecisionStatus; readonly at: number } | null;
  /** The last one that was executed, and the totals it was based on: what came after is what it led to. */
  readonly lastExecuted: { readonly kind: DecisionKind; readonly at: number; readonly totals: Totals } | null;
};

export const NO_MEMORY: DecisionMemory = { openKinds: [], lastEnd: null, lastExecuted: null };

export type AgentFacts = {
  readonly agent: Agent;
  /** Instances that are active at this moment; the desired number is on the agent. */
  readonly activeInstances: number;
  readonly totals: Totals;
  /** Of the running period of the owner's zone. */
  readonly today: Tally;
  readonly health: Health;
  /** The longest row of crashes over all instances. */
  readonly crashStreak: number;
  readonly crashLimit: number;
  /** Epoch milliseconds; 0 when no instance is cooling. */
  readonly coolingUntil: number;
  /** Runs of all desired instances together: as the schedule says, or as observed when there is none. */
  readonly frequency: Frequency;
  readonly budget: { readonly limitMicros: number; readonly spentMicros: number };
  readonly memory: DecisionMemory;
  /** What may still be taken back of the revenue, and how often it was. */
  readonly refunds: ReserveFacts;
};

/** Today's money of the whole fleet. */
export type FleetBudget = {
  readonly limitMicros: number;
  readonly spentMicros: number;
  /** Added daily cost of decisions that are approved and not executed yet. */
  readonly committedMicros: number;
};

/** Spent its daily budget to the last micro. Nothing spent exceeds nothing: a free agent may have a limit of 0. */
export function budgetExceeded({ spentMicros, limitMicros }: AgentFacts['budget']): boolean {
  return spentMicros > 0 && spentMicros >= limitMicros;
}

export function sumTallies(tallies: readonly Tally[]): Tally {
  return tallies.reduce((sum, tally) => {
    const names = Object.keys(NO_TALLY) as (keyof Tally)[];
    return Object.fromEntries(names.map((name) => [name, sum[name] + tally[name]])) as Tally;
  }, NO_TALLY);
}

/** Today's tally over instances; one that has not run in this period counts nothing. */
export function todayOf(instances: readonly Instance[], period: string): Tally {
  return sumTallies(instances.filter(({ slice }) => slice.period === period).map(({ day }) => day));
}

/** Spent today, and what calls in progress may have cost already. */
export function spentToday(instances: readonly Instance[], period: string): number {
  const current = instances.filter(({ slice }) => slice.period === period);
  return current.reduce((sum, { day, run }) => sum + day.costMicros + (run?.sentMicros ?? 0), 0);
}

export function totalsOf(instances: readonly Instance[], earnings: Earnings): Totals {
  const total = sumTallies(instances.map((instance) => instance.total));
  return {
    runs: total.runs,
    succeeded: total.succeeded,
    failed: total.failed,
    crashed: total.crashed + total.timedOut,
    costMicros: total.costMicros,
    revenueMicros: netMicros(earnings),
    unbookedMicros: Math.max(0, total.earnedMicros - earnings.revenueMicros),
  };
}

/**
 * Runs per day of an agent without a schedule: today's, or the mean of its life when that is more. The larger one, so
 * that a cost is never guessed too low.
 */
export function observedFrequency(runsToday: number, runsEver: number, ageMs: number): Frequency {
  const days = Math.max(1, Math.floor(ageMs / 86_400_000));
  return runsToday * days >= runsEver ? { count: runsToday, days: 1 } : { count: runsEver, days };
}

/** What happened after `before` was taken. Sums may shrink (a refund of an old sale), counts may not. */
export function totalsSince(now: Totals, before: Totals): Totals {
  return {
    runs: Math.max(0, now.runs - before.runs),
    succeeded: Math.max(0, now.succeeded - before.succeeded),
    failed: Math.max(0, now.failed - before.failed),
    crashed: Math.max(0, now.crashed - before.crashed),
    costMicros: Math.max(0, now.costMicros - before.costMicros),
    revenueMicros: now.revenueMicros - before.revenueMicros,
    unbookedMicros: now.unbookedMicros,
  };
}
