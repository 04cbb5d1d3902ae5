/**
 * What of a task's life is charged with each of its runs. A task is billed from the pull of its image until it is gone,
 * whether it works, rests or is refused; so every run that ends takes along what will be billed before the next one can.
 */
import { MINIMUM_BILLED_MS } from './task.ts';

/** Between the end of its program and its own: the platform takes its network down, and bills. Charged once a task. */
export const LEAVING_MS = 30_000;

export type TaskBilling = {
  /**
   * Milliseconds to charge with a run that ended then, the rest after it included. What was charged with the run before is
   * taken off, so however a task ends afterwards nothing of it is left that no run was charged for.
   */
  charge(endedAt: number, restMs: number): number;
};

/** `from`: epoch milliseconds since which it is billed. */
export function taskBilling(from: number): TaskBilling {
  let until = from;
  return {
    charge(endedAt, restMs) {
      const to = Math.max(until, from + MINIMUM_BILLED_MS, endedAt + restMs + LEAVING_MS);
      const ms = to - until;
      until = to;
      return ms;
    },
  };
}
