/**
 * One seeded history of the run protocol: workers over one table, whose every operation waits for its turn. Between
 * turns anything may happen: a crash before or after a write, a lost answer, a duplicate delivery, a frozen worker, a
 * skewed clock, a kill, a new day. After every operation the invariants are checked.
 */
import type { AgentSpec } from '../../shared/domain/agent.ts';
import { usdToMicros } from '../../shared/domain/money.ts';
import { type RunPorts, runAgentJob } from '../../shared/jobs/run-agent.ts';
import { recoverExpired } from '../../shared/jobs/sweep.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { type Dice, dice } from '../../shared/memory/dice.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import type { BlueprintHost } from '../../shared/ports/host.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import type { Table } from '../../shared/ports/table.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { createInstanceOps, setInstanceStatusOp } from '../../shared/store/instance-store.ts';
import { agentKey, specKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import type { RunMessage } from '../../shared/wire/messages.ts';
import { checkFinal, checkStep } from './invariants.ts';
import { Turns } from './turns.ts';

export const CALL_MICROS = usdToMicros('0.10');

export type History = {
  readonly seed: number;
  readonly table: ReturnType<typeof mapTable>;
  readonly agents: readonly AgentSpec[];
  readonly instancesPerAgent: number;
  /** What the provider of paid calls was really asked, per run id. */
  readonly provider: { calls: number; micros: number };
  readonly ticks: readonly Extract<RunMessage, { kind: 'tick' }>[];
};

export type Counts = { steps: number; crashes: number; lost: number; recorded: number; refused: number; kills: number };

const START = Date.UTC(2026, 10, 20, 8);
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const dropped = <T>(): Queue<T> => ({ send: async () => {}, sendMany: async () => {} });

/** Plays one history to its end; throws with the seed in the message when an invariant breaks. */
export async function playHistory(seed: number): Promise<Counts> {
  const throws = dice(seed);
  const clock = stillClock(START);
  const table = mapTable();
  const history = await prepare(table, { seed, throws, now: () => clock.now() });
  const turns = new Turns(throws);
  const counts: Counts = { steps: 0, crashes: 0, lost: 0, recorded: 0, refused: 0, kills: 0 };
  const gated = turns.gate(table, (kind) => counts[kind]++);
  const open = new Set(history.ticks);
  const world = (skewMs: number): RunPorts => worldOf({ history, table: gated, skewMs, now: () => clock.now() });
  let faults = true;
  for (let step = 0; step < 1600; step++) {
    if (step === 1000) faults = false;
    if (open.size === 0 && turns.idle()) break;
    turns.faults = faults;
    await act({ history, world, turns, throws, open, clock, faults, counts, sweepTable: gated });
    counts.steps++;
    checkStep(history);
  }
  await settle(history, {
    table,
    clock,
    open,
    world: () => worldOf({ history, table, skewMs: 0, now: () => clock.now() }),
  });
  const { recorded, refused } = checkFinal(history);
  return { ...counts, recorded, refused };
}

type Acting = {
  readonly history: History;
  readonly world: (skewMs: number) => RunPorts;
  readonly turns: Turns;
  readonly throws: Dice;
  readonly open: Set<History['ticks'][number]>;
  readonly clock: ReturnType<typeof stillClock>;
  readonly faults: boolean;
  readonly counts: Counts;
  readonly sweepTable: Table;
};

async function act({ history, world, turns, throws, open, clock, faults, counts }: Acting): Promise<void> {
  const roll = throws.fraction();
  if (roll < 0.8 && !turns.idle()) return await turns.step();
  if (roll < 0.93 && open.size > 0) return deliver({ turns, throws, open, world, faults });
  if (roll < 0.96) return clock.advance(throws.below(faults ? 70_000 : 20_000));
  if (!faults) return clock.advance(1000);
  if (roll < 0.985) return turns.start(() => recoverExpired(sweepWorld(world(throws.below(10_000)))));
  if (roll < 0.99) return turns.start(() => setLimit(sweepWorld(world(0)), changedLimit(history, throws), 'test'));
  if (roll < 0.992) return clock.advance(throws.below(30) * 3_600_000);
  if (roll < 0.994) {
    counts.kills++;
    const { agentId, version } = throws.pick(history.agents);
    const number = throws.below(history.instancesPerAgent);
    turns.start(() =>
      history.table.write(setInstanceStatusOp(agentId, number, { status: 'retired', specVersion: version })),
    );
    turns.start(() =>
      history.table.write(setInstanceStatusOp(agentId, number, { status: 'active', specVersion: version })),
    );
  }
}

/** Limits are raised only: a lowered one lets running calls finish above it, which the invariant would have to know. */
function changedLimit({ agents }: History, throws: Dice): { scope: string; limitMicros: number } {
  const scope = throws.chance(0.5) ? 'fleet' : `agent:${throws.pick(agents).agentId}`;
  return { scope, limitMicros: usdToMicros(String(2 + throws.below(3))) };
}

type Delivering = Pick<Acting, 'turns' | 'throws' | 'open' | 'world' | 'faults'>;

function deliver({ turns, throws, open, world, faults }: Delivering): void {
  const tick = throws.pick([...open]);
  const ports = world(faults ? throws.below(20_000) - 10_000 : 0);
  const call = { invocationId: `h${turns.started}`, deadline: ports.time.now() + 300_000, receiveCount: 1 };
  turns.start(async () => {
    const later = await runAgentJob.run(tick, ports, call);
    if (!later) open.delete(tick);
  });
}

const sweepWorld = (ports: RunPorts): World => ports as unknown as World;

type Platform = {
  readonly history: History;
  readonly table: Table;
  readonly skewMs: number;
  readonly now: () => number;
};

/** A literal world: the host makes two paid calls and remembers what the provider was asked. */
function worldOf({ history, table, skewMs, now }: Platform): RunPorts {
  const time = { now: () => now() + skewMs };
  const host: BlueprintHost = {
    async execute(order, calls) {
      for (let call = 0; call < 2; call++) {
        try {
          await calls.mark(CALL_MICROS);
        } catch (error) {
          return { outcome: 'failed', note: String(error) };
        }
        const actual = (order.sequence + call) % 3 === 0 ? CALL_MICROS / 2 : CALL_MICROS;
        history.provider.calls++;
        history.provider.micros += actual;
        if ((order.sequence + call) % 5 !== 4) calls.settle(actual);
      }
      return { outcome: order.sequence % 7 === 6 ? 'crashed' : 'succeeded', note: 'done', state: order.sequence };
    },
  };
  const settings = {
    stage: 'test',
    timezone: 'UTC',
    currency: 'USD',
    ownerEmail: 'owner@example.com',
    senderEmail: 'nova@example.com',
    computeNanosPerSecond: 3333,
    leaseSeconds: 60,
    heartbeatSeconds: 20,
  };
  return {
    ...{ ids: seededIds(history.seed), hashing: systemHashing },
    table,
    time,
    settings,
    host,
    heart: { every: () => () => {} },
    http: { get: () => Promise.reject(new Error('no way out')) },
    log: silent,
    revenue: dropped(),
    runs: dropped(),
    work: dropped(),
  };
}

type Start = { readonly seed: number; readonly throws: Dice; readonly now: () => number };

async function prepare(table: History['table'], { seed, throws, now }: Start): Promise<History> {
  const instancesPerAgent = 1 + throws.below(3);
  const agents = ['ada', 'bob'].slice(0, 1 + throws.below(2)).map(specOf);
  for (const spec of agents) {
    await table.write({
      op: 'put',
      item: { ...agentKey(spec.agentId), status: 'active', instances: instancesPerAgent, ...AGENT },
    });
    await table.write({ op: 'put', item: { ...encodeSpec(spec), ...specKey(spec.agentId, 1) } });
    for (let n = 0; n < instancesPerAgent; n++) await table.transact(createInstanceOps(spec.agentId, n, 1));
  }
  const history: History = {
    seed,
    table,
    agents,
    instancesPerAgent,
    provider: { calls: 0, micros: 0 },
    ticks: ticksOf(agents, instancesPerAgent, throws),
  };
  const world = sweepWorld(worldOf({ history, table, skewMs: 0, now }));
  await setLimit(world, { scope: 'fleet', limitMicros: usdToMicros('2') }, 'test');
  for (const { agentId } of agents)
    await setLimit(world, { scope: `agent:${agentId}`, limitMicros: usdToMicros('2') }, 'test');
  return history;
}

const AGENT = {
  name: 'a',
  blueprint: 'b',
  department: 'd',
  stage: 'production',
  pauseReason: null,
  schedule: null,
  specVersion: 1,
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  auditSeq: 0,
  auditHash: '-',
};

function specOf(agentId: string): AgentSpec {
  const limits = { holdMicros: 2 * CALL_MICROS + 200, timeoutSeconds: 60 };
  return {
    agentId,
    version: 1,
    blueprint: 'b',
    config: {},
    ...limits,
    crashLimit: 5,
    cooldownSeconds: 300,
    overlap: agentId === 'ada' ? 'skip' : 'wait',
  };
}

function ticksOf(agents: readonly AgentSpec[], instances: number, throws: Dice): History['ticks'] {
  return agents.flatMap(({ agentId }) =>
    Array.from({ length: instances }, (_, instance) => instance).flatMap((instance) =>
      Array.from({ length: 3 + throws.below(9) }, (_, k) => ({
        v: 1 as const,
        kind: 'tick' as const,
        agentId,
        instance,
        scheduledFor: new Date(START + k * 60_000).toISOString(),
      })),
    ),
  );
}

type Settling = {
  readonly table: Table;
  readonly clock: ReturnType<typeof stillClock>;
  readonly open: Set<History['ticks'][number]>;
  readonly world: () => RunPorts;
};

/** Faults have stopped: every tick is delivered until its slot is closed, every lease that is left runs out. */
async function settle(history: History, { clock, open, world }: Settling): Promise<void> {
  clock.advance(61_000);
  await recoverExpired(sweepWorld(world()));
  for (let round = 0; round < 50 && open.size > 0; round++) {
    for (const tick of [...open]) {
      const call = {
        invocationId: `s${round}-${tick.agentId}${tick.instance}${tick.scheduledFor}`,
        deadline: clock.now() + 300_000,
        receiveCount: 1,
      };
      const later = await runAgentJob.run(tick, world(), call);
      if (!later) open.delete(tick);
      checkStep(history);
    }
    clock.advance(61_000);
    await recoverExpired(sweepWorld(world()));
  }
  if (open.size > 0) throw new Error(`seed ${history.seed}: ${open.size} ticks never ended`);
}
