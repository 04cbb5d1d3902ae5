/** The Launcher port on ECS: the real SDK against its local door, with child processes behind it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAwsApis } from '../../infra/local/aws-apis/api-server.ts';
import { ecsApi } from '../../infra/local/aws-apis/ecs-api.ts';
import { guardedNode } from '../../infra/local/tasks/task-child.ts';
import { TaskProcesses } from '../../infra/local/tasks/task-processes.ts';
import { ecsClient } from '../../shared/aws/clients/ecs.ts';
import { EcsLauncher } from '../../shared/aws/ecs-launcher.ts';
import type { Launcher } from '../../shared/ports/outside.ts';
import { dummyAws } from './local-aws.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-launcher-'));

/** Writes what it sees, then does as told: ends, waits, or ignores the request to end. */
const PROGRAM = `
import { appendFileSync } from 'node:fs';
const { OUT, MODE, SECRET = 'none' } = process.env;
appendFileSync(OUT, MODE + ' ' + SECRET + ' ' + (process.env.HOME ?? 'no home') + '\\n');
if (MODE === 'polite') process.on('SIGTERM', () => { appendFileSync(OUT, 'bye\\n'); process.exit(0); });
if (MODE === 'deaf') process.on('SIGTERM', () => appendFileSync(OUT, 'no\\n'));
if (MODE !== 'short') setInterval(() => {}, 1000);
appendFileSync(OUT, 'ready\\n');
`;
const program = join(folder, 'program.mjs');
writeFileSync(program, PROGRAM);

let files = 0;
const outFile = (): string => join(folder, `out-${files++}`);
const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 8000; !(await holds()); await sleep(10)) {
    assert.ok(Date.now() < end, `${what} did not happen`);
  }
}

type Stand = { readonly launcher: Launcher; readonly tasks: TaskProcesses };

function processes(prefix: string): TaskProcesses {
  let ids = 0;
  const tasks = new TaskProcesses({
    families: {
      [`${prefix}runner`]: { command: guardedNode(program), environment: { SECRET: 'from the family' } },
      [`${prefix}broken`]: { command: ['/no/such/program'], environment: {} },
    },
    time: { now: () => Date.now() },
    newTaskId: () => (++ids).toString(16).padStart(32, '0'),
    stopGraceMs: 300,
    maxTasks: 3,
    outputFolder: folder,
  });
  after(() => tasks.close());
  return tasks;
}

async function ecs(): Promise<Stand> {
  const tasks = processes('nova-test-');
  const server = await startAwsApis([ecsApi({ tasks, cluster: 'nova-test' })]);
  dummyAws();
  process.env.AWS_ENDPOINT_URL_ECS = server.url;
  const client = ecsClient();
  after(async () => {
    client.destroy();
    await server.stop();
  });
  const launcher = new EcsLauncher(client, {
    cluster: 'nova-test',
    subnets: ['subnet-1'],
    securityGroups: [],
    prefix: 'nova-test-',
  });
  return { tasks, launcher };
}

after(() => rmSync(folder, { recursive: true, force: true }));

/** The id of the task that must have been placed. */
async function placed(launcher: Launcher, order: Parameters<Launcher['runTask']>[0]): Promise<string> {
  const { taskId, reason } = await launcher.runTask(order);
  return taskId ?? assert.fail(reason);
}

/** What is meant to run. */
const running = async (launcher: Launcher) =>
  (await launcher.listTasks('runner'))
    .filter(({ stopping }) => !stopping)
    .map(({ taskId, status }) => ({ taskId, status }));

const order = (clientToken: string, MODE: string, OUT: string, family = 'runner') => ({
  clientToken,
  family,
  environment: { MODE, OUT },
});

const STANDS: readonly [name: string, make: () => Promise<Stand>][] = [['ECS over its local API', ecs]];

