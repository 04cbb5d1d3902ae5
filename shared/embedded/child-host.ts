/**
 * Runs blueprints in child processes, one run at a time each: one that loops for ever, fills its memory or exits hurts
 * only its own child. The pool grows while orders wait, up to `maxConcurrentRuns`, and idles at `idleChildren`.
 */
import type { BlueprintHost, RunResult } from '../ports/host.ts';
import type { ChildProgram } from './child-flags.ts';
import { ChildPool } from './child-pool.ts';

export type ChildHostOptions = {
  /** Children at most; 16 unless told. */
  readonly maxConcurrentRuns?: number;
  /** Children kept when there is nothing to do; 2 unless told. */
  readonly idleChildren?: number;
  /** How long a child above that number stays without work; 30 s unless told. */
  readonly idleMs?: number;
  /** Heap of one child; 256 unless told. */
  readonly memoryMb?: number;
  /** Orders a child may hold, the one in progress included, while its runs are short; 4 unless told. */
  readonly mailbox?: number;
  /** What its processes run; the source beside this file unless told. Bundled, it is a file of its own. */
  readonly program?: ChildProgram;
  /** Epoch milliseconds; the machine's clock unless told. */
  now?(): number;
};

export type ChildHost = BlueprintHost & {
  /**
   * Starts the idle children, so that the first runs need not wait; resolves when they are up.
   * @throws NovaError misconfigured when none comes up and one said why.
   */
  warm(): Promise<void>;
  /** Process ids, for people and tests. */
  pids(): readonly number[];
  /** Ends all children at once. Runs in progress end as crashed: who wants them to finish waits for them first. */
  close(): Promise<void>;
};

export function childHost(options: ChildHostOptions = {}): ChildHost {
  const pool = new ChildPool(options);
  return {
    execute: (order, calls, interruption) =>
      new Promise<RunResult>((resolve) => {
        const job = { order, calls, interruption, resolve, lost: 0 };
        pool.take(job);
        calls.stopped?.addEventListener('abort', () => pool.stop(job), { once: true });
      }),
    warm: () => pool.warm(),
    pids: () => pool.pids(),
    close: () => pool.close(),
  };
}
