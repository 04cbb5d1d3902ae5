/**
 * The upgrade drill from the commit before this one, and back to it: its engine is killed in the middle of its work, this
 * one finishes it, begins more, and the older one finishes that.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { answerControl } from '../../cli/control.ts';
import { startEngine } from '../../infra/local/engine.ts';
import { childEnv } from '../../shared/runtime/env.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { openApprovals } from '../../shared/store/approval-store.ts';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { getHalt } from '../../shared/store/halt-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { settled, stageOf } from './engine-stage.ts';
import { command } from './story.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nova-upgrade-'));
const [tree, home] = [join(folder, 'tree'), join(folder, 'home')];
let engineOfOld: ChildProcess | undefined;
after(() => {
  engineOfOld?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const SLOW = { outcomes: [{ ok: true, costUsd: '0.01', revenueUsd: '0.02', sleepMs: 40 }] };
const FIRST = 60;
const MORE = 40;

/** null: this tree has no past, as in a shallow clone. */
function commitBefore(): string | null {
  if (!existsSync(join(ROOT, '.git'))) return null;
  try {
    return execFileSync('git', ['rev-parse', 'HEAD~1'], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}

const env = (): Record<string, string> => childEnv({ NOVA_HOME: home, HOME: folder });
const cli = [join(tree, 'cli/nova.ts')];

/** A command of the older commit. */
async function old(...words: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [...cli, ...words], { env: env(), cwd: tree })).stdout;
}

async function startOld(): Promise<ChildProcess> {
  engineOfOld = spawn(process.execPath, [...cli, 'start', '--port', '0', '--json'], {
    env: env(),
    cwd: tree,
    stdio: 'ignore',
  });
  await until('the older engine', async () => existsSync(join(home, 'local.json')));
  return engineOfOld;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill(signal);
  await closed;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await holds()); await sleep(100))
    assert.ok(Date.now() < end, `${what}: not within 90 s: ${(await endedRuns().catch(String)).toString()}`);
}

/** Runs with an end. One that its engine left after it had paid is a crash, and is never paid for twice. */
async function endedRuns(): Promise<readonly string[]> {
  const runs = JSON.parse(await old('run', 'list', 'slow', '--json')) as readonly { readonly status: string }[];
  return runs.map(({ status }) => status).filter((status) => status !== 'running');
}

const isWhole = (statuses: readonly string[], asked: number, engines: number): boolean =>
  statuses.length === asked &&
  statuses.every((status) => ['succeeded', 'crashed'].includes(status)) &&
  statuses.filter((status) => status === 'crashed').length <= engines;

test('what the commit before was killed on is finished by this one, and what this one began by the commit before', async (t) => {
  const commit = commitBefore();
  if (!commit) return t.skip('this tree has no commit before it');
  execFileSync('git', ['clone', '--quiet', '--shared', '--no-checkout', ROOT, tree]);
  execFileSync('git', ['-C', tree, 'checkout', '--quiet', commit]);
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));

  const killed = await startOld();
  const deploy = (name: string, config: object, ...more: string[]): Promise<string> =>
    old('agent', 'deploy', 'lab.scripted', '--name', name, '--config', JSON.stringify(config), ...more);
  await deploy('slow', SLOW);
  await deploy('resting', SLOW, '--schedule', 'rate(1 hour)');
  await old('channel', 'add', 'desk', '--kind', 'email', '--to', 'desk@nova.test');
  await old('killswitch', 'on', '--agent', 'resting', '--why', 'a drill');
  // Exit code 5: the gate asks the owner.
  const dear = ['--expected-roi', '300', '--schedule', 'rate(10 minutes)'];
  await deploy('dear', { outcomes: [{ ok: true, costUsd: '0.50' }] }, ...dear).catch(() => undefined);
  await old('run', 'now', 'slow', '--times', String(FIRST));
  await until('a few runs', async () => (await endedRuns()).length >= 5);
  await ended(killed, 'SIGKILL');
  rmSync(join(home, 'local.json'), { force: true });

  const engine = await startEngine({ home, port: 0, version: 'test', control: answerControl });
  const { world } = engine;
  try {
    await settled(engine, 90_000);
    const runs = await listRuns(world.table, 'slow');
    assert.deepEqual([runs.length, new Set(runs.map(({ id }) => id)).size], [FIRST, FIRST]);
    const statuses = runs.map(({ status }) => status);
    assert.ok(isWhole(statuses, FIRST, 1), statuses.join());
    assert.deepEqual(
      (await listInstances(world.table, 'slow')).map(({ run }) => run),
      [null],
    );
    assert.equal((await openApprovals(world.table)).length, 1, 'the approval still waits');
    assert.equal((await getHalt(world.table, 'agent:resting')).on, true);
    assert.equal((await getHalt(world.table, 'fleet')).on, false, 'a new version is no restored copy');
    assert.deepEqual((await proveLedger(world)).faults, []);
    const trail = await verifyTrail({ ...world, hashing: systemHashing }, { days: 3660, entity: undefined });
    assert.deepEqual(trail.faults, []);
    await command(stageOf(engine), 'run now', { agent: 'slow', times: MORE });
  } finally {
    await engine.stop();
  }

  const again = await startOld();
  await until('what this commit began', async () => (await endedRuns()).length >= FIRST + MORE);
  const statuses = await endedRuns();
  assert.ok(isWhole(statuses, FIRST + MORE, 2), statuses.join());
  assert.match(await old('ledger', 'verify'), /^valid/);
  assert.match(await old('audit', 'verify'), /^valid/m);
  await ended(again, 'SIGINT');
});
