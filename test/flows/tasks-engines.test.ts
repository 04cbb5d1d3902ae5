/** Agents in tasks on the engines whose tasks are loops of their own process: memory, and one machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import { startEngine } from '../../infra/local/engine.ts';
import { memoryEngine } from '../../infra/local/memory.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { FAMILIES } from '../../shared/domain/task.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { temporaryHome } from './engine-stage.ts';
import { command, type Stage } from './story.ts';

const MINUTE = 60_000;
type Health = { readonly health: string; readonly use: { peakMemoryMb: number; memoryMb: number } | null };
const noFront = () => Promise.reject(new Error('no front'));

async function memoryStage(seed = 1) {
  const engine = await memoryEngine({ seed });
  const stage: Stage = { world: engine.world, admin: engine.admin, settle: () => engine.drain(), fetch: noFront };
  const ask = async (words: string, input: JsonObject = {}): Promise<never> => {
    const answer = await command(stage, words, input);
    await engine.drain();
    return answer;
  };
  const deploy = (name: string, outcomes: readonly JsonObject[], more: JsonObject = {}) =>
    ask('agent deploy', { blueprint: 'lab.scripted', name, compute: 'fargate', config: { outcomes }, ...more });
  const runsOf = (agentId: string) => listRuns(engine.table, agentId);
  const tasksOf = () => engine.world.launcher.listTasks(FAMILIES.fargate);
  return { engine, ask, deploy, runsOf, tasksOf };
}

test('memory: a scheduled agent in tasks runs once a tick, and leaves no task behind', async () => {
  const { engine, deploy, runsOf, tasksOf } = await memoryStage();
  await deploy('hourly', [{ ok: true, costUsd: '0.10', revenueUsd: '0.20' }], { schedule: 'rate(1 hour)' });
  await engine.advance(6 * 60 * MINUTE);
  const runs = await runsOf('hourly');
  assert.ok(runs.length >= 6 && runs.length <= 7, `${runs.length}`);
  assert.ok(
    runs.every(({ status, costMicros, attempt }) => status === 'succeeded' && costMicros === 100_000 && attempt === 1),
  );
  assert.deepEqual(await tasksOf(), []);
});

test('memory: an agent that is kept running works in cycles, scaled up and down by desired state alone', async () => {
  const { engine, ask, deploy, runsOf, tasksOf } = await memoryStage();
  await deploy('steady', [{ ok: true }], { continuous: true, rest: 60 });
  await engine.advance(10 * MINUTE);
  assert.equal((await tasksOf()).length, 1);
  const before = await runsOf('steady');
  assert.ok(before.length >= 9 && before.length <= 11, `${before.length} cycles in ten minutes`);
  await ask('agent scale', { id: 'steady', to: 3 });
  assert.equal((await tasksOf()).length, 3);
  await ask('agent scale', { id: 'steady', to: 1 });
  assert.equal((await tasksOf()).length, 1);
  await ask('agent pause', { id: 'steady' });
  assert.deepEqual(await tasksOf(), []);
  const runs = await runsOf('steady');
  assert.ok(runs.every(({ status }) => status === 'succeeded'));
});

test('memory: crash loop: five, a pause of 300 s, one probe, ever longer pauses, then paused, with one mail each', async () => {
  const { engine, deploy, runsOf, tasksOf } = await memoryStage();
  await deploy('broken', [{ crash: 'boom' }], { continuous: true, rest: 0 });
  await engine.advance(4 * MINUTE);
  assert.equal((await runsOf('broken')).length, 5);
  assert.deepEqual(await tasksOf(), []);
  await engine.advance(3 * MINUTE);
  assert.equal((await runsOf('broken')).length, 6, 'one probe');
  await engine.advance(8 * MINUTE);
  assert.equal((await runsOf('broken')).length, 6, 'the second pause is twice as long');
  await engine.advance(8 * 60 * MINUTE);
  const [instance] = await listInstances(engine.table, 'broken');
  assert.equal(instance?.status, 'paused');
  assert.equal((await runsOf('broken')).length, 10);
  const subjects = engine.mails.map(({ subject }) => subject).filter((subject) => subject.includes('broken'));
  assert.equal(subjects.filter((subject) => subject.includes('crash limit')).length, 1);
  assert.equal(subjects.filter((subject) => subject.includes('paused')).length, 1);
});

test('memory: without restarts the first crash pauses it', async () => {
  const { engine, deploy, runsOf } = await memoryStage();
  await deploy('once', [{ crash: 'boom' }], { continuous: true, rest: 0, noRestart: true });
  await engine.advance(30 * MINUTE);
  assert.equal((await runsOf('once')).length, 1);
  assert.equal((await listInstances(engine.table, 'once'))[0]?.status, 'paused');
});

test('one machine: a run in a task is stopped at a checkpoint and ends as its second attempt; a killed agent has no task', async () => {
  const home = temporaryHome();
  const engine = await startEngine({
    home: home.path,
    port: 0,
    version: 'test',
    timeScale: 30,
    control: answerControl,
  });
  try {
    const stage: Stage = { world: engine.world, admin: engine.admin, settle: async () => {}, fetch: noFront };
    const { launcher, table } = engine.world;
    const long = { outcomes: [{ ok: true, costUsd: '0.01', sleepMs: 100, steps: 12 }] };
    await command(stage, 'agent deploy', { blueprint: 'lab.scripted', name: 'long', compute: 'fargate', config: long });
    const steady = { outcomes: [{ ok: true, sleepMs: 50 }] };
    await command(stage, 'agent deploy', {
      ...{ blueprint: 'lab.scripted', name: 'steady', compute: 'fargate', continuous: true, rest: 0, config: steady },
    });
    await until('its instance', async () => (await listInstances(table, 'long')).length === 1);
    await command(stage, 'run now', { agent: 'long', times: 1 });
    const tasksOf = async (agentId: string) =>
      (await launcher.listTasks(FAMILIES.fargate)).filter(({ environment }) => environment.NOVA_TASK_AGENT === agentId);
    await until('a checkpoint', async () => ((await listInstances(table, 'long'))[0]?.run?.checkedSeq ?? 0) >= 2);
    for (const { taskId } of await tasksOf('long')) await launcher.stopTask(taskId, 'asked');
    await until('its end', async () => (await listRuns(table, 'long')).some(({ status }) => status === 'succeeded'));
    const [run] = await listRuns(table, 'long');
    assert.deepEqual({ attempt: run?.attempt, costMicros: run?.costMicros }, { attempt: 2, costMicros: 120_000 });
    if (process.platform === 'linux') {
      const [shown] = (await command(stage, 'agent health', { id: 'long' })) as unknown as Health[];
      assert.ok(shown?.use && shown.use.peakMemoryMb > 20 && shown.use.memoryMb === 1024, JSON.stringify(shown));
      assert.equal(shown.health, 'healthy');
      const seen = (await command(stage, 'run show', { id: run?.id ?? '' })) as unknown as Health;
      assert.deepEqual(seen.use?.memoryMb, 1024);
    }
    await until('three cycles', async () => (await listRuns(table, 'steady')).length >= 3);
    await command(stage, 'agent retire', { id: 'steady' });
    await until('no task', async () => (await tasksOf('steady')).length === 0);
  } finally {
    await engine.stop();
    home.remove();
  }
});

async function until(what: string, holds: () => Promise<boolean>, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await sleep(25)) {
    assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
  }
}
