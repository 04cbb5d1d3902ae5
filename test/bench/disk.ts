/** What the disk gives: commits a second of one small row in SQLite, alone. All engines on disk are to be seen against it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type Synchronous = 'FULL' | 'NORMAL';

export function commitsPerSecond(synchronous: Synchronous, count: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'nova-disk-'));
  const database = new DatabaseSync(join(folder, 'one.sqlite'));
  try {
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
    database.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)');
    const insert = database.prepare('INSERT INTO rows (text) VALUES (?)');
    const start = performance.now();
    for (let row = 0; row < count; row++) insert.run('x'.repeat(300));
    return count / ((performance.now() - start) / 1000);
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
