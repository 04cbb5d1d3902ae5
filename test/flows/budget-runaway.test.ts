/** A run that wants more than it may have is stopped inside, at the limit, and goes on where it stood after a raise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentSpec, Json } from '../../shared/domain/agent.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { usdToMicros } from '../../shared/domain/money.ts';
import { type RunPorts, runAgentJob } from '../../shared/jobs/run-agent.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { BlueprintHost } from '../../shared/ports/host.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { viewBudget } from '../../shared/store/budget-view.ts';
import { createInstanceOps, getInstance } from '../../shared/store/instance-store.ts';
import { agentKey, specKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { readState } from '../../shared/store/state-store.ts';

const usd = usdToMicros;
const START = Date.UTC(2026, 10, 20, 8);
const WANTED = usd('5.11');
const CALL = usd('0.07');

const SPEC: AgentSpec = {
  ...{ agentId: 'greedy', version: 1, blueprint: 'b', config: {}, holdMicros: usd('0.50'), timeoutSeconds: 60 },
  ...{ crashLimit: 5, cooldownSeconds: 300, overlap: 'skip' },
};
const AGENT = {
  ...{ v: 1, name: 'greedy', blueprint: 'b', department: 'd', stage: 'production', status: 'active' },
  ...{ pauseReason: null, instances: 1, schedule: null, specVersion: 1, createdAt: 0, updatedAt: 0, version: 1 },
  ...{ auditSeq: 0, auditHash: '-' },
};

type Greedy = {
  readonly world: RunPorts;
  readonly provider: { micros: number };
  tick(): Promise<void>;
  limit(micros: number): Promise<unknown>;
};

/** Buys until it has bought for $5.11 in all, seven cents at a time; remembers how far it is. */
async function greedy(holdMicros: number): Promise<Greedy> {
  const table = mapTable();
  const clock = stillClock(START);
  const provider = { micros: 0 };
  const host: BlueprintHost = {
    async execute(order, calls) {
      let bought = Number(order.state ?? 0);
      try {
        for (; bought < WANTED; bought += CALL) {
          await calls.mark(CALL);
          provider.micros += CALL;
          calls.settle(CALL);
        }
      } catch (thrown) {
        if (!(thrown instanceof NovaError) || thrown.code !== 'budget_reached') throw thrown;
        return { outcome: 'failed', note: thrown.code, state: bought };
      }
      return { outcome: 'succeeded', note: 'all bought', state: bought };
    },
  };
  const none = { send: async () => {}, sendMany: async () => {} };
  const world = {
    ...{ table, host, time: clock, hashing: systemHashing, log: { info() {}, warn() {}, error() {} } },
    ...{ heart: { every: () => () => {} }, runs: none, work: none, revenue: none },
    settings: { timezone: 'UTC', computeNanosPerSecond: 0, leaseSeconds: 60, heartbeatSeconds: 20 },
  } as unknown as RunPorts & Parameters<typeof setLimit>[0];
  await table.write({ op: 'put', item: { ...AGENT, ...agentKey('greedy') } });
  await table.write({ op: 'put', item: { ...encodeSpec({ ...SPEC, holdMicros }), ...specKey('greedy', 1) } });
  await table.transact(createInstanceOps('greedy', 0, 1));
  let ticks = 0;
  return {
    world,
    provider,
    limit: (limitMicros) => setLimit(world, { scope: 'agent:greedy', limitMicros }, 'test'),
    async tick() {
      const scheduledFor = new Date(START + ++ticks * 60_000).toISOString();
      const message = { v: 1, kind: 'tick', agentId: 'greedy', instance: 0, scheduledFor } as const;
      const call = { invocationId: `i${ticks}`, deadline: clock.now() + 300_000, receiveCount: 1 };
      assert.equal(await runAgentJob.run(message, world, call), undefined);
    },
  };
}

const outcomes = async ({ world }: Greedy): Promise<string[]> =>
  (await listRuns(world.table, 'greedy')).map(({ status, note }) => `${status} ${note}`).reverse();

async function stateOf({ world }: Greedy): Promise<Json> {
  const instance = await getInstance(world.table, 'greedy', 0);
  return instance && (await readState(world.table, instance));
}

test('under a cap of $0.50 a run that wants $5.11 is stopped inside, and its state is kept', async () => {
  const agent = await greedy(usd('0.50'));
  await agent.limit(usd('0.50'));
  await agent.tick();
  assert.equal(agent.provider.micros, usd('0.49'));
  assert.equal(await stateOf(agent), usd('0.49'));
  // What is left is less than a hold: nothing begins that could not be finished.
  await agent.tick();
  assert.deepEqual(await outcomes(agent), ['failed budget_reached', 'refused budget_reached']);
  assert.equal(agent.provider.micros, usd('0.49'));
});

test('a raise lets it go on where it stood, run after run, until it has what it wants', async () => {
  const agent = await greedy(usd('0.50'));
  await agent.limit(usd('0.50'));
  await agent.tick();
  await agent.limit(usd('20'));
  for (let run = 0; run < 10; run++) await agent.tick();
  assert.equal(agent.provider.micros, WANTED);
  assert.equal((await outcomes(agent)).at(-1), 'succeeded all bought');
  assert.equal((await viewBudget(agent.world, 'agent:greedy')).spentMicros, WANTED);
});

test('a run that may cost $5.11 does not begin under a cap of $0.50', async () => {
  const agent = await greedy(WANTED);
  await agent.limit(usd('0.50'));
  await agent.tick();
  assert.equal(agent.provider.micros, 0);
  assert.deepEqual(await outcomes(agent), ['refused budget_reached']);
});

test('one call above $30 is refused, whatever the budgets say', async () => {
  const agent = await greedy(usd('60'));
  await agent.limit(usd('90'));
  const world = {
    ...agent.world,
    host: {
      execute: (_: unknown, calls: { mark(micros: number): Promise<void> }) =>
        calls.mark(usd('30.01')).then(
          () => ({ outcome: 'succeeded' as const, note: 'paid' }),
          (thrown: unknown) => ({ outcome: 'failed' as const, note: String(thrown) }),
        ),
    },
  } as unknown as RunPorts;
  const scheduledFor = new Date(START).toISOString();
  const message = { v: 1, kind: 'tick', agentId: 'greedy', instance: 0, scheduledFor } as const;
  await runAgentJob.run(message, world, { invocationId: 'i', deadline: START + 300_000, receiveCount: 1 });
  assert.match((await outcomes(agent))[0] ?? '', /one call may cost at most \$30/);
});
