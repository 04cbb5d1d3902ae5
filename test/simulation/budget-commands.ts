/** Commands of the budget model: what they do to the stores, and the little that the model remembers of it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { departmentScope, isLine, KINDS, type Line } from '../../shared/domain/budget.ts';
import { calendarIn, type Moment, momentAt, PERS, periodOf } from '../../shared/domain/calendar.ts';
import { heldBy, inSlice } from '../../shared/domain/protocol/slice.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { recoverExpired } from '../../shared/jobs/sweep.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import type { RunCalls } from '../../shared/ports/host.ts';
import type { Table } from '../../shared/ports/table.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { openedBudgets, periodFor } from '../../shared/store/budget-store.ts';
import { createInstanceOps, listFleet, setInstanceStatusOp } from '../../shared/store/instance-store.ts';
import { agentKey, specKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { allLimits } from '../../shared/store/scope-store.ts';

export const CENTS = 10_000;
const HOLD = 10 * CENTS;
const SECONDS = 60;
const START = Date.UTC(2026, 10, 28, 21, 10);
const HOUR = 3_600_000;
const DEPARTMENTS: Readonly<Record<string, string>> = { ada: 'sales', bob: 'sales', cyd: 'lab' };
const AGENTS = Object.keys(DEPARTMENTS);
const UTC = calendarIn('UTC');

type Charge = Moment & {
  readonly agentId: string;
  readonly usd: number;
  readonly runs: number;
  readonly seconds: number;
};

/** What was charged, when, to whom; nothing of slices, holds or budgets. */
export type Model = { readonly charges: Charge[]; calls: number; provider: number; crashes: number };

export type Stage = Awaited<ReturnType<typeof openStage>>;
type Done = { readonly cents: number };

export async function openStage(table: Table) {
  const clock = stillClock(START);
  const model: Model = { charges: [], calls: 0, provider: 0, crashes: 0 };
  const settings = { timezone: 'UTC', computeNanosPerSecond: 0, leaseSeconds: SECONDS, heartbeatSeconds: 20 };
  const none = { send: async () => {}, sendMany: async () => {} };
  const worldWith = (execute: (calls: RunCalls) => Promise<unknown>): World =>
    ({
      ...{ table, settings, time: clock, hashing: systemHashing, ids: seededIds(1) },
      ...{ heart: { every: () => () => {} }, runs: none, work: none, revenue: none },
      ...{
        log: { info() {}, warn() {}, error() {} },
        host: { execute: (_: unknown, calls: RunCalls) => execute(calls) },
      },
    }) as unknown as World;
  const world = worldWith(() => Promise.reject(new Error('no run here')));
  for (const agentId of AGENTS) await enter(table, agentId);
  let ticks = 0;
  let deliveries = 0;

  const deliver = async (through: World, agentId: string, slot: number): Promise<void> => {
    const scheduledFor = new Date(START + slot * 1_000).toISOString();
    const tick = { v: 1, kind: 'tick', agentId, instance: 0, scheduledFor } as const;
    const call = { invocationId: `i${++deliveries}`, deadline: clock.now() + 300_000, receiveCount: 1 };
    await runAgentJob.run(tick, through, call);
  };
  const pay = async (calls: RunCalls): Promise<void> => {
    await calls.mark(HOLD);
    model.calls++;
  };
  const charge = (agentId: string, at: number, used: Pick<Charge, 'usd' | 'seconds'>): void => {
    model.charges.push({ agentId, ...momentAt(at, UTC), runs: 1, ...used });
  };

  return {
    ...{ table, world, model, clock },
    limit: (line: Line, amount: number) =>
      setLimit(
        world,
        { ...line, limitMicros: line.kind === 'usd' ? amount * CENTS : amount, throttled: false },
        'test',
      ),

    /** One tick, delivered twice. */
    async run(agentId: string, { cents }: Done): Promise<void> {
      const at = clock.now();
      const through = worldWith(async (calls) => {
        await pay(calls);
        model.provider += cents * CENTS;
        calls.settle(cents * CENTS);
        charge(agentId, at, { usd: cents * CENTS, seconds: 5 });
        clock.advance(5_000);
        return { outcome: 'succeeded', note: 'paid' };
      });
      const slot = ++ticks;
      await deliver(through, agentId, slot);
      await deliver(through, agentId, slot);
    },

    /** Marked and called; then its process is gone. Recovery forfeits what the call may have cost. */
    async crash(agentId: string): Promise<void> {
      const at = clock.now();
      let marked: () => void = () => {};
      const gone = new Promise<void>((resolve) => {
        marked = resolve;
      });
      const through = worldWith(async (calls) => {
        await pay(calls);
        model.provider += HOLD / 2;
        model.crashes++;
        charge(agentId, at, { usd: HOLD, seconds: SECONDS });
        marked();
        return await new Promise(() => {});
      });
      await Promise.race([gone, deliver(through, agentId, ++ticks)]);
      clock.advance(SECONDS * 1_000 + 1);
      await recoverExpired(world);
    },

    async retire(agentId: string): Promise<void> {
      await table.write(setInstanceStatusOp(agentId, 0, { status: 'retired', specVersion: 1 }));
      const { calls } = model;
      await this.run(agentId, { cents: 1 });
      assert.equal(model.calls, calls, 'P9: a call was made after a kill');
      await table.write(setInstanceStatusOp(agentId, 0, { status: 'active', specVersion: 1 }));
    },

    async quiesce(): Promise<void> {
      clock.advance(SECONDS * 1_000 + 1);
      await recoverExpired(world);
      for (const { run, agentId } of await listFleet(table)) assert.equal(run, null, `P16: ${agentId} holds something`);
    },

    /** What a line has given for good in its running period. */
    async used(line: Line): Promise<number> {
      return usedOf(model, line, periodOf(line.per, momentAt(clock.now(), UTC)));
    },

    check: () => checkStage(table, model),
  };
}

