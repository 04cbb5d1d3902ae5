/** Two ways to rest: by the machine's own timers, and under a clock that somebody moves by hand. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Ends early, and without a word, when it is aborted. */
export const realRest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);

type Sleeper = { readonly at: number; wake(): void };

export type StillRests = {
  rest(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** When the first one wakes; null when nobody rests. */
  nextWake(): number | null;
  /** Wakes all whose time has come. */
  wake(): void;
};

export function stillRests(time: { now(): number }): StillRests {
  const sleepers = new Set<Sleeper>();
  return {
    rest(milliseconds, signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { at: time.now() + milliseconds, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake);
      });
    },
    nextWake: () => (sleepers.size === 0 ? null : Math.min(...[...sleepers].map(({ at }) => at))),
    wake() {
      for (const sleeper of [...sleepers]) if (sleeper.at <= time.now()) sleeper.wake();
    },
  };
}
