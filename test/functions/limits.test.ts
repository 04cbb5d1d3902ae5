/** Limits of every kind and period at work: taken from all at once, counted when they are new, thinned out near the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Line } from '../../shared/domain/budget.ts';
import { itemBytes } from '../../shared/domain/table/values.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { pastBudgets, viewLine } from '../../shared/store/budget-view.ts';
import { adoptZone } from '../../shared/store/calendar-store.ts';
import { createInstanceOps, getInstance } from '../../shared/store/instance-store.ts';
import { agentKey, instanceKey, specKey } from '../../shared/store/keys.ts';
import { type NewLimit, removeLimit, setLimit } from '../../shared/store/limit-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';

const START = Date.UTC(2026, 10, 20, 8);
const HOUR = 3_600_000;
const CENT = 10_000;
const COST = 10 * CENT;

/** Two agents of one department and one of another; every run costs ten cents and takes ten seconds. */
async function fleet() {
  const table = mapTable();
  const clock = stillClock(START);
  const settings = { timezone: 'UTC', computeNanosPerSecond: 0, leaseSeconds: 60, heartbeatSeconds: 20 };
  const none = { send: async () => {}, sendMany: async () => {} };
  const world = {
    ...{ table, time: clock, hashing: systemHashing, ids: seededIds(1), settings },
    ...{ heart: { every: () => () => {} }, runs: none, revenue: none, log: { info() {}, warn() {}, error() {} } },
    work: none,
    host: {
      async execute(_: unknown, calls: { mark(micros: number): Promise<void>; settle(micros: number): void }) {
        await calls.mark(COST);
        calls.settle(COST);
        clock.advance(10_000);
        return { outcome: 'succeeded', note: 'paid' };
      },
    },
  } as unknown as World;
  for (const [id, department] of Object.entries({ ada: 'sales', bob: 'sales', cyd: 'lab' })) {
    const agent = { ...AGENT, ...agentKey(id), department };
    await table.write({ op: 'put', item: agent });
    await table.write({ op: 'put', item: { ...encodeSpec({ ...SPEC, agentId: id }), ...specKey(id, 1) } });
    await table.transact(createInstanceOps(id, 0, 1));
  }
  let ticks = 0;
  return {
    ...{ table, clock, world },
    limit: (line: Line, limitMicros: number, throttled = false) =>
      setLimit(world, { ...line, limitMicros, throttled } satisfies NewLimit, 'test'),
    async run(agentId: string, times = 1, through: World = world): Promise<string> {
      for (let k = 0; k < times; k++) {
        const scheduledFor = new Date(clock.now() + ++ticks * 1_000).toISOString();
        const tick = { v: 1, kind: 'tick', agentId, instance: 0, scheduledFor } as const;
        const call = { invocationId: `i${ticks}`, deadline: clock.now() + 300_000, receiveCount: 1 };
        assert.equal(await runAgentJob.run(tick, through, call), undefined);
      }
      return await outcomes(agentId, times);
    },
  };

  /** The last outcomes, the newest last: s for succeeded, else the note's first letter. */
  async function outcomes(agentId: string, times: number): Promise<string> {
    const instance = await getInstance(table, agentId, 0);
    const runs = await listRuns(table, agentId);
    const order = new Map([...(instance?.journal ?? [])].map(({ slot }, at) => [slot, at]));
    assert.ok(order.size > 0);
    const sorted = runs.sort((a, b) => Number.parseInt(a.slot, 36) - Number.parseInt(b.slot, 36)).slice(-times);
    return sorted.map(({ status, note }) => (status === 'succeeded' ? 's' : (note[0] ?? '?'))).join('');
  }
}

const SPEC = {
  ...{ version: 1, blueprint: 'b', config: {}, holdMicros: COST, timeoutSeconds: 60 },
  ...{ crashLimit: 5, cooldownSeconds: 300, overlap: 'skip' as const },
};
const AGENT = {
  ...{ v: 1, name: 'a', blueprint: 'b', stage: 'production', status: 'active', pauseReason: null, instances: 1 },
  ...{ schedule: null, specVersion: 1, createdAt: 0, updatedAt: 0, version: 1, auditSeq: 0, auditHash: '-' },
};

