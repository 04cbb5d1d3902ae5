/**
 * Commits what several requests wrote together: on a disk that takes 5 ms to promise anything, one promise per message
 * would be 200 messages a second and nothing else. Nobody may be answered before `settled` resolves.
 */
import type { DatabaseSync } from 'node:sqlite';

export type GroupCommit = {
  /** Before each write: opens the group's transaction if none is open. */
  begin(): void;
  /** Resolves when everything written so far is durable. @throws what the commit threw. */
  settled(): Promise<void>;
  /** Commits what is open now: before whoever wants a transaction of its own, and before the end. */
  flush(): void;
};

type Group = { readonly done: Promise<void>; resolve(): void; reject(thrown: unknown): void };

export function groupCommit(db: DatabaseSync): GroupCommit {
  let open: Group | null = null;

  function flush(): void {
    const group = open;
    if (!group) return;
    open = null;
    try {
      db.exec('COMMIT');
      group.resolve();
    } catch (thrown) {
      if (db.isTransaction) db.exec('ROLLBACK');
      group.reject(thrown);
    }
  }

  return {
    flush,
    settled: () => open?.done ?? Promise.resolve(),
    begin() {
      if (open) return;
      db.exec('BEGIN');
      const { promise: done, resolve, reject } = Promise.withResolvers<void>();
      // Whoever waits for it hears of it; nobody has to.
      done.catch(() => undefined);
      open = { done, resolve, reject };
      // After every request that this turn of the loop brought in has written.
      setImmediate(flush);
    },
  };
}
