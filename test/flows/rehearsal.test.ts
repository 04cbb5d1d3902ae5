/** The rehearsal engine: the bundles of AWS on this machine, their deaths included. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import { payOnce } from '../../infra/local/demo-payments.ts';
import type { Engine } from '../../infra/local/engine.ts';
import { readAddress } from '../../infra/local/home.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { stageOf, temporaryHome } from './engine-stage.ts';
import { command, type Stage } from './story.ts';

const missing = missingStandIns();
/** Leases of 1 s, visibility of 30 s, a sweep each second. */
const TIME_SCALE = 60;

const start = (home: string): Promise<Engine> =>
  startRehearsal({ home, port: 0, version: 'test', timeScale: TIME_SCALE, control: answerControl });

type Shown = {
  readonly id: string;
  readonly status: string;
  readonly costMicros: number;
  readonly revenueMicros: number;
};
type Process = { readonly pid: number; readonly args: string };

/** Processes of one home, by what stands in their arguments. */
function processesOf(home: string): Process[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, args = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid && args.includes(home) ? [{ pid: Number(pid), args }] : [];
  });
}

async function until<T>(what: string, read: () => Promise<T | null | undefined | false>, ms = 10_000): Promise<T> {
  for (const end = Date.now() + ms; ; await sleep(20)) {
    const found = await read();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
  }
}

describe('the rehearsal engine', { skip: missing ? `this machine lacks ${missing}` : false }, () => {
  const home = temporaryHome();
  let engine: Engine;
  let stage: Stage;
  const open = async (): Promise<void> => {
    engine = await start(home.path);
    stage = stageOf(engine);
  };
  const deploy = (name: string, outcome: JsonObject, more: JsonObject = {}): Promise<never> => {
    const config = { outcomes: [outcome] };
    return command(stage, 'agent deploy', { blueprint: 'lab.scripted', department: 'lab', name, config, ...more });
  };
  const runsOf = (agent: string): Promise<readonly Shown[]> => command(stage, 'run list', { agent });
  const agentOf = (id: string): Promise<Shown> => command(stage, 'agent show', { id });

  before(open);
  after(async () => {
    await engine?.stop();
    home.remove();
  });

  test('runs that were asked for are recorded with what they cost and earned', async () => {
    await deploy('earner', { ok: true, costUsd: '0.10', revenueUsd: '0.50' });
    await stage.settle();
    await command(stage, 'run now', { agent: 'earner', times: 5 });
    await stage.settle();
    assert.deepEqual(
      (await runsOf('earner')).map(({ status, costMicros }) => [status, costMicros]),
      Array.from({ length: 5 }, () => ['succeeded', 100_000]),
    );
    const { costMicros, revenueMicros } = await agentOf('earner');
    assert.deepEqual([costMicros, revenueMicros], [500_000, 2_500_000]);
  });

  test('a schedule made through the real SDK sends its tick', async () => {
    await deploy('hourly', { ok: true, costUsd: '0', revenueUsd: '0' }, { schedule: 'rate(1 hour)' });
    await until('the first tick is run', async () => (await runsOf('hourly')).length === 1);
    assert.equal((await engine.world.scheduler.list('hourly')).length, 1);
  });

  test('a signed payment comes in by the webhook and is booked', async () => {
    const secret = await engine.world.secrets.get('stripe-webhook-secret');
    const { revenueMicros } = await agentOf('earner');
    await payOnce({ url: engine.place.url, secret, agentId: 'earner' });
    await until('the payment is booked', async () => (await agentOf('earner')).revenueMicros > revenueMicros);
    await assert.rejects(payOnce({ url: engine.place.url, secret: 'whsec_forged', agentId: 'earner' }), /40[01]/);
  });

  test('a run whose process is killed is recorded within its lease, at what it may have cost', async () => {
    await deploy('slow', { ok: true, costUsd: '0.25', revenueUsd: '0', sleepMs: 25_000 });
    await stage.settle();
    await command(stage, 'run now', { agent: 'slow', times: 1 });
    await until('its call is marked', async () =>
      (await listFleet(engine.world.table)).some(({ agentId, run }) => agentId === 'slow' && run && run.callSeq > 0),
    );
    const killed = processesOf(home.path).filter(({ args }) => args.includes('/run-agent/'));
    for (const { pid } of killed) process.kill(pid, 'SIGKILL');
    const [run] = await until('it is recorded', async () => {
      const runs = await runsOf('slow');
      return runs[0]?.status === 'crashed' && runs;
    });
    assert.equal(run?.costMicros, 250_000);
    const replaced = processesOf(home.path).filter(({ args }) => args.includes('/run-agent/'));
    assert.ok(replaced.length > 0 && replaced.every(({ pid }) => killed.every((one) => one.pid !== pid)));
  });

  test('a killed DynamoDB is there again before anyone gives up', async () => {
    const [dynamo] = processesOf(home.path).filter(({ args }) => args.includes('--db-path'));
    process.kill(dynamo?.pid ?? 0, 'SIGKILL');
    await command(stage, 'run now', { agent: 'earner', times: 2 });
    await until('two more runs', async () => (await runsOf('earner')).length === 7);
  });

  test('a second engine on the same data directory is refused', async () => {
    await assert.rejects(start(home.path), { name: 'NovaError', code: 'conflict' });
    assert.equal(readAddress(home.path)?.engine, 'rehearsal');
  });

  test('after a stop nothing of it is left, and the next start goes on from there', async () => {
    const before = await agentOf('earner');
    await engine.stop();
    assert.deepEqual(processesOf(home.path), []);
    assert.equal(readAddress(home.path), null);
    await open();
    assert.deepEqual(await agentOf('earner'), before);
    await command(stage, 'run now', { agent: 'earner', times: 1 });
    await until('one more run', async () => (await runsOf('earner')).length === 8);
  });
});
