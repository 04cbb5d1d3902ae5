/** The watch over tasks through its job: what ECS shows is judged, what it does not answer is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchAlerts } from '../../shared/jobs/watch-alerts.ts';
import type { LaunchedTask } from '../../shared/ports/outside.ts';
import { listAlerts } from '../../shared/store/alert-store.ts';
import { agentKey } from '../../shared/store/keys.ts';
import { deployed, fleetWorld } from '../fixtures/fleet-world.ts';

const MINUTE = 60_000;
const QUIET = { queues: async () => null, marks: async () => [] };

/** An agent with two instances that are kept running, deployed an hour ago; ECS shows what `tasks` says. */
async function keeping(tasks: () => Promise<readonly LaunchedTask[]>) {
  const base = fleetWorld();
  await deployed(base, { instances: 2, schedule: null });
  await base.memory.write({ op: 'update', key: agentKey('shop'), set: { continuous: true, compute: 'fargate' } });
  base.time.advance(60 * MINUTE);
  const asked: string[] = [];
  const launcher = {
    ...base.launcher,
    listTasks: async (family: string) => {
      asked.push(family);
      return tasks();
    },
  };
  const world = { ...base, gauges: QUIET, launcher };
  /** Looks for a quarter of an hour: what is wrong at the first look had no time to be mended. */
  const told = async (): Promise<string[]> => {
    for (let look = 0; look < 4; look++) {
      if (look > 0) base.time.advance(5 * MINUTE);
      await watchAlerts(world);
      if (look === 0) assert.deepEqual(await listAlerts(world.table), []);
    }
    const open = (await listAlerts(world.table)).filter(({ rule }) => rule === 'drift');
    return open.map(({ subject, message }) => `${subject} ${message}`);
  };
  return { world, asked, told };
}
const task = (number: number): LaunchedTask => ({
  ...{ taskId: `t${number}`, status: 'RUNNING', stopping: false, stoppingAt: null, createdAt: 0 },
  environment: { NOVA_TASK_AGENT: 'shop', NOVA_TASK_INSTANCE: String(number), NOVA_TASK_SPEC: '1' },
});

test('a task that ECS has lost and nobody brought back is drift', async () => {
  const { asked, told } = await keeping(async () => [task(0)]);
  assert.deepEqual(await told(), ['shop shop: 1 tasks run, 2 are wanted (1 missing).']);
  assert.deepEqual([...new Set(asked)], ['agent-runner']);
});

test('all there is no alert, and no answer of ECS is a line in the log and no alert', async () => {
  assert.deepEqual(await (await keeping(async () => [task(0), task(1)])).told(), []);
  const silent = await keeping(async () => Promise.reject(new Error('ECS is away')));
  assert.deepEqual(await silent.told(), []);
});

test('where no agent runs in tasks ECS is not asked', async () => {
  const { world, asked, told } = await keeping(async () => []);
  await world.memory.write({ op: 'update', key: agentKey('shop'), remove: ['continuous', 'compute'] });
  assert.deepEqual(await told(), []);
  assert.deepEqual(asked, []);
});
