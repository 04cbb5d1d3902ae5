/** What a run's own compute costs. Rates are nano-USD per second (integers); a started micro-dollar counts whole. */
import type { AgentSpec } from '../agent.ts';
import { MINIMUM_BILLED_MS, TAIL_SECONDS } from '../task.ts';

export type Rate = {
  readonly nanosPerSecond: number;
  /** Whatever takes less is billed as this. */
  readonly minimumMs: number;
  /** What may be billed beyond the time-out of a run. */
  readonly tailMs: number;
};

type Billed = Pick<AgentSpec, 'task' | 'restSeconds'>;

/** A task has a price of its own, a function that of the stage. */
export function rateOf({ task, restSeconds }: Billed, nanosPerSecond: number): Rate {
  if (!task) return { nanosPerSecond, minimumMs: 0, tailMs: 0 };
  // A task that lives on is billed from the end of one cycle to the end of the next, its rest between them included.
  const tailMs = (TAIL_SECONDS + (restSeconds ?? 0)) * 1000;
  return { nanosPerSecond: task.nanosPerSecond, minimumMs: restSeconds === undefined ? MINIMUM_BILLED_MS : 0, tailMs };
}

export function computeMicros(durationMs: number, nanosPerSecond: number): number {
  return Math.ceil((Math.max(0, durationMs) * nanosPerSecond) / 1_000_000);
}

/** What an attempt of so many billed milliseconds is charged. */
export function attemptMicros(billedMs: number, { nanosPerSecond, minimumMs }: Rate): number {
  return computeMicros(Math.max(minimumMs, billedMs), nanosPerSecond);
}

/** The most one attempt's compute may cost: its time-out and its tail at the platform's rate. */
export function computeBoundMicros(timeoutSeconds: number, rate: Rate): number {
  return attemptMicros(timeoutSeconds * 1000 + rate.tailMs, rate);
}

/** What a claim holds: the blueprint's own limit and the bound of the compute. */
export function holdMicros(
  limits: { readonly costMicros: number; readonly timeoutSeconds: number },
  rate: Rate,
): number {
  return limits.costMicros + computeBoundMicros(limits.timeoutSeconds, rate);
}
