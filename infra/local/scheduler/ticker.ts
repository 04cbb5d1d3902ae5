/** Keeps a Scheduler ticking in real time. The memory engine does not use it: its owner moves the clock. */
import type { Time } from '../../../shared/ports/time.ts';
import type { LocalScheduler } from './local-scheduler.ts';

export type Ticker = { stop(): Promise<void> };

/** Clocks jump and timers drift: it looks at the clock at least this often. */
const MAX_SLEEP_MS = 1000;

/**
 * Ticks when something is due and at once when a schedule changes.
 * `onError` hears of ticks that could not read or write the table; they are tried again.
 */
export function startTicker(
  scheduler: LocalScheduler,
  time: Time,
  onError: (thrown: unknown) => void = () => undefined,
): Ticker {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let stopped = false;
  let again = false;

  const wake = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    running = turn().finally(() => {
      running = null;
      if (again) wake();
    });
  };
  const turn = async (): Promise<void> => {
    again = false;
    let sleep = MAX_SLEEP_MS;
    try {
      const next = await scheduler.tick();
      if (next !== null) sleep = Math.min(MAX_SLEEP_MS, Math.max(1, next - time.now()));
    } catch (thrown) {
      onError(thrown);
    }
    if (!stopped) timer = setTimeout(wake, sleep);
  };

  const forget = scheduler.book.onChange(wake);
  wake();
  return {
    stop: async () => {
      stopped = true;
      forget();
      clearTimeout(timer);
      await running;
    },
  };
}
