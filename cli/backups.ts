/** What the backup commands share: where a backup is, and the proof that it is worth something. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Backup, backupFolder, checkBackup, restoreBackup } from '../infra/local/backups.ts';
import { readRoot } from '../shared/domain/audit-anchor.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import type { TableBackup, TableBackups } from '../shared/ports/admin.ts';
import type { Roots } from '../shared/ports/outside.ts';
import type { Table } from '../shared/ports/table.ts';
import { newestAnchor } from '../shared/store/anchor-store.ts';
import { verifyTrail } from '../shared/store/audit-verify.ts';
import { proveLedger } from '../shared/store/ledger-verify.ts';
import type { CommandWorld, Reach } from './command.ts';

export type BackupView = {
  readonly id: string;
  readonly at: string;
  /** A folder on this machine, or the platform's name for it. */
  readonly place: string;
  readonly bytes: number;
  /** null where the platform does not count. */
  readonly items: number | null;
  readonly messages: number | null;
  readonly version: string | null;
  readonly status: 'making' | 'ready' | 'gone';
};

export const backupView = (home: string, { id, at, items, messages, version, files }: Backup): BackupView => ({
  id,
  at: new Date(at).toISOString(),
  place: backupFolder(home, id),
  bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  ...{ items, messages, version, status: 'ready' },
});

export const tableBackupView = ({ id, name, at, bytes, status }: TableBackup): BackupView => ({
  id: name,
  at: new Date(at).toISOString(),
  place: id,
  bytes,
  ...{ items: null, messages: null, version: null, status },
});

/** @throws NovaError unsupported where the platform keeps none. */
export function backupsOf({ admin }: Pick<Reach, 'admin'>): TableBackups {
  if (admin.backups) return admin.backups;
  throw new NovaError('unsupported', 'this place keeps no backups of its table');
}

/** The version of this NovaOS. */
export function ownVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

export type Proof = { readonly entries: number; readonly records: number; readonly problems: readonly string[] };

const ALL_DAYS = 3660;

/** The ledger and the audit trail of a world, proved from their first entry. */
export async function proveWorld(world: Pick<CommandWorld, 'table' | 'time' | 'hashing' | 'roots'>): Promise<Proof> {
  const ledger = await proveLedger(world);
  const trail = await verifyTrail(world, { days: ALL_DAYS, entity: undefined });
  return {
    entries: ledger.entries,
    records: trail.chains.reduce((sum, { records }) => sum + records, 0),
    problems: [
      ...ledger.faults.map(({ id, problem }) => `ledger ${id}: ${problem}`),
      ...trail.faults.map(({ id, seq, problem }) => `audit ${id} ${seq}: ${problem}`),
    ],
  };
}

/** Of a table that a restore has filled: it is proved up to its newest anchor, roots after that are of what it lost. */
export async function proveTable(
  reach: Reach,
  name: string,
): Promise<{ readonly table: Table; readonly proof: Proof }> {
  const table = await backupsOf(reach).open(name);
  if (!table) throw new NovaError('conflict', `the table ${name} is still being filled: ask again in some minutes`);
  const newest = (await newestAnchor(table))?.at ?? 0;
  const roots: Roots = {
    ...reach.world.roots,
    since: async (date) => (await reach.world.roots.since(date)).filter((text) => readRoot(text).at <= newest),
  };
  return { table, proof: await proveWorld({ ...reach.world, table, roots }) };
}

/** Restores it to a place that is gone afterwards, opens that, and proves what is in it. */
export async function proveBackup(home: string, backup: Backup): Promise<Proof> {
  const damaged = checkBackup(home, backup);
  if (damaged.length > 0) return { entries: 0, records: 0, problems: damaged };
  const folder = mkdtempSync(join(tmpdir(), 'nova-restore-'));
  try {
    restoreBackup(home, backup, folder);
    const { openHome } = await import('../infra/local/embedded.ts');
    const opened = await openHome(folder);
    try {
      return await proveWorld(opened.world);
    } finally {
      await opened.close();
    }
  } catch (thrown) {
    return { entries: 0, records: 0, problems: [messageOf(thrown)] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
