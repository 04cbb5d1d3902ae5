/**
 * Backups of a data directory: a snapshot of its database as it was at one instant, its settings and its audit roots, each
 * file with its hash. The engine may run meanwhile. Mails hold decision codes and stay out; secrets come only on request.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { readJson } from './home.ts';

export type BackupFile = { readonly name: string; readonly bytes: number; readonly sha256: string };
export type Backup = {
  readonly v: 1;
  readonly id: string;
  /** Epoch milliseconds of the snapshot. */
  readonly at: number;
  /** The version of NovaOS that made it. */
  readonly version: string;
  readonly items: number;
  /** Messages that were waiting or under way, and dead letters. */
  readonly messages: number;
  readonly files: readonly BackupFile[];
};

const FOLDER = 'backups';
const MANIFEST = 'manifest.json';
const DATABASE = 'nova.sqlite';
const SECRETS = 'secrets.json';
/** The roots first: one that is newer than the snapshot would look like a lost anchor. */
const FILES = ['audit-roots.jsonl', 'settings.json'] as const;
const KNOWN: ReadonlySet<string> = new Set([DATABASE, SECRETS, ...FILES]);
/** While it is being made. */
const MAKING = '.making';
/** In it: the process that makes it. */
const MAKER = 'maker.pid';

export const backupFolder = (home: string, id: string): string => join(home, FOLDER, id);

type Made = { readonly id: string; readonly at: number; readonly version: string; readonly withSecrets: boolean };

/** @throws NovaError not_found when the directory holds no data, unavailable when the disk refuses. */
export function makeBackup(home: string, { id, at, version, withSecrets }: Made): Backup {
  if (!existsSync(join(home, DATABASE))) throw new NovaError('not_found', `there is no data in ${home}`);
  const folder = backupFolder(home, id);
  const making = `${folder}${MAKING}`;
  clearAbandoned(join(home, FOLDER));
  try {
    mkdirSync(making, { recursive: true, mode: 0o700 });
    writeFileSync(join(making, MAKER), String(process.pid), { mode: 0o600 });
    for (const name of withSecrets ? [...FILES, SECRETS] : FILES) copyPrivately(home, making, name);
    snapshot(join(home, DATABASE), join(making, DATABASE));
    const backup: Backup = { v: 1, id, at, version, ...countsOf(join(making, DATABASE)), files: filesOf(making) };
    rmSync(join(making, MAKER));
    writeFileSync(join(making, MANIFEST), `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 });
    // Whole or not at all: what a crash leaves behind has another name.
    renameSync(making, folder);
    return backup;
  } catch (cause) {
    rmSync(making, { recursive: true, force: true });
    if (cause instanceof NovaError) throw cause;
    throw new NovaError('unavailable', `the backup could not be written: ${messageOf(cause)}`, { cause });
  }
}

/** What a killed backup left: nobody is at it any more, or it says of nobody and is a day old. */
function clearAbandoned(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((one) => one.endsWith(MAKING))) {
    const path = join(folder, name);
    const pid = Number(textOf(join(path, MAKER)));
    const isHeld =
      pid > 0 ? isAlive(pid) : Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < DAY_MS;
    if (!isHeld) rmSync(path, { recursive: true, force: true });
  }
}

const DAY_MS = 86_400_000;
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Signal 0 asks without doing anything; EPERM means that it lives and is somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function copyPrivately(from: string, to: string, name: string): void {
  if (!existsSync(join(from, name))) return;
  copyFileSync(join(from, name), join(to, name));
  chmodSync(join(to, name), 0o600);
}

/** One read transaction of SQLite: whatever is committed meanwhile is not in it, whatever was committed is. */
function snapshot(from: string, to: string): void {
  const database = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
  chmodSync(to, 0o600);
}

function countsOf(path: string): Pick<Backup, 'items' | 'messages'> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const count = (of: string): number => Number(database.prepare(`SELECT count(*) AS n FROM ${of}`).get()?.n);
    return { items: count('items'), messages: count('messages') + count('dead_letters') };
  } finally {
    database.close();
  }
}

const filesOf = (folder: string): BackupFile[] =>
  readdirSync(folder)
    .filter((name) => name !== MANIFEST && name !== MAKER)
    .sort()
    .map((name) => ({ name, bytes: statSync(join(folder, name)).size, sha256: hashOf(join(folder, name)) }));

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Newest first; one whose manifest cannot be read is left out. A backup is called by its folder, whatever it says itself. */
export function listBackups(home: string): Backup[] {
  const folder = join(home, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((id) => !id.endsWith(MAKING) && existsSync(join(folder, id, MANIFEST)))
    .flatMap((id) => readManifest(join(folder, id), id) ?? [])
    .sort((a, b) => b.at - a.at);
}

function readManifest(folder: string, id: string): Backup | null {
  try {
    const said = readJson(join(folder, MANIFEST)) as Partial<Backup> | null;
    const whole = said?.v === 1 && isMoment(said.at) && Array.isArray(said.files) && said.files.every(isFile);
    return whole ? { ...(said as Backup), id } : null;
  } catch {
    return null;
  }
}

const isMoment = (at: unknown): boolean => typeof at === 'number' && Math.abs(at) <= 8.64e15;

function isFile(file: Partial<BackupFile> | null): boolean {
  return typeof file?.name === 'string' && Number.isSafeInteger(file.bytes) && typeof file.sha256 === 'string';
}

/** The newest when no id is given. @throws NovaError not_found. */
export function findBackup(home: string, id?: string): Backup {
  const all = listBackups(home);
  const found = id === undefined ? all[0] : all.find((one) => one.id === id);
  if (found) return found;
  const there = all.length === 0 ? 'there is none' : `there are ${all.map((one) => one.id).join(', ')}`;
  throw new NovaError('not_found', `no backup${id === undefined ? '' : ` "${id}"`} in ${home}: ${there}`);
}

/** What is wrong with its files, in words; nothing when they are what was written. */
export function checkBackup(home: string, { id, files }: Backup): string[] {
  const folder = backupFolder(home, id);
  return files.flatMap(({ name, bytes, sha256 }) => {
    // A folder from elsewhere must not have other files read, or written where it likes.
    if (!KNOWN.has(name)) return [`"${name}" is no file of a backup`];
    const path = join(folder, name);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (!there?.isFile()) return [`${name} is missing`];
    if (there.size !== bytes || hashOf(path) !== sha256) return [`${name} is not what was written`];
    return [];
  });
}

/**
 * A data directory from a backup, where none is yet.
 * @throws NovaError conflict when the place is taken, corrupt when a file of the backup is not what was written.
 */
export function restoreBackup(home: string, backup: Backup, to: string): void {
  const taken = statSync(to, { throwIfNoEntry: false });
  if (taken && (!taken.isDirectory() || readdirSync(to).length > 0))
    throw new NovaError('conflict', `${to} is not an empty folder; a backup is restored to a place of its own`);
  const problems = checkBackup(home, backup);
  if (problems.length > 0) throw new NovaError('corrupt', `the backup ${backup.id} is damaged: ${problems.join(', ')}`);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const { name } of backup.files) copyPrivately(backupFolder(home, backup.id), to, name);
}

/** Removes all but the newest. Answers the ids that are gone. */
export function pruneBackups(home: string, keep: number): string[] {
  const old = listBackups(home).slice(keep);
  for (const { id } of old) rmSync(backupFolder(home, id), { recursive: true, force: true });
  return old.map(({ id }) => id);
}
