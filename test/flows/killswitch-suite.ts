/** The kill switch with work in every state, on an engine of its own. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import type { HaltView, Stopwatch } from '../../cli/halt.ts';
import type { Engine, EngineOptions } from '../../infra/local/engine.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import type { Verdict } from '../../shared/domain/decision.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { createDecision } from '../../shared/store/decision-store.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { settled, stageOf, temporaryHome } from './engine-stage.ts';
import { command, type Stage } from './story.ts';

type Start = (options: EngineOptions) => Promise<Engine>;
type On = HaltView & Stopwatch;

/** More than there is time for before the switch is turned. */
const QUICK = 120;
const FLEET: readonly { name: string; config: JsonObject; times: number }[] = [
  { name: 'quick', config: { outcomes: [{ costUsd: '0.01', sleepMs: 20 }] }, times: QUICK },
  // Its call is sent and takes longer than anybody waits.
  { name: 'slow', config: { outcomes: [{ costUsd: '0.50', sleepMs: 50_000 }] }, times: 3 },
  { name: 'free', config: { outcomes: [{ sleepMs: 50_000 }] }, times: 1 },
  { name: 'looper', config: { outcomes: [{ costUsd: '0.10', hang: 'loop' }] }, times: 1 },
  { name: 'paused', config: { outcomes: [{ costUsd: '0.01' }] }, times: 0 },
];

const VERDICT: Verdict = {
  action: { kind: 'scale_up', agentId: 'quick', fromInstances: 1, toInstances: 5 },
  ...{ why: 'it earns', risk: 'low', confidenceBps: 10_000, expectedRoiBps: null },
  ...{ costImpactMicrosPerDay: 1, needsApproval: true, evidence: {} },
};

const spentIn = async ({ world }: Stage): Promise<number> =>
  (await listFleet(world.table)).reduce((sum, { total, run }) => sum + total.costMicros + (run?.sentMicros ?? 0), 0);
const runningIn = async ({ world }: Stage): Promise<string[]> =>
  (await listFleet(world.table)).filter(({ run }) => run).map(({ agentId }) => agentId);
const revenueOf = async (stage: Stage): Promise<number> =>
  ((await command(stage, 'agent show', { id: 'quick' })) as { revenueMicros: number }).revenueMicros;

async function until(what: string, true_: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await true_())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(20);
  }
}

const earned = (stage: Stage, movementId: string): Promise<void> =>
  stage.world.revenue.send({
    ...{ v: 1, kind: 'earned', movementId, agentId: 'quick', runId: 'quick.0.x', amountMicros: 1_000_000 },
    at: stage.world.time.now(),
  });

export async function killOn(start: Start, t: TestContext, options: Partial<EngineOptions> = {}): Promise<void> {
  const home = temporaryHome();
  const opened = (): Promise<Engine> =>
    start({ home: home.path, port: 0, version: 'test', control: answerControl, maxConcurrentRuns: 6, ...options });
  let engine = await opened();
  try {
    const approvalId = await prepare(stageOf(engine));
    await kill(stageOf(engine), t, approvalId);
    await engine.stop();
    engine = await opened();
    await stays(stageOf(engine));
    await letGo(stageOf(engine), engine);
  } finally {
    await engine.stop();
    home.remove();
  }
}

/** Queued, claimed, running, in a child that never gives the processor back, waiting for approval, a payment in flight. */
async function prepare(stage: Stage): Promise<string> {
  for (const { name, config } of FLEET) {
    const schedule = 'cron(0 3 1 1 ? *)';
    await command(stage, 'agent deploy', { blueprint: 'lab.scripted', department: 'lab', name, config, schedule });
  }
  await until('schedules', async () => (await stage.world.scheduler.list('quick')).length === 1);
  await until('instances', async () => (await listFleet(stage.world.table)).length === FLEET.length);
  await command(stage, 'agent pause', { id: 'paused' });
  const order = { verdict: VERDICT, status: 'awaiting_approval', rule: 'test@1', actor: 'system:test' } as const;
  const { approvalId } = (await createDecision(stage.world, order)) ?? {};
  for (const { name, times } of FLEET) if (times > 0) await command(stage, 'run now', { agent: name, times });
  await until('all of them run', async () => {
    const running = new Set(await runningIn(stage));
    return ['slow', 'free', 'looper'].every((name) => running.has(name)) && (await spentIn(stage)) > 620_000;
  });
  return approvalId ?? assert.fail('nobody was asked');
}

async function kill(stage: Stage, t: TestContext, approvalId: string): Promise<void> {
  await earned(stage, 'before');
  const on = (await command(stage, 'killswitch on', { why: 'a drill', wait: 60 })) as On;
  const after = await spentIn(stage);
  t.diagnostic(`no new spending after ${on.admissionClosedMs} ms, nothing runs after ${on.quietMs} ms`);
  assert.ok(on.admissionClosedMs < 1000, `${on.admissionClosedMs} ms`);
  assert.ok(on.quietMs !== null, `still running: ${on.running}`);
  assert.deepEqual([...on.stopped].sort(), ['free', 'looper', 'quick', 'slow']);
  assert.ok(on.settledAfterMicros <= 0, `${on.settledAfterMicros} were spent after admission was closed`);
  await earned(stage, 'during');
  await sleep(700);
  assert.equal(await spentIn(stage), after, 'something was spent after it was acknowledged');
  assert.deepEqual(await runningIn(stage), []);
  for (const { name } of FLEET) assert.deepEqual(await stage.world.scheduler.list(name), [], name);
  assert.equal((await getApproval(stage.world.table, approvalId))?.status, 'expired');
  await until('payments are booked all the same', async () => (await revenueOf(stage)) === 2_000_000);
}

/** Nothing starts again by itself, not even with a new engine. */
async function stays(stage: Stage): Promise<void> {
  const before = await spentIn(stage);
  await sleep(700);
  assert.equal(await spentIn(stage), before);
  const statuses = (await listFleet(stage.world.table)).map(({ agentId, status }) => `${agentId} ${status}`).sort();
  assert.deepEqual(statuses, ['free halted', 'looper halted', 'paused paused', 'quick halted', 'slow halted']);
}

async function letGo(stage: Stage, engine: Engine): Promise<void> {
  for (const { name } of FLEET) if (name !== 'quick') await command(stage, 'agent pause', { id: name });
  await command(stage, 'killswitch off', { why: 'the drill is over' });
  await until('what was asked for goes on', async () => {
    const shown = (await command(stage, 'agent show', { id: 'quick' })) as { runs: number; refused: number };
    return shown.runs + shown.refused === QUICK;
  });
  const instances = await listFleet(stage.world.table);
  const active = instances.filter(({ status }) => status === 'active').map(({ agentId }) => agentId);
  assert.deepEqual(active, ['quick']);
  assert.equal((await stage.world.scheduler.list('quick')).length, 1);
  for (const { name } of FLEET) if (name !== 'quick') assert.deepEqual(await stage.world.scheduler.list(name), []);
  await settled(engine);
}
