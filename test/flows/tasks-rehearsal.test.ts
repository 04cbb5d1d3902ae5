/** Agents in tasks, on the rehearsal engine: child processes in the place of containers, through the real client of ECS. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import type { Engine } from '../../infra/local/engine.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { FAMILIES } from '../../shared/domain/task.ts';
import { keepEnvironment } from '../../shared/jobs/launch-run.ts';
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
    assert.ok(use && use.cpuMs > 0 && use.peakMemoryMb > 20 && use.memoryMb === 1024, JSON.stringify(use));
  });

  async function instances(count: number, agentId: string): Promise<void> {
    await until(`${count} instances of ${agentId}`, async () => {
      const all = await listInstances(engine.world.table, agentId);
      return all.filter(({ status }) => status === 'active').length === count;
    });
  }
});

async function until<T>(what: string, read: () => Promise<T | null | undefined | false>, ms = 30_000): Promise<T> {
  for (const end = Date.now() + ms; ; await sleep(40)) {
    const found = await read();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
  }
}
void keepEnvironment;
