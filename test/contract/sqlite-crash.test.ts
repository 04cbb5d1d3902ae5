/** A process that writes is killed in the middle, several times: nothing acknowledged is lost, nothing is torn. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { sqliteQueue } from '../../shared/embedded/sqlite-queue.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';
import type { Item, Query, Table } from '../../shared/ports/table.ts';
import { queryAll } from '../../shared/store/query-all.ts';

const writer = join(import.meta.dirname, 'crash-writer.ts');

/** Lines the child said before it was killed; one it had not finished does not count. */
async function writeAndKill(path: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child.stdout, 'data');
  await sleep(100 + Math.random() * 200);
  child.kill('SIGKILL');
  await once(child, 'close');
  return said.split('\n').slice(0, -1);
}

const idsOf = async (table: Table, query: Query): Promise<Set<string>> =>
  new Set((await queryAll(table, query)).map((item: Item) => item.sk));

test('SIGKILL in the middle of writing loses nothing acknowledged and tears nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-crash-'));
  const path = join(folder, 'nova.sqlite');
  const acknowledged: string[] = [];
  for (let round = 0; round < 5; round++) {
    acknowledged.push(...(await writeAndKill(path, round)));
    const db = openSqliteDb({ path });
    const table = sqliteTable(db);
    const queue = sqliteQueue<string>({
      db,
      name: 'q',
      time: { now: () => Date.now() },
      visibilitySeconds: 60,
      maxReceiveCount: 3,
    });
    const [left, right] = [await idsOf(table, { pk: 'LEFT' }), await idsOf(table, { pk: 'RIGHT' })];
    assert.deepEqual(left, right, 'half a transaction is there');
    assert.deepEqual(await idsOf(table, { pk: 'I', index: 'ix' }), right, 'the index knows other items');
    assert.equal((await table.get({ pk: 'SUM', sk: 'a' }))?.count, left.size);
    const lost = acknowledged.filter((line) => line.startsWith('t ') && !left.has(line.slice(2)));
    assert.deepEqual(lost, [], 'acknowledged and lost');
    const sent = acknowledged.filter((line) => line.startsWith('q '));
    const { visible } = await queue.depth();
    assert.ok(visible >= sent.length && visible <= left.size, `${visible} messages, ${sent.length} acknowledged`);
    queue.close();
    db.close();
  }
  assert.ok(acknowledged.length > 100, `only ${acknowledged.length} writes: the test proves nothing`);
  t.diagnostic(`${acknowledged.length} acknowledged, 0 lost, 0 torn`);
  rmSync(folder, { recursive: true });
});

test('a file that is no database is called corrupt, and stays as it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-crash-'));
  const path = join(folder, 'nova.sqlite');
  writeFileSync(path, 'this is no database, and it is long enough to be taken for one if nobody looks at its head');
  assert.throws(() => openSqliteDb({ path }), { code: 'corrupt' });
  rmSync(folder, { recursive: true });
});

test('a store that is closed refuses, and what it was asked before it was closed is done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-crash-'));
  const path = join(folder, 'nova.sqlite');
  const db = openSqliteDb({ path, synchronous: 'NORMAL' });
  const writing = sqliteTable(db).write({ op: 'put', item: { pk: 'P', sk: 'a' } });
  await Promise.resolve();
  db.close();
  assert.equal((await writing).ok, true);
  await assert.rejects(sqliteTable(db).write({ op: 'put', item: { pk: 'P', sk: 'b' } }), { code: 'unavailable' });
  const again = openSqliteDb({ path });
  assert.deepEqual(await sqliteTable(again).get({ pk: 'P', sk: 'a' }), { pk: 'P', sk: 'a' });
  again.close();
  rmSync(folder, { recursive: true });
});

test('a failure that is no refusal undoes its whole group, and the next one goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-crash-'));
  const db = openSqliteDb({ path: join(folder, 'nova.sqlite') });
  const table = sqliteTable(db);
  const results = await Promise.allSettled([
    table.write({ op: 'put', item: { pk: 'P', sk: 'a' } }),
    db.ask(() => {
      throw new Error('disk on fire');
    }),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(await table.get({ pk: 'P', sk: 'a' }), null);
  assert.equal((await table.write({ op: 'put', item: { pk: 'P', sk: 'a' } })).ok, true);
  db.close();
  rmSync(folder, { recursive: true });
});

test('when the commit itself fails, nobody in the group hears that a write was done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-crash-'));
  const db = openSqliteDb({ path: join(folder, 'nova.sqlite') });
  const table = sqliteTable(db);
  // A constraint that SQLite looks at only when it commits.
  db.statement('CREATE TABLE mother (id INTEGER PRIMARY KEY)').run();
  db.statement('CREATE TABLE orphan (mother REFERENCES mother (id) DEFERRABLE INITIALLY DEFERRED)').run();
  const results = await Promise.allSettled([
    table.write({ op: 'put', item: { pk: 'P', sk: 'a' } }),
    db.ask(() => void db.statement('INSERT INTO orphan VALUES (1)').run()),
  ]);
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && result.reason.code),
    ['unavailable', 'unavailable'],
  );
  assert.equal(await table.get({ pk: 'P', sk: 'a' }), null);
  assert.equal((await table.write({ op: 'put', item: { pk: 'P', sk: 'b' } })).ok, true);
  db.close();
  rmSync(folder, { recursive: true });
});
