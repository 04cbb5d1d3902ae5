import type { Heart } from '../ports/time.ts';

/** Beats by the process's own timers, without keeping the process alive. */
export const heart: Heart = {
  every(milliseconds, beat) {
    const timer = setInterval(beat, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};
