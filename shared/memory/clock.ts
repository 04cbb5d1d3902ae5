import type { Time } from '../ports/time.ts';

/** A clock that stands still until its owner moves it. */
export type Clock = Time & {
  /** By so many milliseconds; never back. */
  advance(ms: number): void;
  /** To an instant in epoch milliseconds, also an earlier one: some faults are clocks that jump back. */
  set(now: number): void;
};

/** @param start epoch milliseconds; by default a Friday, 2026-11-20 08:00 UTC. */
export function stillClock(start = Date.UTC(2026, 10, 20, 8)): Clock {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += Math.max(0, Math.trunc(ms));
    },
    set(instant) {
      now = Math.trunc(instant);
    },
  };
}
