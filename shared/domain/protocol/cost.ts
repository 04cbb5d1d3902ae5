/** What a run's own compute costs. Rates are nano-USD per second (integers); a started micro-dollar counts whole. */
import type { BlueprintLimits } from '../ctx.ts';

export function computeMicros(durationMs: number, nanosPerSecond: number): number {
  return Math.ceil((Math.max(0, durationMs) * nanosPerSecond) / 1_000_000);
}

/** The most one attempt's compute may cost: its time-out at the platform's rate. */
export function computeBoundMicros(timeoutSeconds: number, nanosPerSecond: number): number {
  return computeMicros(timeoutSeconds * 1000, nanosPerSecond);
}

/** What a claim holds: the blueprint's own limit and the bound of the compute. */
export function holdMicros({ costMicros, timeoutSeconds }: BlueprintLimits, nanosPerSecond: number): number {
  return costMicros + computeBoundMicros(timeoutSeconds, nanosPerSecond);
}
