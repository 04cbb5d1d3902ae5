/** Agents in tasks, on the rehearsal engine: child processes in the place of containers, through the real client of ECS. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import type { Engine } from '../../infra/local/engine.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { FAMILIES, isTaskHolder, taskOf } from '../../shared/domain/task.ts';
import { runEnvironment } from '../../shared/jobs/launch-run.ts';
import type { LaunchedTask } from '../../shared/ports/outside.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { readUse } from '../../shared/store/use-store.ts';
import { stageOf, temporaryHome } from './engine-stage.ts';
import { command } from './story.ts';

const missing = missingStandIns();
/** Leases of 2 s, a sweep every 2 s, 4 s to stop. */
const TIME_SCALE = 30;

describe('agents in tasks', { skip: missing ? `this machine lacks ${missing}` : false }, () => {
  const home = temporaryHome();
  let engine: Engine;

  before(async () => {
    engine = await startRehearsal({
      home: home.path,
      port: 0,
      version: 'test',
      timeScale: TIME_SCALE,
      control: answerControl,
    });
  });
  after(async () => {
    await engine.stop();
    home.remove();
  });

  const ask = (words: string, input: JsonObject = {}): Promise<never> => command(stageOf(engine), words, input);
  const deploy = (name: string, outcomes: readonly JsonObject[], more: JsonObject = {}) =>
    ask('agent deploy', { blueprint: 'lab.scripted', name, compute: 'fargate', config: { outcomes }, ...more });
  const tasksOf = async (agentId: string): Promise<readonly LaunchedTask[]> =>
    (await engine.world.launcher.listTasks(FAMILIES.fargate)).filter(
      ({ environment }) => environment.NOVA_TASK_AGENT === agentId,
    );
  const runsOf = (agentId: string) => listRuns(engine.world.table, agentId);

  test('a run that was asked for goes on in a task of its own, is recorded, and leaves what it used', async () => {
    await deploy('digger', [{ ok: true, costUsd: '0.02', revenueUsd: '0.05', sleepMs: 300 }]);
    await instances(1, 'digger');
    await ask('run now', { agent: 'digger', times: 2 });
    const runs = await until('two runs', async () => {
      const all = await runsOf('digger');
      return all.filter(({ status }) => status === 'succeeded').length === 2 && all;
    });
    assert.deepEqual(
      runs.map(({ costMicros, attempt }) => ({ costMicros, attempt })),
      [
        { costMicros: 20_000, attempt: 1 },
        { costMicros: 20_000, attempt: 1 },
      ],
    );
    await until('its tasks to end', async () => (await tasksOf('digger')).length === 0);
    const [use] = await readUse(engine.world.table, 'digger', 0);
    const [shown] = (await ask('agent health', { id: 'digger' })) as {
      use: { peakMemoryMb: number; memoryMb: number };
    }[];
    assert.ok(shown && shown.use.peakMemoryMb > 20 && shown.use.memoryMb === 1024, JSON.stringify(shown));
    assert.ok(use && use.cpuMs > 0 && use.peakMemoryMb > 20 && use.memoryMb === 1024, JSON.stringify(use));
  });

  test('scaled from one to three and back, as many tasks are kept running as are wanted, each cycle a run', async () => {
    await deploy('steady', [{ ok: true, costUsd: '0.01' }], { continuous: true, rest: 0 });
    await running(1, 'steady');
    await ask('agent scale', { id: 'steady', to: 3 });
    await running(3, 'steady');
    await until('cycles of all three', async () => {
      const by = Map.groupBy(await runsOf('steady'), ({ instance }) => instance);
      return [0, 1, 2].every((n) => (by.get(n) ?? []).filter(({ status }) => status === 'succeeded').length >= 2);
    });
    await ask('agent scale', { id: 'steady', to: 1 });
    await running(1, 'steady');
    const left = (await tasksOf('steady')).map(({ environment }) => environment.NOVA_TASK_INSTANCE);
    assert.deepEqual(left, ['0']);
  });

  test('a new version of the config replaces the tasks, and no cycle is lost or doubled', async () => {
    const config = { outcomes: [{ ok: true, costUsd: '0.03' }] };
    await ask('agent update', { id: 'steady', config, why: 'dearer' });
    await until('a task of version 2', async () =>
      (await tasksOf('steady')).some(({ environment, stopping }) => environment.NOVA_TASK_SPEC === '2' && !stopping),
    );
    await until('a cycle of version 2', async () =>
      (await runsOf('steady')).some(({ costMicros, status }) => status === 'succeeded' && costMicros === 30_000),
    );
    const runs = await runsOf('steady');
    // A task that was on its way to its next cycle when its instance was scaled away is told no, and has cost nothing.
    const toldNo = ({ status, note, costMicros }: (typeof runs)[number]): boolean =>
      status === 'refused' && note === 'paused' && costMicros === 0;
    const lost = runs.filter((run) => !['succeeded', 'running'].includes(run.status) && !toldNo(run));
    assert.deepEqual(lost, []);
    assert.equal(new Set(runs.map(({ id }) => id)).size, runs.length);
    await ask('agent pause', { id: 'steady' });
    await running(0, 'steady');
  });

  test('a killed task is a lost run: taken up again by another one, never twice at once', async () => {
    await deploy('fragile', [{ ok: true, sleepMs: 1500 }], { continuous: true, rest: 0 });
    await running(1, 'fragile');
    const first = await until('its run', async () =>
      (await runsOf('fragile')).find(({ status }) => status === 'running'),
    );
    const killed = await killTask('fragile');
    await until('the same run to succeed', async () =>
      (await runsOf('fragile')).some(
        ({ id, status, attempt }) => id === first.id && status === 'succeeded' && attempt === 2,
      ),
    );
    const now = await tasksOf('fragile');
    assert.ok(now.every(({ taskId }) => taskId !== killed));
    await ask('agent retire', { id: 'fragile' });
    await running(0, 'fragile');
  });

  test('a task whose heart stops is not waited for: another one takes its cycle up, and the first goes though it hears nothing', async (t) => {
    await deploy('mummy', [{ ok: true, sleepMs: 1500 }], { continuous: true, rest: 0 });
    await running(1, 'mummy');
    const first = await until('its run, taken over', async () => {
      const [instance] = await listInstances(engine.world.table, 'mummy');
      return instance?.run && isTaskHolder(instance.run.holder) && { slot: instance.run.slot };
    });
    const [frozen] = await tasksOf('mummy');
    assert.ok(frozen);
    // SIGSTOP: no heartbeat, and SIGTERM is not heard. Only SIGKILL ends it, after its grace.
    for (const pid of await pidsOf('mummy')) process.kill(pid, 'SIGSTOP');
    const lost = Date.now();
    await until('its lease to be lost', async () => {
      const [instance] = await listInstances(engine.world.table, 'mummy');
      return instance?.lastLostTask === frozen.taskId;
    });
    const crashedMs = Date.now() - lost;
    const again = await until('another task at work on the same run', async () => {
      const [instance] = await listInstances(engine.world.table, 'mummy');
      const isBack =
        instance?.run && isTaskHolder(instance.run.holder) && taskOf(instance.run.holder) !== frozen.taskId;
      return isBack ? { slot: instance.run.slot } : null;
    });
    t.diagnostic(`of leases of 2 s: a crash after ${crashedMs} ms, at work again after ${Date.now() - lost} ms`);
    assert.equal(again.slot, first.slot);
    await until('the first to be gone', async () =>
      (await tasksOf('mummy')).every(({ taskId }) => taskId !== frozen.taskId),
    );
    const runs = (await runsOf('mummy')).filter(({ id }) => id.endsWith(first.slot));
    assert.equal(runs.length, 1);
    await ask('agent retire', { id: 'mummy' });
    await running(0, 'mummy');
  });

  test('a task that ignores SIGTERM is killed after its grace, and its run is charged once', async () => {
    await deploy('deaf', [{ ok: true, costUsd: '0.01', sleepMs: 60_000 }]);
    await instances(1, 'deaf');
    await ask('run now', { agent: 'deaf', times: 1 });
    await until(
      'its paid call',
      async () => ((await listInstances(engine.world.table, 'deaf'))[0]?.run?.callSeq ?? 0) > 0,
    );
    for (const pid of await pidsOf('deaf')) process.kill(pid, 'SIGSTOP');
    const [task] = await tasksOf('deaf');
    assert.ok(task);
    await ask('agent retire', { id: 'deaf' });
    await until('its end', async () => (await tasksOf('deaf')).length === 0);
    const run = await until('its record', async () =>
      (await runsOf('deaf')).find(({ status }) => status !== 'running'),
    );
    assert.deepEqual([run.status, run.costMicros], ['crashed', 10_000]);
    assert.equal((await runsOf('deaf')).length, 1);
  });

  test('asked to stop, a run leaves a checkpoint and is taken up again from it: nothing is paid twice', async () => {
    await deploy('long', [{ ok: true, costUsd: '0.01', sleepMs: 250, steps: 20 }], { spot: true });
    await instances(1, 'long');
    await ask('run now', { agent: 'long', times: 1 });
    const [task] = await until('its third checkpoint', async () => {
      const [instance] = await listInstances(engine.world.table, 'long');
      return (instance?.run?.checkedSeq ?? 0) >= 3 && (await tasksOf('long'));
    });
    assert.ok(task);
    await engine.world.launcher.stopTask(task.taskId, 'Spot interruption');
    const run = await until('its end', async () => (await runsOf('long')).find(({ status }) => status === 'succeeded'));
    assert.deepEqual({ attempt: run.attempt, costMicros: run.costMicros }, { attempt: 2, costMicros: 200_000 });
    const [instance] = await listInstances(engine.world.table, 'long');
    assert.deepEqual([instance?.crashStreak, instance?.total.crashed, instance?.total.runs], [0, 0, 1]);
    assert.equal((await runsOf('long')).length, 1);
  });

  test('five crashes in a row end the tasks until the pause is over, and one mail says so', async () => {
    await deploy('broken', [{ crash: 'boom' }], { continuous: true, rest: 0 });
    await until('five crashes', async () => {
      const [instance] = await listInstances(engine.world.table, 'broken');
      return instance?.crashStreak === 5 && instance.coolingUntil > Date.now();
    });
    await running(0, 'broken');
    const mails = await until('its mail', async () => {
      const all = (await engine.admin.mails?.list()) ?? [];
      return all.filter(({ subject }) => subject.includes('broken')).length > 0 && all;
    });
    assert.equal(mails.filter(({ subject }) => subject.includes('crash limit')).length, 1);
    assert.equal((await runsOf('broken')).length, 5);
    const [{ health, reasons = [] } = {}] = (await ask('agent health', { id: 'broken' })) as {
      health?: string;
      reasons?: string[];
    }[];
    assert.equal(health, 'unhealthy');
    assert.match(reasons.join(), /5 crashes in a row/);
    await ask('agent retire', { id: 'broken' });
  });

  test('a task without a run is an orphan, and stopped', async () => {
    const environment = runEnvironment({ agentId: 'digger', number: 0, slot: 'x', fence: 999, holder: 'nobody' });
    const size = { cpuUnits: 256, memoryMb: 512, gpus: 0, spot: false };
    const sleeper = { NOVA_TASK_AGENT: 'steady', NOVA_TASK_INSTANCE: '7', NOVA_TASK_SPEC: '2' };
    for (const [clientToken, told] of [
      ['o1', environment],
      ['o2', sleeper],
    ] as const) {
      await engine.world.launcher.runTask({ clientToken, family: FAMILIES.fargate, size, environment: told });
    }
    await until('both to be gone', async () => {
      const all = await engine.world.launcher.listTasks(FAMILIES.fargate);
      return (
        all.filter(
          ({ environment: { NOVA_TASK_FENCE, NOVA_TASK_INSTANCE } }) =>
            NOVA_TASK_FENCE === '999' || NOVA_TASK_INSTANCE === '7',
        ).length === 0
      );
    });
    assert.deepEqual((await runsOf('digger')).length, 2);
  });

  test('killed while its task starts, nothing of it runs and its hold is back', async () => {
    await deploy('doomed', [{ ok: true, costUsd: '0.50', sleepMs: 20_000 }]);
    await instances(1, 'doomed');
    await ask('run now', { agent: 'doomed', times: 1 });
    await until('its claim', async () => (await runsOf('doomed')).some(({ status }) => status === 'running'));
    await ask('agent retire', { id: 'doomed' });
    await until('its end', async () => {
      const runs = await runsOf('doomed');
      // A claim that was given back has no record until its message is answered.
      return (
        runs.length > 0 && runs.every(({ status }) => status !== 'running') && (await tasksOf('doomed')).length === 0
      );
    });
    const [run] = await runsOf('doomed');
    assert.ok(run && run.status !== 'succeeded' && run.costMicros <= 500_000, JSON.stringify(run));
    const [instance] = await listInstances(engine.world.table, 'doomed');
    assert.equal(instance?.run, null);
  });

  async function instances(count: number, agentId: string): Promise<void> {
    await until(`${count} instances of ${agentId}`, async () => {
      const all = await listInstances(engine.world.table, agentId);
      return all.filter(({ status }) => status === 'active').length === count;
    });
  }

  /** As many are meant to run, and none is on its way out. */
  async function running(count: number, agentId: string): Promise<void> {
    await until(`${count} tasks of ${agentId}`, async () => {
      const tasks = await tasksOf(agentId);
      return tasks.length === count && tasks.every(({ status, stopping }) => status === 'RUNNING' && !stopping);
    });
  }

  /** The whole task, without a word. */
  async function killTask(agentId: string): Promise<string> {
    const [task] = await tasksOf(agentId);
    assert.ok(task);
    for (const pid of await pidsOf(agentId)) process.kill(pid, 'SIGKILL');
    return task.taskId;
  }

  /** Of the first processes of its tasks. */
  async function pidsOf(agentId: string): Promise<readonly number[]> {
    const ids = (await tasksOf(agentId)).map(({ taskId }) => taskId);
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' });
    const pids = [...lines.matchAll(/^\s*(\d+)\s+.*agent-runner\/main\.mjs/gm)].map(([, pid]) => Number(pid));
    const mine = pids.filter((pid) => ids.some((id) => environmentOf(pid).includes(id)));
    // One, and for a moment its own copy: a process that it is just starting.
    assert.ok(mine.length >= 1, `${ids.join()}: ${pids.join()}`);
    return mine;
  }
});

/** Of a process of our own, as Linux tells it. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

async function until<T>(what: string, read: () => Promise<T | null | undefined | false>, ms = 30_000): Promise<T> {
  for (const end = Date.now() + ms; ; await sleep(40)) {
    const found = await read();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
  }
}