for (const [name, make] of STANDS) {
  test(`${name}: a task sees its family's environment and its own, and nothing of the engine's`, async () => {
    const { launcher, tasks } = await make();
    const out = outFile();
    const taskId = await placed(launcher, order('a', 'short', out));
    await until('its end', () => tasks.get(taskId)?.status === 'STOPPED');
    assert.equal(read(out), 'short from the family no home\nready\n');
    assert.equal(tasks.get(taskId)?.exitCode, 0);
    assert.deepEqual(await running(launcher), []);
  });

  test(`${name}: the same client token is the same task, also when asked at the same time`, async () => {
    const { launcher } = await make();
    const out = outFile();
    const started = await Promise.all(Array.from({ length: 8 }, () => launcher.runTask(order('b', 'polite', out))));
    assert.equal(new Set(started.map(({ taskId }) => taskId)).size, 1);
    assert.equal((await running(launcher)).length, 1);
    await until('its start', () => read(out).includes('ready'));
    assert.equal(read(out).match(/ready/g)?.length, 1);
    await assert.rejects(launcher.runTask(order('b', 'deaf', out)), { code: 'conflict' });
  });

  test(`${name}: a polite task ends at SIGTERM, and stopping it twice does no harm`, async () => {
    const { launcher, tasks } = await make();
    const out = outFile();
    const taskId = await placed(launcher, order('c', 'polite', out));
    await until('its start', () => read(out).includes('ready'));
    assert.deepEqual(await running(launcher), [{ taskId, status: 'RUNNING' }]);
    await launcher.stopTask(taskId, 'scaled down');
    await launcher.stopTask(taskId, 'scaled down');
    assert.deepEqual(await running(launcher), []);
    await until('its end', () => tasks.get(taskId)?.status === 'STOPPED');
    assert.match(read(out), /bye\n$/);
    const { stopCode, reason, exitCode } = tasks.get(taskId) ?? {};
    assert.deepEqual({ stopCode, reason, exitCode }, { stopCode: 'UserInitiated', reason: 'scaled down', exitCode: 0 });
  });

  test(`${name}: a deaf task is killed when its grace is over`, async () => {
    const { launcher, tasks } = await make();
    const out = outFile();
    const taskId = await placed(launcher, order('d', 'deaf', out));
    await until('its start', () => read(out).includes('ready'));
    const asked = Date.now();
    await launcher.stopTask(taskId, 'killed');
    const [going] = await launcher.listTasks('runner');
    assert.ok(going?.stopping && Math.abs((going.stoppingAt ?? 0) - asked) < 2_000, 'since when it is on its way out');
    await until('its end', () => tasks.get(taskId)?.status === 'STOPPED');
    assert.match(read(out), /no\n$/);
    assert.equal(tasks.get(taskId)?.exitCode, 137);
    assert.ok(Date.now() - asked >= 290);
  });

  test(`${name}: no capacity is said, not swallowed, and passes`, async () => {
    const { launcher, tasks } = await make();
    const out = outFile();
    for (const token of ['e', 'f', 'g']) await launcher.runTask(order(token, 'polite', out));
    const refused = await launcher.runTask(order('h', 'short', out));
    assert.equal(refused.taskId, null);
    assert.match(refused.reason, /no capacity/);
    await tasks.close();
    const taskId = await placed(launcher, order('h', 'short', out));
    await until('its end', () => tasks.get(taskId)?.status === 'STOPPED');
  });

  test(`${name}: an unknown family is a mistake of the set-up`, async () => {
    const { launcher } = await make();
    await assert.rejects(launcher.runTask(order('i', 'short', outFile(), 'nobody')), { code: 'misconfigured' });
  });

  test(`${name}: a program that cannot be started is a stopped task with a reason`, async () => {
    const { launcher, tasks } = await make();
    const taskId = await placed(launcher, order('j', 'short', outFile(), 'broken'));
    assert.equal(tasks.get(taskId)?.stopCode, 'TaskFailedToStart');
    assert.match(tasks.get(taskId)?.reason ?? '', /ENOENT/);
    assert.deepEqual(await launcher.listTasks('broken'), []);
  });

  test(`${name}: stopping a task that never was is fine`, async () => {
    const { launcher } = await make();
    await launcher.stopTask('f'.repeat(32), 'gone');
  });
}