async function enter(table: Table, agentId: string): Promise<void> {
  const spec = {
    ...{ agentId, version: 1, blueprint: 'b', config: {}, holdMicros: HOLD, timeoutSeconds: SECONDS },
    ...{ crashLimit: 1_000, cooldownSeconds: 300, overlap: 'skip' as const },
  };
  const agent = {
    ...{ v: 1, name: agentId, blueprint: 'b', department: DEPARTMENTS[agentId] ?? '', stage: 'production' },
    ...{ status: 'active', pauseReason: null, instances: 1, schedule: null, specVersion: 1, createdAt: 0 },
    ...{ updatedAt: 0, version: 1, auditSeq: 0, auditHash: '-' },
  };
  await table.write({ op: 'put', item: { ...agent, ...agentKey(agentId) } });
  await table.write({ op: 'put', item: { ...encodeSpec(spec), ...specKey(agentId, 1) } });
  await table.transact(createInstanceOps(agentId, 0, 1));
}

const isUnder = (scope: string, agentId: string): boolean =>
  scope === 'fleet' || scope === `agent:${agentId}` || scope === departmentScope(DEPARTMENTS[agentId] ?? '');

function usedOf({ charges }: Model, { scope, kind, per }: Line, period: string): number {
  const mine = charges.filter((charge) => isUnder(scope, charge.agentId) && periodOf(per, charge) === period);
  return mine.reduce((sum, charge) => sum + (kind === 'tokens' ? 0 : charge[kind]), 0);
}

