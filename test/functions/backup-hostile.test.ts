/** A folder under backups/ may come from elsewhere: what it says of itself neither removes nor writes anything outside. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { findBackup, listBackups, makeBackup, pruneBackups, restoreBackup } from '../../infra/local/backups.ts';

const ID = '01KAEXAMPLE000000000000001';

function homeWithData(): string {
  const home = join(mkdtempSync(join(tmpdir(), 'nova-hostile-')), 'home');
  mkdirSync(home);
  const database = new DatabaseSync(join(home, 'nova.sqlite'));
  database.exec('CREATE TABLE items (a); CREATE TABLE messages (a); CREATE TABLE dead_letters (a)');
  database.close();
  writeFileSync(join(home, 'settings.json'), '{}');
  return home;
}

const made = (home: string, id = ID, at = 1) => makeBackup(home, { id, at, version: '1', withSecrets: false });

function planted(home: string, folder: string, said: object): void {
  const place = join(home, 'backups', folder);
  mkdirSync(place, { recursive: true });
  const whole = { v: 1, id: folder, at: 0, version: '1', items: 0, messages: 0, files: [], ...said };
  writeFileSync(join(place, 'manifest.json'), JSON.stringify(whole));
}

test('a backup that calls itself by the path of something else takes only itself away', () => {
  const home = homeWithData();
  const neighbour = join(home, '../neighbour');
  mkdirSync(neighbour);
  planted(home, 'from-a-friend', { id: '../../neighbour' });
  planted(home, 'another', { id: '..' });
  made(home);
  assert.deepEqual(pruneBackups(home, 1).sort(), ['another', 'from-a-friend']);
  assert.deepEqual(readdirSync(join(home, 'backups')), [ID]);
  assert.ok(existsSync(neighbour) && existsSync(join(home, 'nova.sqlite')));
});

test('a copy under another name is a backup of its own: removing one keeps the other whole', () => {
  const home = homeWithData();
  made(home);
  cpSync(join(home, 'backups', ID), join(home, 'backups/before-the-move'), { recursive: true });
  assert.deepEqual(
    listBackups(home)
      .map(({ id }) => id)
      .sort(),
    [ID, 'before-the-move'],
  );
  const [gone] = pruneBackups(home, 1);
  const [left] = listBackups(home);
  assert.ok(left && left.id !== gone);
  restoreBackup(home, left, join(home, '../restored'));
});

test('files outside of a backup are neither read nor written, whatever its manifest lists', () => {
  const home = homeWithData();
  made(home);
  const text = 'stolen';
  writeFileSync(join(home, 'backups/key'), text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  for (const name of ['../key', '/etc/hostname', 'notes.txt', 'manifest.json', '']) {
    planted(home, 'odd', { at: 9, files: [{ name, bytes: text.length, sha256 }] });
    const to = join(home, '../nowhere');
    assert.throws(() => restoreBackup(home, findBackup(home, 'odd'), to), { code: 'corrupt' }, name);
    assert.equal(existsSync(to), false, name);
  }
});

test('a link instead of a file is no file of a backup', () => {
  const home = homeWithData();
  const secret = join(home, '../id_rsa');
  writeFileSync(secret, 'stolen');
  const sha256 = createHash('sha256').update('stolen').digest('hex');
  planted(home, 'odd', { files: [{ name: 'settings.json', bytes: 6, sha256 }] });
  symlinkSync(secret, join(home, 'backups/odd/settings.json'));
  assert.throws(() => restoreBackup(home, findBackup(home, 'odd'), join(home, '../to')), { code: 'corrupt' });
});

test('what is half made, misshapen or no folder is no backup', () => {
  const home = homeWithData();
  made(home);
  planted(home, `${ID}X.making`, {});
  for (const [n, said] of [
    { at: 'now' },
    { at: 8.64e15 + 1 },
    { files: [null] },
    { files: [{ name: 1 }] },
    { v: 2 },
  ].entries())
    planted(home, `odd-${n}`, said);
  writeFileSync(join(home, 'backups/file'), '');
  assert.deepEqual(
    listBackups(home).map(({ id }) => id),
    [ID],
  );
});

test('a place that is a file, or inside of the backup itself, is refused in words', () => {
  const home = homeWithData();
  const backup = made(home);
  const file = join(home, '../file');
  writeFileSync(file, '');
  assert.throws(() => restoreBackup(home, backup, file), { code: 'conflict' });
  assert.throws(() => restoreBackup(home, backup, home), { code: 'conflict' });
});
