/**
 * The kill switch: one per scope, laid over desired state instead of changing it. So turning it off brings back what ran
 * before, and nothing else.
 */
import { DEFAULT_LIMIT_MICROS, type Scope } from './budget.ts';
import { todayOf } from './facts.ts';
import type { Instance } from './instance.ts';

export type Halt = {
  readonly scope: Scope;
  readonly on: boolean;
  readonly reason: string;
  readonly by: string;
  /** When it was last turned. */
  readonly at: number;
  /** Grows with every turn. */
  readonly version: number;
  /** The agents that were active when it was turned on; null until they are written down. */
  readonly stopped: readonly string[] | null;
  /** When everything that follows from the last turn was done; null while it is under way. */
  readonly settledAt: number | null;
  readonly auditSeq: number;
  readonly auditHash: string;
};

/** Nothing is under way that follows from its last turn; one that was never turned has nothing to follow. */
export const isSettled = ({ version, settledAt }: Pick<Halt, 'version' | 'settledAt'>): boolean =>
  version === 0 || settledAt !== null;

/** Which switches are on. Whatever starts something is pinned to its version: kill wins against all that began before. */
export type Gate = { readonly version: number; readonly scopes: readonly Scope[] };

export const OPEN_GATE: Gate = { version: 0, scopes: [] };

type Whom = { readonly id: string; readonly department: string };

/** The widest switch that holds this agent; null when none does. */
export function haltOver({ scopes }: Gate, { id, department }: Whom): Scope | null {
  const over = ['fleet', `department:${department}`, `agent:${id}`];
  return over.find((scope) => scopes.includes(scope)) ?? null;
}

/** Whether a scope means this agent. */
export function isUnder(scope: Scope, { id, department }: Whom): boolean {
  return scope === 'fleet' || scope === `department:${department}` || scope === `agent:${id}`;
}

/** When the switch trips by itself. */
export type Emergency = {
  /** Set by the owner; null: it follows the daily budget. */
  readonly limitMicros: number | null;
  /** What had been attempted on a date when a person cleared a trip: only what comes after counts again. */
  readonly cleared: { readonly date: string; readonly micros: number } | null;
  /** The date on which the owner was warned. */
  readonly warned: string | null;
};

export const NO_EMERGENCY: Emergency = { limitMicros: null, cleared: null, warned: null };
const WARN_PERCENT = 90;

/** $150 against the daily budget of $100: half as much again as the fleet may spend in a day, unless it is set. */
export function emergencyLimitMicros({ limitMicros }: Emergency, fleetDayMicros: number): number {
  const base = Math.max(fleetDayMicros, DEFAULT_LIMIT_MICROS.fleet);
  return limitMicros ?? Math.ceil(base / 2) * 3;
}

/** What the fleet has tried to spend today: what was spent, what is held, and what was refused for its money. */
export function attemptedMicros(instances: readonly Instance[], date: string): number {
  const today = instances.filter(({ slice }) => slice.period === date);
  const held = today.reduce((sum, { run }) => sum + (run?.holdMicros ?? 0), 0);
  const refused = today.reduce((sum, { refusedMicros }) => sum + refusedMicros, 0);
  return todayOf(today, date).costMicros + held + refused;
}

/** What today's attempts call for. */
export function emergencyOf(
  emergency: Emergency,
  today: { readonly date: string; readonly attemptedMicros: number; readonly limitMicros: number },
): 'calm' | 'warn' | 'trip' {
  const cleared = emergency.cleared?.date === today.date ? emergency.cleared.micros : 0;
  const counted = today.attemptedMicros - cleared;
  if (counted >= today.limitMicros) return 'trip';
  if (emergency.warned === today.date) return 'calm';
  return counted * 100 >= today.limitMicros * WARN_PERCENT ? 'warn' : 'calm';
}
