/** SIGTERM: the platform wants its machine back, and kills what is still there after the stop time-out. */
import { setTimeout as sleep } from 'node:timers/promises';

export type Stopping = {
  readonly signal: AbortSignal;
  /** Waits, unless it is asked to stop meanwhile. */
  rest(milliseconds: number): Promise<void>;
};

/** A moment before SIGKILL: an end of one's own says more than none. */
const LAST_WORD_PART = 0.95;

export function stopping(stopMs: number): Stopping {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => {
    controller.abort();
    setTimeout(() => process.exit(137), stopMs * LAST_WORD_PART).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return {
    signal,
    // Ends early, and without a word, when the task is told to stop.
    rest: (milliseconds) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  };
}