const line = (scope: string, kind: Line['kind'], per: Line['per']): Line => ({ scope, kind, per });

test('a limit per hour refuses, and the next hour begins by itself', async () => {
  const { limit, run, clock } = await fleet();
  await limit(line('fleet', 'usd', 'hour'), 3 * COST);
  assert.equal(await run('ada', 5), 'sssbb');
  clock.advance(HOUR);
  assert.equal(await run('bob', 4), 'sssb');
});

test('the first limit per hour, set while a run of the hour before goes on, holds from the next run on', async () => {
  const { limit, run, clock, world } = await fleet();
  await run('ada', 1);
  const host: World['host'] = {
    async execute(_order, calls) {
      await calls.mark(COST);
      calls.settle(COST);
      clock.advance(HOUR);
      await limit(line('agent:ada', 'usd', 'hour'), 2 * COST);
      return { outcome: 'succeeded', note: 'paid' };
    },
  };
  assert.equal(await run('ada', 1, { ...world, host }), 's');
  assert.equal(await run('ada', 4), 'ssbb');
  clock.advance(HOUR);
  assert.equal(await run('ada', 3), 'ssb');
});

test('a department’s limit binds those who are in it, and nobody else', async () => {
  const { limit, run } = await fleet();
  await limit(line('department:sales', 'usd', 'month'), 3 * COST);
  assert.equal(await run('ada', 2), 'ss');
  assert.equal(await run('bob', 2), 'sb');
  assert.equal(await run('cyd', 4), 'ssss');
});

test('runs and seconds are limited as money is, and settled to what was used', async () => {
  const { limit, run, world } = await fleet();
  await limit(line('agent:ada', 'runs', 'week'), 2);
  await limit(line('agent:bob', 'seconds', 'day'), 90);
  assert.equal(await run('ada', 3), 'ssb');
  // Each holds 60 seconds and uses ten.
  assert.equal(await run('bob', 6), 'ssssbb');
  const { spentMicros, availableMicros } = await viewLine(world, line('agent:bob', 'seconds', 'day'));
  assert.deepEqual({ spentMicros, availableMicros }, { spentMicros: 40, availableMicros: 50 });
});

for (const [per, later] of [
  ['hour', 0],
  ['day', 2 * HOUR],
  ['week', 30 * HOUR],
  ['month', 100 * HOUR],
  ['lifetime', 400 * HOUR],
] as const) {
  test(`a new limit per ${per} counts what its period has cost already`, async () => {
    const { limit, run, clock, world } = await fleet();
    await run('ada', 4);
    await run('bob', 2);
    clock.advance(later);
    if (later > 0) await run('cyd', 1);
    const spent = 6;
    await limit(line('fleet', 'usd', per), (spent + 3) * COST);
    const before = await viewLine(world, line('fleet', 'usd', per));
    const expected = (per === 'hour' ? 6 : 7) * COST;
    assert.equal(before.spentMicros, expected);
    assert.equal(before.availableMicros, (spent + 3) * COST - expected);
    const left = spent + 3 - expected / COST;
    assert.equal(await run('ada', left + 1), `${'s'.repeat(left)}b`);
  });
}

test('a new limit below what was spent already refuses at once, and a raise gives room', async () => {
  const { limit, run } = await fleet();
  await run('ada', 4);
  await limit(line('agent:ada', 'usd', 'month'), 2 * COST);
  assert.equal(await run('ada', 1), 'b');
  await limit(line('agent:ada', 'usd', 'month'), 5 * COST);
  assert.equal(await run('ada', 2), 'sb');
});

