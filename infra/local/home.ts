/** The data directory: one engine at a time, its settings, its secrets, and how to reach it. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { troubleOf } from '../../shared/embedded/sqlite-trouble.ts';

export type Home = {
  readonly path: string;
  file(name: string): string;
  /** Lets the next engine in. The operating system does the same when the process dies. */
  unlock(): void;
};

/**
 * Opens the directory for this process alone. The lock is SQLite's on a file of its own: the kernel frees it with the
 * process, so a `kill -9` leaves nothing to clean up.
 * @throws NovaError conflict when another process has it; misconfigured when it cannot be used.
 */
export async function lockHome(path: string): Promise<Home> {
  makeFolder(path);
  ownersAlone(join(path, 'lock'));
  const lock = await waitForLock(join(path, 'lock'));
  return {
    path,
    file: (name) => join(path, name),
    unlock: () => lock.close(),
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    writeFileSync(join(path, '.probe'), '');
    rmSync(join(path, '.probe'));
  } catch (cause) {
    throw new NovaError('misconfigured', `the data directory ${path} cannot be written: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Made if it is not there. The folder may be somebody's own and open to all; what SQLite keeps beside it follows it. */
export function ownersAlone(path: string): void {
  // Never opened when it is there: closing it would drop the locks that this process holds on it.
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, 'a', 0o600));
}

/** An engine that was just killed is gone in a moment; one that lives keeps its lock. */
const LOCK_TRIES = 10;
const LOCK_PAUSE_MS = 100;

async function waitForLock(path: string): Promise<DatabaseSync> {
  for (let attempt = 1; ; attempt++) {
    try {
      return openLock(path);
    } catch (thrown) {
      if (attempt === LOCK_TRIES || !(thrown instanceof NovaError) || thrown.code !== 'conflict') throw thrown;
      await sleep(LOCK_PAUSE_MS);
    }
  }
}

function openLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA journal_mode=DELETE; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    if (/locked|busy/i.test(messageOf(cause))) {
      throw new NovaError('conflict', 'another engine uses this data directory; stop it with: nova stop', { cause });
    }
    throw troubleOf(path, cause);
  }
}

/** Writes whole or not at all, readable by its owner only. */
export function writePrivately(path: string, text: string): void {
  const next = `${path}.next`;
  writeFileSync(next, text, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, path);
}

/** @throws NovaError corrupt when the file is there but is not JSON. */
export function readJson(path: string): unknown {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new NovaError('corrupt', `${path} is damaged: ${messageOf(cause)}`, { cause });
  }
}

/** What a client needs to reach a running engine. */
export type LocalAddress = {
  readonly url: string;
  readonly pid: number;
  readonly engine: 'embedded' | 'rehearsal';
  readonly version: string;
  /** For `Authorization: Bearer`; new at every start. */
  readonly token: string;
};

const ADDRESS = 'local.json';

export function writeAddress(home: Home, address: LocalAddress): void {
  writePrivately(home.file(ADDRESS), `${JSON.stringify(address, null, 2)}\n`);
}

export function removeAddress(home: Home): void {
  rmSync(home.file(ADDRESS), { force: true });
}

/** The address of the engine of a home, if one says it is running. */
export function readAddress(path: string): LocalAddress | null {
  return readJson(join(path, ADDRESS)) as LocalAddress | null;
}
