/** Where the words of an engine and of its runs end up on one machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
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
