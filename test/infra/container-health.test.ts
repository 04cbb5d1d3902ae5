/** The program of the images, bundled, as a process: what its exit code says to ECS. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTAINERS_FOLDER } from '../../infra/aws/bundle-containers.ts';

const main = join(CONTAINERS_FOLDER, 'agent-runner', 'main.mjs');
const run = (folder: string, ...args: string[]) =>
  spawnSync(process.execPath, [main, ...args], { env: { TMPDIR: folder }, encoding: 'utf8' });

test('a task is healthy while its heart beats, and not before, nor 90 s after', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-health-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const heart = join(folder, 'nova-heartbeat');
  assert.equal(run(folder, '--health').status, 1);
  writeFileSync(heart, '');
  assert.equal(run(folder, '--health').status, 0);
  const old = Date.now() / 1000 - 91;
  utimesSync(heart, old, old);
  assert.equal(run(folder, '--health').status, 1);
});

test('a task that was told nothing ends with a reason, and with a code that is counted', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-health-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { status, stdout } = run(folder);
  assert.equal(status, 1);
  assert.match(stdout, /was not told what to work on/);
});