test('from 90 % every second tick is left out, from 95 % two of three, and the last cent is still spent', async () => {
  const { limit, run } = await fleet();
  await limit(line('fleet', 'usd', 'day'), 40 * COST, true);
  assert.equal(await run('ada', 36), 's'.repeat(36));
  assert.equal(await run('ada', 4), 'tsts');
  assert.match(await run('ada', 8), /^[ts]+b*$/);
  assert.equal((await run('ada', 20)).slice(-3), 'bbb');
});

test('past periods of a limit are kept, the newest first', async () => {
  const { limit, run, clock, world } = await fleet();
  await limit(line('fleet', 'usd', 'hour'), 3 * COST);
  await run('ada', 2);
  clock.advance(HOUR);
  await run('ada', 4);
  clock.advance(HOUR);
  await run('ada', 1);
  const past = await pastBudgets(world.table, line('fleet', 'usd', 'hour'));
  assert.deepEqual(
    past.slice(1).map(({ period, usedMicros, status }) => [period, usedMicros / COST, status]),
    [
      ['2026-11-20T09', 3, 'exceeded'],
      ['2026-11-20T08', 2, 'healthy'],
    ],
  );
});

test('a limit removed and set again counts the running period, and leaves those before it as they were', async () => {
  const { limit, run, clock, world } = await fleet();
  const hourly = line('fleet', 'usd', 'hour');
  await limit(hourly, 3 * COST);
  assert.equal(await run('ada', 4), 'sssb');
  await removeLimit(world, hourly, 'test');
  assert.equal(await run('ada', 2), 'ss');
  clock.advance(HOUR);
  await run('bob', 2);
  await limit(hourly, 4 * COST);
  assert.equal(await run('ada', 3), 'ssb');
  const past = await pastBudgets(world.table, hourly);
  assert.deepEqual(
    past.map(({ period, usedMicros, limitMicros }) => [period, usedMicros / COST, limitMicros / COST]),
    [
      ['2026-11-20T09', 4, 4],
      ['2026-11-20T08', 3, 3],
    ],
  );
});

test('the dollars a day of everybody go back to what they are by themselves', async () => {
  const { limit, world } = await fleet();
  await limit(line('agent:ada', 'usd', 'day'), COST);
  await removeLimit(world, line('agent:ada', 'usd', 'day'), 'test');
  assert.equal((await viewLine(world, line('agent:ada', 'usd', 'day'))).limitMicros, 50_000_000);
});

test('P14: a day goes on in the old zone until it is over: moving east gives no second allowance', async () => {
  const { limit, run, clock, world } = await fleet();
  await adoptZone(world);
  await limit(line('fleet', 'usd', 'day'), 3 * COST);
  assert.equal(await run('ada', 3), 'sss');
  const moved = { ...world, settings: { ...world.settings, timezone: 'Pacific/Auckland' } };
  assert.equal(await adoptZone(moved), true);
  // 22:00 UTC: the 21st in Auckland since eleven hours, still the 20th for the budgets.
  clock.advance(14 * HOUR);
  assert.equal(await run('ada', 1), 'b');
  // 11:00 UTC on the 21st: the 22nd begins in Auckland.
  clock.advance(14 * HOUR);
  assert.equal(await run('ada', 4), 'sssb');
});

test('with limits of every kind the item of an instance stays below 1,024 bytes, a run in progress and all', async () => {
  const { limit, run, table, world } = await fleet();
  for (const [kind, amount] of [
    ['usd', 900 * COST],
    ['runs', 900],
    ['seconds', 90_000],
  ] as const)
    for (const per of ['hour', 'week'] as const) await limit(line('department:sales', kind, per), amount);
  const { host } = world;
  let most = 0;
  const watched: World['host'] = {
    async execute(order, calls) {
      const result = await host.execute(order, calls);
      const item = await table.get(instanceKey('ada', 0));
      assert.equal(item?.ls, 'drh drw dsh dsw duh duw =sales');
      most = Math.max(most, itemBytes(item));
      return result;
    },
  };
  await run('ada', 12, { ...world, host: watched });
  assert.ok(most > 500 && most <= 1_024, `${most} bytes`);
});
