/**
 * One SQLite file, one connection, one writer. All writes asked for in one turn of the event loop share a transaction:
 * one wait for the disk instead of twenty. Nobody hears of a write before it is committed.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { messageOf, NovaError } from '../domain/error.ts';
import { troubleOf } from './sqlite-trouble.ts';

export type SqliteOptions = {
  readonly path: string;
  /** FULL survives a power cut, NORMAL only the death of the process. */
  readonly synchronous?: 'FULL' | 'NORMAL';
};

export type SqliteDb = {
  /** Prepared once per text; rows are arrays. */
  statement(sql: string): StatementSync;
  /**
   * Runs `write` inside the next group commit and resolves with its result after the commit. A NovaError it throws (before
   * it changed anything) is its own refusal and spoils nothing; any other error undoes and rejects the whole group.
   */
  ask<T>(write: () => T): Promise<T>;
  /** Commits what was asked for, then closes; whoever asks later is refused. */
  close(): void;
};

type Waiting = {
  readonly write: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (why: unknown) => void;
};

/** Grows with the shape of the tables below. */
const VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (pk TEXT NOT NULL, sk TEXT NOT NULL, ix_pk TEXT, ix_sk TEXT, body TEXT NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS items_key ON items (pk, sk);
  CREATE INDEX IF NOT EXISTS items_ix ON items (ix_pk, ix_sk, pk, sk) WHERE ix_pk IS NOT NULL;
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL,
    visible_at INTEGER NOT NULL, receives INTEGER NOT NULL, held INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS messages_due ON messages (queue, visible_at, id);
  CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL,
    receives INTEGER NOT NULL, reason TEXT NOT NULL, died_at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS dead_letters_queue ON dead_letters (queue, id);
  PRAGMA user_version = ${VERSION};`;

/**
 * @throws NovaError corrupt when the file is no database of ours, misconfigured when a newer version wrote it or it may
 * not be written, unavailable when its disk is full.
 */
export function openSqliteDb(options: SqliteOptions): SqliteDb {
  const database = opened(options);
  const statements = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const prepared = database.prepare(sql);
    prepared.setReturnArrays(true);
    statements.set(sql, prepared);
    return prepared;
  };
  let waiting: Waiting[] = [];
  let closed = false;
  const flush = (): void => {
    const group = waiting;
    waiting = [];
    if (group.length > 0) commitTogether(statement, group);
  };
  return {
    statement,
    ask<T>(write: () => T) {
      if (closed) return Promise.reject(new NovaError('unavailable', 'the store is closed'));
      return new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ write, resolve: resolve as (result: unknown) => void, reject });
      });
    },
    close() {
      if (closed) return;
      closed = true;
      flush();
      database.close();
    },
  };
}

function opened({ path, synchronous = 'FULL' }: SqliteOptions): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: 5_000 });
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA cache_size = -65536;`);
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version > VERSION) throw new NovaError('misconfigured', `${path} was written by a newer version of NovaOS`);
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    if (error instanceof NovaError) throw error;
    throw troubleOf(path, error);
  }
}

function commitTogether(statement: SqliteDb['statement'], group: readonly Waiting[]): void {
  const answers: (() => void)[] = [];
  try {
    statement('BEGIN IMMEDIATE').run();
    for (const one of group) answers.push(attempt(one));
    statement('COMMIT').run();
  } catch (error) {
    rollBack(statement);
    const why = new NovaError('unavailable', `the store could not commit: ${messageOf(error)}`, { cause: error });
    for (const { reject } of group) reject(why);
    return;
  }
  for (const answer of answers) answer();
}

function attempt({ write, resolve, reject }: Waiting): () => void {
  try {
    const result = write();
    return () => resolve(result);
  } catch (error) {
    if (!(error instanceof NovaError)) throw error;
    return () => reject(error);
  }
}

function rollBack(statement: SqliteDb['statement']): void {
  try {
    statement('ROLLBACK').run();
  } catch {
    // A full disk or a broken file has already ended the transaction: there is nothing left to undo.
  }
}
