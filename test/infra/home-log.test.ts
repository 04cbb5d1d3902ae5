/** Where the words of an engine and of its runs end up on one machine. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { homeLog } from '../../infra/local/home-log.ts';

test('what runs say is kept apart from what went wrong, and both files start anew when they are full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-log-'));
  const [engine, runs] = [join(folder, 'engine.log'), join(folder, 'runs.log')];
  const log = homeLog(engine, { now: () => 0 });
  log.info('found a page', { runId: 'w.0.1', fields: { level: 'error' } });
  log.warn('a message failed');
  log.error('the store is gone');
  const levels = (path: string) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { level: string }).level);
  assert.deepEqual([levels(engine), levels(runs)], [['warn', 'error'], ['info']]);
  assert.equal(statSync(runs).mode & 0o777, 0o600);
  truncateSync(runs, 10_000_001);
  log.info('again');
  assert.equal(statSync(`${runs}.1`).size, 10_000_001);
  assert.deepEqual(levels(runs), ['info']);
  rmSync(folder, { recursive: true });
});

test('a file that cannot be written stops nobody who logs: it is said once, and the first line after it says how many are lost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-log-'));
  const path = join(folder, 'engine.log');
  const complaints: string[] = [];
  const log = homeLog(path, { now: () => 0 }, { complain: (text) => void complaints.push(text) });
  // A folder in its place refuses like a full disk.
  mkdirSync(path);
  for (const n of [1, 2, 3]) log.error(`trouble ${n}`);
  rmdirSync(path);
  log.error('trouble 4');
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const said = lines.map((line) => JSON.parse(line) as { message: string; lines?: number });
  assert.deepEqual(
    said.map(({ message, lines: lost }) => [message, lost]),
    [
      ['lines could not be written', 3],
      ['trouble 4', undefined],
    ],
  );
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? '', /engine\.log cannot be written/);
  rmSync(folder, { recursive: true });
});
