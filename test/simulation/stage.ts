/** What a history is played on: a few agents of two departments, their limits, their ticks, and a host that pays. */
import type { AgentSpec } from '../../shared/domain/agent.ts';
import { type Amounts, departmentScope, type Kind, type Line } from '../../shared/domain/budget.ts';
import { NovaError } from '../../shared/domain/error.ts';
import type { LlmRequest } from '../../shared/domain/llm.ts';
import { usdToMicros } from '../../shared/domain/money.ts';
import { holdsOf } from '../../shared/domain/protocol/slice.ts';
import { runId } from '../../shared/domain/run.ts';
import type { RunPorts } from '../../shared/jobs/run-agent.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { type Dice, dice } from '../../shared/memory/dice.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import type { BlueprintHost } from '../../shared/ports/host.ts';
import type { Llm } from '../../shared/ports/outside.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import type { Item, Table } from '../../shared/ports/table.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { adoptZone, type CalendarPorts, momentNow } from '../../shared/store/calendar-store.ts';
import { createInstanceOps, getInstance } from '../../shared/store/instance-store.ts';
import { agentKey, specKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { rollOver } from '../../shared/store/roll-over-store.ts';
import type { TickMessage } from '../../shared/wire/messages.ts';
import { type Books, SPECIAL } from './books.ts';
import type { Worker } from './processes.ts';

export const CALL_MICROS = usdToMicros('0.10');
/** What one question to the model costs at most is a little more than half of that, by far most of it its output. */
const MODEL = 'claude-haiku-4-5';
const MOST_OUTPUT = 10_000;
const CALL_TOKENS = 10_500;
/** Ten to midnight on a Saturday: the end of an hour, a day and, with a long wait, of a week and a month. */
export const START = Date.UTC(2026, 10, 28, 23, 50);
const NAMES = ['ada', 'bob', 'cyd'] as const;
export const DEPARTMENTS: ReadonlyMap<string, string> = new Map([
  ['ada', 'shop'],
  ['bob', 'shop'],
  ['cyd', 'lab'],
]);

const SPEC = { version: 1, blueprint: 'b', config: {}, crashLimit: 5, cooldownSeconds: 300, timeoutSeconds: 60 };
export const specOf = (agentId: string): AgentSpec => ({
  ...SPEC,
  agentId,
  holdMicros: 2 * CALL_MICROS + 200,
  holdTokens: 2 * CALL_TOKENS,
  overlap: agentId === 'bob' ? 'wait' : 'skip',
});
export const HOLDS: Amounts = holdsOf(specOf('ada'));

export type Cast = {
  readonly agents: readonly string[];
  readonly instances: number;
  readonly items: readonly Item[];
};

const casts = new Map<string, Cast>();

/** Who plays, with the limits of the beginning; made once per kind of cast, and copied. */
export async function castOf(throws: Dice): Promise<Cast> {
  const agents = NAMES.slice(0, throws.pick([1, 1, 1, 1, 2, 2, 2, 3]));
  const instances = 1 + throws.below(2);
  const tight = throws.below(3);
  const special = throws.below(4);
  const name = `${agents.length} ${instances} ${tight} ${special}`;
  const known = casts.get(name);
  if (known) return known;
  const table = mapTable();
  for (const agentId of agents) await enter(table, agentId, instances);
  const world = { table, time: stillClock(START), hashing: systemHashing, settings: SETTINGS };
  await adoptZone(world);
  const usd = [4, 12, 30][tight] ?? 4;
  await setLimit(world, { scope: 'fleet', limitMicros: usd * CALL_MICROS * 2, throttled: special === 1 }, 'test');
  for (const agentId of agents)
    await setLimit(world, { scope: `agent:${agentId}`, limitMicros: usd * CALL_MICROS, throttled: false }, 'test');
  if (special >= 2) {
    await setLimit(world, newLimitOf({ scope: departmentScope('shop'), kind: 'usd', per: 'hour' }, 6), 'test');
    await setLimit(world, newLimitOf({ scope: 'agent:ada', kind: 'runs', per: 'day' }, 5), 'test');
  }
  // Some begin in a period that runs already.
  if (tight > 0) await enterPeriod(world, { agents, instances });
  const cast = { agents, instances, items: [...table.items()] };
  casts.set(name, cast);
  return cast;
}

async function enterPeriod(world: CalendarPorts, { agents, instances }: Omit<Cast, 'items'>): Promise<void> {
  const moment = await momentNow(world);
  for (const agentId of agents)
    for (let number = 0; number < instances; number++) {
      const instance = await getInstance(world.table, agentId, number);
      if (instance) await rollOver(world, instance, moment);
    }
}

const UNITS: { readonly [kind in Kind]: number } = { usd: CALL_MICROS, tokens: CALL_TOKENS, runs: 1, seconds: 60 };
export const newLimitOf = (line: Line, units: number) => ({
  ...line,
  limitMicros: units * UNITS[line.kind],
  throttled: false,
});

/** Any limit, there already or not, as large as a few runs. */
export function someLimit(throws: Dice, { agents }: Cast) {
  const scope = throws.pick(['fleet', departmentScope('shop'), ...agents.map((one) => `agent:${one}`)]);
  const [kind, per] = throws.chance(0.5) ? (['usd', 'day'] as const) : throws.pick(SPECIAL);
  return newLimitOf({ scope, kind, per }, 1 + throws.below(kind === 'usd' ? 24 : 9));
}

async function enter(table: Table, agentId: string, instances: number): Promise<void> {
  const agent = { ...AGENT, ...agentKey(agentId), department: DEPARTMENTS.get(agentId) ?? '', instances };
  await table.write({ op: 'put', item: agent });
  await table.write({ op: 'put', item: { ...encodeSpec(specOf(agentId)), ...specKey(agentId, 1) } });
  for (let n = 0; n < instances; n++) await table.transact(createInstanceOps(agentId, n, 1));
}

const AGENT = {
  ...{ name: 'a', blueprint: 'b', stage: 'production', status: 'active', pauseReason: null, schedule: null },
  ...{ specVersion: 1, createdAt: 0, updatedAt: 0, version: 1, auditSeq: 0, auditHash: '-' },
};

const SETTINGS = {
  ...{ stage: 'test', timezone: 'UTC', currency: 'USD' },
  ...{ ownerEmail: 'owner@example.com', senderEmail: 'nova@example.com' },
  ...{ computeNanosPerSecond: 3333, leaseSeconds: 60, heartbeatSeconds: 20 },
};

/** A tick a minute for every agent, now for this instance, now for that: a few, now and then many. */
export function ticksOf({ agents, instances }: Cast, throws: Dice): TickMessage[] {
  const count = throws.pick([1, 2, 2, 3, 3, 8]);
  return agents.flatMap((agentId) =>
    Array.from({ length: count }, (_, k) => ({
      ...{ v: 1 as const, kind: 'tick' as const, agentId, instance: throws.below(instances) },
      scheduledFor: new Date(START + k * 60_000).toISOString(),
    })),
  );
}

const silent = { info() {}, warn() {}, error() {} };
const dropped = <T>(): Queue<T> => ({ send: async () => {}, sendMany: async () => {} });
const ids = seededIds(1);
export const someDice = dice;

export type Platform = {
  readonly worker: Worker;
  readonly books: Books;
  readonly now: () => number;
  readonly zone: string;
  /** Paid calls cost this much more than they were bound to. */
  readonly overrun: number;
};

/** The model: some of its answers are slow, some say nothing of their cost, some never come, some are refusals. */
function modelOf({ worker, books, overrun }: Platform): Llm {
  return {
    open: async () => async (request) => {
      const [run = '', call = '0', turn = '0'] = (request.messages[0]?.content ?? '').split(' ');
      const way = Number(turn) % 6;
      if (way === 5) return { kind: 'refused', error: new NovaError('unavailable', 'busy') };
      const input = 100;
      const output = way === 0 ? MOST_OUTPUT + overrun : MOST_OUTPUT / 2;
      books.called(run, Number(call), { micros: input + 5 * output, tokens: input + output });
      if (way === 4) throw new NovaError('unavailable', 'no answer');
      await worker.pause();
      const told = { cacheRead: null, cacheWrite5m: null, cacheWrite1h: null, reasoning: 0 };
      const answered = { kind: 'answered', text: 'yes', stop: 'end_turn' } as const;
      return { ...answered, told: { ...told, input, output: way === 3 ? null : output } };
    },
  };
}

const question = (run: string, call: number, turn: number): LlmRequest => ({
  ...{ model: MODEL, maxOutputTokens: MOST_OUTPUT },
  messages: [{ role: 'user', content: `${run} ${call} ${turn}` }],
});

/** A literal world: the host makes up to two paid calls, some slow, some of unknown cost, and tells the books. */
export function worldOf(platform: Platform): RunPorts & World {
  const { worker, books, now, zone, overrun } = platform;
  const host: BlueprintHost = {
    async execute(order, calls) {
      const kept = order.sequence % 4 === 3 ? 1 : 2;
      const run = runId(order.agentId, order.instance.number, order.runId.split('.')[2] ?? '');
      for (let call = 0; call < kept; call++) {
        if ((order.sequence + call) % 2 === 1) {
          const asked = calls.llm(question(run, call, order.sequence));
          const failed = await asked.then(
            () => null,
            (error: unknown) => (error instanceof NovaError && error.code === 'unavailable' ? null : String(error)),
          );
          if (failed !== null) return { outcome: 'failed', note: failed };
          continue;
        }
        try {
          await calls.mark(CALL_MICROS);
        } catch (error) {
          return { outcome: 'failed', note: String(error) };
        }
        const actual = (order.sequence + call) % 3 === 0 ? CALL_MICROS / 2 : CALL_MICROS + overrun;
        books.called(run, call, { micros: actual, tokens: 0 });
        if (order.sequence % 4 < 2) await worker.pause();
        if ((order.sequence + call) % 5 !== 4) calls.settle(actual);
      }
      return { outcome: order.sequence % 7 === 6 ? 'crashed' : 'succeeded', note: 'done' };
    },
  };
  return {
    ...{ ids, hashing: systemHashing, table: worker.table, time: { now }, host, log: silent },
    settings: zone === 'UTC' ? SETTINGS : { ...SETTINGS, timezone: zone },
    heart: { every: () => () => {} },
    http: { get: () => Promise.reject(new Error('no way out')) },
    llm: modelOf(platform),
    ...{ revenue: dropped(), runs: dropped(), work: dropped() },
  } as unknown as RunPorts & World;
}
