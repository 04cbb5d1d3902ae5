/** A fleet that races for money: agents over one table, each run one paid call, and the job that runs them. */
import assert from 'node:assert/strict';
import type { AgentSpec } from '../../shared/domain/agent.ts';
import { agentScope, type Scope } from '../../shared/domain/budget.ts';
import { type RunPorts, runAgentJob } from '../../shared/jobs/run-agent.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { dice } from '../../shared/memory/dice.ts';
import { noLlm } from '../../shared/memory/no-llm.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import type { BlueprintHost } from '../../shared/ports/host.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import type { Settings } from '../../shared/ports/settings.ts';
import type { Table } from '../../shared/ports/table.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { createInstanceOps } from '../../shared/store/instance-store.ts';
import { agentKey, specKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import type { TickMessage } from '../../shared/wire/messages.ts';
import { Turns } from '../simulation/turns.ts';
import { checkBudgets, checkTallies, readBooks } from './exact-books.ts';

const START = Date.UTC(2026, 10, 20, 8);
const SETTINGS: Settings = {
  stage: 'test',
  timezone: 'UTC',
  currency: 'USD',
  ownerEmail: 'owner@example.com',
  senderEmail: 'nova@example.com',
  computeNanosPerSecond: 0,
  leaseSeconds: 60,
  heartbeatSeconds: 20,
};

export type Entrants = {
  readonly agents: number;
  readonly instances: number;
  /** What a claim holds. */
  readonly holdMicros: number;
  /** What the paid call then costs; the hold unless told. */
  readonly actualMicros?: number;
};

export type Race = {
  readonly table: Table;
  readonly agentIds: readonly string[];
  /** What the provider of paid calls was really asked for. */
  readonly provider: { calls: number; micros: number };
  /** A tick that no instance has had before. */
  nextTick(agentId: string, instance?: number): TickMessage;
  /** One for every instance of every agent. */
  nextTicks(): TickMessage[];
  /** Delivers once, over `through` (the race's own table unless told); true when the message may go. */
  deliver(tick: TickMessage, through?: Table): Promise<boolean>;
  limit(scope: Scope, limitMicros: number): Promise<void>;
};

const dropped = <T>(): Queue<T> => ({ send: async () => {}, sendMany: async () => {} });

export async function openRace(table: Table, entrants: Entrants): Promise<Race> {
  const clock = stillClock(START);
  const provider = { calls: 0, micros: 0 };
  const ports = portsOf({ table, clock, host: hostOf(entrants, provider) });
  const agentIds = Array.from({ length: entrants.agents }, (_, n) => `racer-${n}`);
  for (const agentId of agentIds) await enter(table, agentId, entrants);
  let ticks = 0;
  let deliveries = 0;
  const nextTick = (agentId: string, instance = 0): TickMessage => {
    const scheduledFor = new Date(START + ++ticks * 60_000).toISOString();
    return { v: 1, kind: 'tick', agentId, instance, scheduledFor };
  };
  return {
    ...{ table, agentIds, provider, nextTick },
    nextTicks: () =>
      agentIds.flatMap((agentId) => Array.from({ length: entrants.instances }, (_, n) => nextTick(agentId, n))),
    async deliver(tick, through = table) {
      const call = { invocationId: `i${++deliveries}`, deadline: clock.now() + 300_000, receiveCount: 1 };
      return (await runAgentJob.run(tick, { ...ports, table: through }, call)) === undefined;
    },
    async limit(scope, limitMicros) {
      // Throttling would thin out ticks near the cap: here the last cent is counted.
      await setLimit(ports, { scope, limitMicros, throttled: false }, 'cli:tester');
    },
  };
}

const noTasks = () => Promise.reject(new Error('nothing here runs in a task'));

type Parts = { readonly table: Table; readonly clock: { now(): number }; readonly host: BlueprintHost };

function portsOf({ table, clock, host }: Parts): RunPorts & Parameters<typeof setLimit>[0] {
  return {
    ...{ table, host, settings: SETTINGS, time: clock, ids: seededIds(1), hashing: systemHashing },
    heart: { every: () => () => {} },
    http: { get: () => Promise.reject(new Error('no way out')) },
    llm: noLlm,
    log: { info() {}, warn() {}, error() {} },
    launcher: { runTask: noTasks, stopTask: noTasks, listTasks: noTasks },
    ...{ runs: dropped(), revenue: dropped(), work: dropped() },
  } as RunPorts & Parameters<typeof setLimit>[0];
}

function hostOf({ holdMicros, actualMicros = holdMicros }: Entrants, provider: Race['provider']): BlueprintHost {
  return {
    async execute(_order, calls) {
      await calls.mark(holdMicros);
      provider.calls++;
      provider.micros += actualMicros;
      calls.settle(actualMicros);
      return { outcome: 'succeeded', note: 'paid' };
    },
  };
}

async function enter(table: Table, agentId: string, { instances, holdMicros }: Entrants): Promise<void> {
  const spec: AgentSpec = {
    ...{ agentId, version: 1, blueprint: 'lab.scripted', config: {}, holdMicros, timeoutSeconds: 60 },
    ...{ crashLimit: 5, cooldownSeconds: 300, overlap: 'skip' },
  };
  const agent = { ...AGENT, ...agentKey(agentId), name: agentId, instances };
  await table.write({ op: 'put', item: agent });
  await table.write({ op: 'put', item: { ...encodeSpec(spec), ...specKey(agentId, 1) } });
  for (let n = 0; n < instances; n++) await table.transact(createInstanceOps(agentId, n, 1));
}

const AGENT = {
  ...{ blueprint: 'lab.scripted', department: 'lab', stage: 'production', status: 'active', pauseReason: null },
  ...{ schedule: null, specVersion: 1, createdAt: START, updatedAt: START, version: 1, auditSeq: 0, auditHash: '-' },
};

/** Delivers again what must come again, all at once, until every message has gone. */
export async function deliverAll(race: Race, ticks: readonly TickMessage[]): Promise<void> {
  let open = [...ticks];
  for (let round = 0; open.length > 0; round++) {
    assert.ok(round < 50, `${open.length} messages do not come to an end`);
    const ended = await Promise.all(open.map((tick) => race.deliver(tick).catch(() => false)));
    open = open.filter((_, n) => !ended[n]);
  }
}

/** One after another, each to its end. */
export async function deliverInTurn(race: Race, ticks: readonly TickMessage[]): Promise<void> {
  for (const tick of ticks) await deliverAll(race, [tick]);
}

/** Every operation of every run waits for its turn, and the dice say whose turn it is. */
export async function interleave(race: Race, ticks: readonly TickMessage[], seed: number): Promise<void> {
  const turns = new Turns(dice(seed));
  turns.faults = false;
  const gated = turns.gate(race.table, () => {});
  let open = new Set(ticks);
  for (let round = 0; open.size > 0; round++) {
    assert.ok(round < 20, `seed ${seed}: ${open.size} messages do not come to an end`);
    const again = new Set(open);
    for (const tick of open) {
      turns.start(async () => {
        if (await race.deliver(tick, gated)) again.delete(tick);
      });
    }
    while (!turns.idle()) await turns.step();
    open = again;
  }
}

export type Result = { readonly spent: number; readonly refused: number; readonly micros: number };

/** How many runs spent, how many were refused for the budget; that the books are exact. Any other end is an error. */
export async function resultOf({ table, provider }: Race, is: { lowered?: boolean } = {}): Promise<Result> {
  const books = await readBooks(table);
  const records = books.flatMap((one) => one.records);
  const spent = records.filter(({ outcome, costMicros }) => outcome === 'succeeded' && costMicros > 0);
  const refused = records.filter(({ outcome, note }) => outcome === 'refused' && note === 'budget_reached');
  assert.equal(spent.length + refused.length, records.length, JSON.stringify(records));
  const micros = spent.reduce((sum, { costMicros }) => sum + costMicros, 0);
  assert.deepEqual(provider, { calls: spent.length, micros }, 'what was booked is what the provider was asked for');
  checkTallies(books);
  await checkBudgets(table, is);
  return { spent: spent.length, refused: refused.length, micros };
}

/** The scope under attack and the fleet that attacks it: fifty agents on the fleet's, fifty instances on the agent's. */
export const ATTACKS: readonly { name: string; agents: number; instances: number; scope: Scope }[] = [
  { name: '50 agents on the budget of the fleet', agents: 50, instances: 1, scope: 'fleet' },
  { name: '50 instances on the budget of their agent', agents: 1, instances: 50, scope: agentScope('racer-0') },
];
