import type { Time } from '../ports/time.ts';

export type Doorbell = {
  /** Something changed: whoever waits looks again, and the timer is set for the next thing that comes with time. */
  ring(): void;
  /** Sets the timer for the next thing to come: call it when everything due was taken. */
  arm(): void;
  /** True when rung, false after so many seconds or when closed. */
  wait(seconds: number): Promise<boolean>;
  close(): void;
};

/** setTimeout counts in 32 bits. */
const MAX_DELAY_MS = 2_147_483_647;

/**
 * Wakes waiting receivers without polling. Rings of one turn of the event loop are one ring.
 * @param options.nextAt when the next thing is due, in epoch milliseconds; null for nothing.
 * @param options.wake called at every ring, for an owner who does not wait in `wait`.
 */
export function doorbell(options: { time: Time; nextAt: () => number | null; wake?: () => void }): Doorbell {
  const waiting = new Set<(rung: boolean) => void>();
  let timer: NodeJS.Timeout | undefined;
  let ringing = false;
  let closed = false;
  const arm = (): void => {
    clearTimeout(timer);
    const at = options.nextAt();
    if (at === null || closed) return;
    const delay = at - options.time.now();
    // What is due already was rung for: a timer for it would only spin while its receivers are busy.
    if (delay > 0) timer = setTimeout(ring, Math.min(delay, MAX_DELAY_MS)).unref();
  };
  const rung = (): void => {
    ringing = false;
    if (closed) return;
    for (const answer of [...waiting]) answer(true);
    options.wake?.();
    arm();
  };
  const ring = (): void => {
    if (ringing || closed) return;
    ringing = true;
    setImmediate(rung);
  };
  return {
    ring,
    arm,
    wait(seconds) {
      if (closed) return Promise.resolve(false);
      arm();
      return new Promise((resolve) => {
        const answer = (was: boolean): void => {
          clearTimeout(end);
          waiting.delete(answer);
          resolve(was);
        };
        const end = setTimeout(answer, Math.min(seconds * 1000, MAX_DELAY_MS), false);
        waiting.add(answer);
      });
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const answer of [...waiting]) answer(false);
    },
  };
}
