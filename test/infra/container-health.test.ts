/** The program of the images, bundled, as a process: what its exit code says to ECS. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTAINERS_FOLDER } from '../../infra/aws/bundle-containers.ts';

const run = (folder: string, program: 'main' | 'check') =>
  spawnSync(process.execPath, [join(CONTAINERS_FOLDER, 'agent-runner', `${program}.mjs`)], {
    env: { TMPDIR: folder },
    encoding: 'utf8',
  });

test('a task is healthy while its heart beats, and not before, nor 90 s after', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-health-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const heart = join(folder, 'nova-heartbeat');
  assert.equal(run(folder, 'check').status, 1);
  writeFileSync(heart, '');
  assert.equal(run(folder, 'check').status, 0);
  const old = Date.now() / 1000 - 91;
  utimesSync(heart, old, old);
  assert.equal(run(folder, 'check').status, 1);
});

test('a task that was told nothing ends with a reason, and with a code that is counted', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-health-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { status, stdout } = run(folder, 'main');
  assert.equal(status, 1);
  assert.match(stdout, /was not told what to work on/);
});

test('the health check is small: it is started every half a minute out of the memory of the task', () => {
  const text = readFileSync(join(CONTAINERS_FOLDER, 'agent-runner', 'check.mjs'), 'utf8');
  const shared = [...text.matchAll(/from"\.\/([^"]+)"/g)].map(([, name = '']) => name);
  const bytes = shared.reduce(
    (sum, name) => sum + statSync(join(CONTAINERS_FOLDER, 'agent-runner', name)).size,
    text.length,
  );
  assert.ok(bytes < 16 * 1024, `${bytes} bytes of ${shared.join()}`);
});
