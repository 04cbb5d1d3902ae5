/** A fleet that may not exist yet, as JSON: what `nova bill --fleet` is asked about. */
import type { FleetAgent, Spread } from '../shared/domain/bill/fleet-use.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { usdToMicros } from '../shared/domain/money.ts';
import { paceOf } from '../shared/domain/pace.ts';
import { priceTable } from '../shared/domain/price-table.ts';
import { type Rate, rateOf } from '../shared/domain/protocol/cost.ts';
import {
  type Compute,
  MAX_FUNCTION_SECONDS,
  MAX_TASK_SECONDS,
  taskNanosPerSecond,
  taskShape,
} from '../shared/domain/task.ts';

const FIELDS = ['name', 'schedule', 'timezone', 'instances', 'seconds', 'paidUsd', 'calls', 'earnings', 'limitUsd'];
const TASK_FIELDS = ['compute', 'cpu', 'memory', 'gpus', 'spot', 'continuous'];
const DAY_MS = 86_400_000;

/** @throws NovaError bad_input naming the agent and the field. */
export function fleetIn(text: string, now: number): FleetAgent[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (cause) {
    throw new NovaError('bad_input', `the fleet is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (!Array.isArray(rows)) throw new NovaError('bad_input', 'a fleet is a list of agents: [{"name":"shop", …}]');
  const paces = new Map<string, FleetAgent['ticks']>();
  const seen = new Set<string>();
  return rows.map((row, at) => {
    const agent = agentIn(row, at, { now, paces });
    if (seen.has(agent.id)) throw new NovaError('bad_input', `there are two agents named "${agent.id}"`);
    seen.add(agent.id);
    return agent;
  });
}

/** Thousands of agents have a few schedules among them. */
type Clock = { readonly now: number; readonly paces: Map<string, FleetAgent['ticks']> };

/** Beyond this a number is a slip of the keyboard. */
const MOST = 1_000_000;

function agentIn(row: unknown, at: number, clock: Clock): FleetAgent {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new NovaError('bad_input', `agent ${at + 1} is no object like {"name": "shop", "schedule": "rate(1 hour)"}`);
  const told = row as Told;
  const id = typeof told.name === 'string' && told.name !== '' ? told.name : `agent ${at + 1}`;
  const wrong = (what: string): NovaError => new NovaError('bad_input', `${id}: ${what}`);
  const unknown = Object.keys(told).find((name) => !FIELDS.includes(name) && !TASK_FIELDS.includes(name));
  if (unknown) throw wrong(`there is no field "${unknown}"; there are ${[...FIELDS, ...TASK_FIELDS].join(', ')}`);
  const number = (name: string, otherwise: number): number => {
    const value = told[name] ?? otherwise;
    if (typeof value !== 'number' || !(value >= 0 && value <= MOST))
      throw wrong(`${name} is a number from 0 to ${MOST}`);
    return value;
  };
  const money = (value: unknown): number => {
    if (typeof value !== 'string' || !/^\d/.test(value)) throw wrong('amounts are text, 0 or more, like "0.10"');
    return named(() => usdToMicros(value), wrong);
  };
  for (const name of ['spot', 'continuous'])
    if (told[name] !== undefined && typeof told[name] !== 'boolean') throw wrong(`${name} is true or false`);
  const task = taskOf(told, wrong, clock.now);
  const longest = task ? MAX_TASK_SECONDS : MAX_FUNCTION_SECONDS;
  const instances = number('instances', 1);
  if (!Number.isInteger(instances)) throw wrong('instances is a whole number');
  if (told.continuous === true && task === null) throw wrong('continuous needs compute fargate or gpu');
  return {
    id,
    // One that never rests is billed by the day, all day.
    ticks: told.continuous === true ? { count: 1, days: 1 } : ticksOf(told, wrong, clock),
    instances,
    milliseconds: spreadOf(told.continuous === true ? DAY_MS / 1000 : (told.seconds ?? 1), wrong, (value) => {
      if (typeof value !== 'number' || !(value >= 0 && value <= longest))
        throw wrong(`seconds is a number from 0 to ${longest}, or {"p50": …, "p90": …}`);
      return Math.ceil(value * 1000);
    }),
    paidMicros: spreadOf(told.paidUsd ?? '0', wrong, money),
    callsPerRun: number('calls', told.paidUsd === undefined ? 0 : 1),
    earningsPerRun: number('earnings', 0),
    task,
    dailyLimitMicros: told.limitUsd === undefined ? null : money(told.limitUsd),
  };
}

/** One value for both, or a pair. */
function spreadOf(told: unknown, wrong: Wrong, read: (value: unknown) => number): Spread {
  const pair = typeof told === 'object' && told !== null ? (told as Partial<Record<keyof Spread, unknown>>) : null;
  const p50 = read(pair ? pair.p50 : told);
  const p90 = pair ? read(pair.p90 ?? pair.p50) : p50;
  if (p90 < p50) throw wrong('p90, the dearest tenth, is at least p50');
  return { p50, p90 };
}

type Told = { readonly [name: string]: unknown };
type Wrong = (what: string) => NovaError;

function named<T>(work: () => T, wrong: Wrong): T {
  try {
    return work();
  } catch (thrown) {
    throw wrong(messageOf(thrown));
  }
}

function ticksOf({ schedule, timezone }: Told, wrong: Wrong, { now, paces }: Clock): FleetAgent['ticks'] {
  const [expression, zone] = [String(schedule ?? ''), String(timezone ?? 'UTC')];
  const key = `${expression}\n${zone}`;
  const known = paces.get(key) ?? named(() => paceOf({ expression, timezone: zone }, now).frequency, wrong);
  paces.set(key, known);
  return known;
}

/** Sizes as nova agent deploy takes them: processors, megabytes. */
function taskOf({ compute = 'lambda', cpu, memory, gpus, spot }: Told, wrong: Wrong, now: number): Rate | null {
  const given = [cpu, memory, gpus];
  if (given.some((value) => value !== undefined && typeof value !== 'number'))
    throw wrong('cpu, memory and gpus are numbers');
  const [cpus, memoryMb, gpuCount] = given as (number | undefined)[];
  return named(() => {
    const cpuUnits = cpus === undefined ? undefined : Math.round(cpus * 1024);
    const shape = taskShape({ compute: compute as Compute, cpuUnits, memoryMb, gpus: gpuCount, spot: spot === true });
    if (!shape) return null;
    const prices = priceTable(new Date(now).toISOString().slice(0, 10));
    return rateOf(
      { task: { ...shape, nanosPerSecond: taskNanosPerSecond(shape, prices) } },
      { computeNanosPerSecond: 0 },
    );
  }, wrong);
}