/** P3 and P12 for every budget there is, P11, P17 and P20; P1 and P5 follow from what the provider was asked for. */
async function checkStage(table: Table, model: Model): Promise<void> {
  const fleet = await listFleet(table);
  for (const { line } of await allLimits(table)) {
    for (const { period, availableMicros, limitMicros } of await openedBudgets(table, line)) {
      const here = fleet.filter(
        ({ slice }) => slice.lines.some((one) => isLine(one, line)) && periodFor(line, slice) === period,
      );
      const hands = here.reduce((sum, { slice, run }) => sum + inSlice(slice)[line.kind] + heldBy(run)[line.kind], 0);
      const used = usedOf(model, line, period);
      const name = `${line.scope} ${line.kind}-${line.per} ${period}`;
      assert.equal(availableMicros + hands + used, limitMicros, `P3: ${name}: ${availableMicros} + ${hands} + ${used}`);
      assert.ok(hands >= 0 && used + hands >= 0, `P11: ${name}`);
    }
  }
  const runs = (await Promise.all(AGENTS.map((agentId) => listRuns(table, agentId)))).flat();
  const recorded = runs.reduce((sum, { costMicros }) => sum + costMicros, 0);
  const charged = model.charges.reduce((sum, { usd }) => sum + usd, 0);
  assert.equal(recorded, charged, 'P20: what the runs cost is what was charged');
  assert.ok(model.provider <= charged, 'P1: the provider was asked for more than was charged');
  const forfeits = runs.filter(({ note }) => note === 'lease lost').length;
  assert.ok(forfeits <= model.crashes, 'P17: more was forfeited than crashed');
}

type Command = fc.AsyncCommand<Model, Stage>;

const command = (name: string, act: (stage: Stage) => Promise<unknown>): Command => ({
  check: () => true,
  async run(_, stage) {
    await act(stage);
    await stage.check();
  },
  toString: () => name,
});

/** Of what is available, with what lies in slices, a lower limit leaves no more than there was. */
async function setAndCompare(stage: Stage, line: Line, amount: number): Promise<void> {
  const before = await roomOf(stage, line);
  await stage.limit(line, amount);
  const after = await roomOf(stage, line);
  if (before && after && after.limit < before.limit)
    assert.ok(after.room <= before.room, `P15: ${line.scope} was lowered and has more room`);
}

async function roomOf({ table, clock }: Stage, line: Line): Promise<{ room: number; limit: number } | null> {
  const period = periodOf(line.per, momentAt(clock.now(), UTC));
  const budget = (await openedBudgets(table, line)).find((one) => one.period === period);
  if (!budget) return null;
  const cut = (await listFleet(table)).filter(({ slice }) => slice.lines.some((one) => isLine(one, line)));
  const idle = cut.filter(({ slice }) => periodFor(line, slice) === period);
  const room = idle.reduce((sum, { slice }) => sum + inSlice(slice)[line.kind], budget.availableMicros);
  return { room, limit: budget.limitMicros };
}

const agent = fc.constantFrom(...AGENTS);
const scope = fc.constantFrom('fleet', 'department:sales', ...AGENTS.map((id) => `agent:${id}`));
const limits = fc
  .record({
    scope,
    kind: fc.constantFrom(...KINDS),
    per: fc.constantFrom(...PERS),
    amount: fc.integer({ min: 0, max: 90 }),
  })
  .map(({ amount, ...line }) =>
    command(`limit ${line.scope} ${line.kind}-${line.per} ${amount}`, (stage) =>
      setAndCompare(stage, line, line.kind === 'seconds' ? amount * 10 : amount),
    ),
  );
const runs = fc
  .tuple(agent, fc.integer({ min: 0, max: 10 }))
  .map(([id, cents]) => command(`run ${id} ${cents}`, (stage) => stage.run(id, { cents })));

export const commands = fc.commands(
  [
    runs,
    runs,
    runs,
    limits,
    agent.map((id) => command(`crash ${id}`, (stage) => stage.crash(id))),
    agent.map((id) => command(`retire ${id}`, (stage) => stage.retire(id))),
    fc
      .constantFrom(1, 3, 24, 24 * 5)
      .map((hours) => command(`wait ${hours} h`, async ({ clock }) => void clock.advance(hours * HOUR))),
  ],
  { size: 'max', maxCommands: 30 },
);
