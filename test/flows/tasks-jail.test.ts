/** The program of the image as a task definition runs it: user 1000, a root that nobody can write to, no right of the kernel. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import { FAMILIES } from '../../shared/domain/task.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { jailed, jailProblem } from '../fixtures/jail.ts';
import { stageOf, temporaryHome } from './engine-stage.ts';
import { command } from './story.ts';

const missing = missingStandIns();
const problem = missing ? `this machine lacks ${missing}` : jailProblem();

test('as user 1000, without rights, on a root of its own files, a run works, leaves a checkpoint when it is stopped, and goes on', {
  skip: problem ?? false,
}, async (t) => {
  const home = temporaryHome();
  const options = { home: home.path, port: 0, version: 'test', timeScale: 30, control: answerControl };
  const engine = await startRehearsal({ ...options, taskCommand: jailed });
  t.after(async () => {
    await engine.stop();
    home.remove();
  });
  const { world } = engine;
  await command(stageOf(engine), 'agent deploy', {
    ...{ blueprint: 'lab.scripted', name: 'digger', compute: 'fargate' },
    config: { outcomes: [{ ok: true, costUsd: '0.01', sleepMs: 250, steps: 12 }] },
  });
  await until('its instance', async () => (await listInstances(world.table, 'digger')).length === 1);
  await command(stageOf(engine), 'run now', { agent: 'digger', times: 1 });
  await until('its third checkpoint', async () => {
    const [instance] = await listInstances(world.table, 'digger');
    return (instance?.run?.checkedSeq ?? 0) >= 3;
  });
  const [task] = await world.launcher.listTasks(FAMILIES.fargate);
  assert.ok(task);
  const inJail = processesOf(task.taskId);
  assert.ok(inJail.length >= 1, 'its process is not there');
  for (const { status, mounts } of inJail) {
    assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
    assert.match(status, /^Groups:\s*$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${set}:\t0+$`, 'm'));
    assert.match(mounts, / \/ \/ ro[, ]/);
  }
  await world.launcher.stopTask(task.taskId, 'Spot interruption');
  const run = await until('its end', async () =>
    (await listRuns(world.table, 'digger')).find(({ status }) => status === 'succeeded'),
  );
  assert.deepEqual({ attempt: run.attempt, costMicros: run.costMicros }, { attempt: 2, costMicros: 120_000 });
});

type Seen = { readonly status: string; readonly mounts: string };

/** The program and the process of its blueprint, as Linux tells of them. */
function processesOf(taskId: string): Seen[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
      if (!read('cmdline').startsWith('/node') || !read('environ').includes(taskId)) return [];
      return [{ status: read('status'), mounts: read('mountinfo') }];
    } catch {
      return [];
    }
  });
}

async function until<T>(what: string, read: () => Promise<T | null | undefined | false>, ms = 45_000): Promise<T> {
  for (const end = Date.now() + ms; ; await sleep(40)) {
    const found = await read();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
  }
}
