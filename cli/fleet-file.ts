/** A fleet that may not exist yet, as JSON: what `nova bill --fleet` is asked about. */
import type { FleetAgent, Spread } from '../shared/domain/bill/fleet-use.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { usdToMicros } from '../shared/domain/money.ts';
import { paceOf } from '../shared/domain/pace.ts';
import { priceTable } from '../shared/domain/price-table.ts';
import { type Rate, rateOf } from '../shared/domain/protocol/cost.ts';
import { type Compute, taskNanosPerSecond, taskShape } from '../shared/domain/task.ts';

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
  return rows.map((row, at) => agentIn(row, at, now));
}

function agentIn(row: unknown, at: number, now: number): FleetAgent {
  const told = (typeof row === 'object' && row !== null ? row : {}) as { readonly [name: string]: unknown };
  const id = typeof told.name === 'string' && told.name !== '' ? told.name : `agent ${at + 1}`;
  const wrong = (what: string): NovaError => new NovaError('bad_input', `${id}: ${what}`);
  const unknown = Object.keys(told).find((name) => !FIELDS.includes(name) && !TASK_FIELDS.includes(name));
  if (unknown) throw wrong(`there is no field "${unknown}"; there are ${[...FIELDS, ...TASK_FIELDS].join(', ')}`);
  const number = (name: string, otherwise: number): number => {
    const value = told[name] ?? otherwise;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw wrong(`${name} is a number, 0 or more`);
    return value;
  };
  const money = (value: unknown): number => {
    if (typeof value !== 'string') throw wrong('amounts are text, like "0.10"');
    return usdToMicros(value);
  };
  const task = taskOf(told, wrong, now);
  if (told.continuous === true && task === null) throw wrong('continuous needs compute fargate or gpu');
  return {
    id,
    // One that never rests is billed by the day, all day.
    ticks: told.continuous === true ? { count: 1, days: 1 } : ticksOf(told, wrong, now),
    instances: number('instances', 1),
    milliseconds: spreadOf(told.continuous === true ? DAY_MS / 1000 : (told.seconds ?? 1), (value) => {
      if (typeof value !== 'number' || !(value >= 0)) throw wrong('seconds is a number, or {"p50": …, "p90": …}');
      return Math.ceil(value * 1000);
    }),
    paidMicros: spreadOf(told.paidUsd ?? '0', money),
    callsPerRun: number('calls', told.paidUsd === undefined ? 0 : 1),
    earningsPerRun: number('earnings', 0),
    task,
    dailyLimitMicros: told.limitUsd === undefined ? null : money(told.limitUsd),
  };
}

/** One value for both, or a pair. */
function spreadOf(told: unknown, read: (value: unknown) => number): Spread {
  const pair = typeof told === 'object' && told !== null ? (told as Partial<Record<keyof Spread, unknown>>) : null;
  const p50 = read(pair ? pair.p50 : told);
  return { p50, p90: pair ? read(pair.p90 ?? pair.p50) : p50 };
}

type Told = { readonly [name: string]: unknown };
type Wrong = (what: string) => NovaError;

function ticksOf({ schedule, timezone }: Told, wrong: Wrong, now: number): FleetAgent['ticks'] {
  try {
    return paceOf({ expression: String(schedule ?? ''), timezone: String(timezone ?? 'UTC') }, now).frequency;
  } catch (thrown) {
    throw wrong(messageOf(thrown));
  }
}

/** Sizes as nova agent deploy takes them: processors, megabytes. */
function taskOf({ compute = 'lambda', cpu, memory, gpus, spot }: Told, wrong: Wrong, now: number): Rate | null {
  const given = [cpu, memory, gpus];
  if (given.some((value) => value !== undefined && typeof value !== 'number'))
    throw wrong('cpu, memory and gpus are numbers');
  const [cpus, memoryMb, gpuCount] = given as (number | undefined)[];
  try {
    const cpuUnits = cpus === undefined ? undefined : Math.round(cpus * 1024);
    const shape = taskShape({ compute: compute as Compute, cpuUnits, memoryMb, gpus: gpuCount, spot: spot === true });
    if (!shape) return null;
    const prices = priceTable(new Date(now).toISOString().slice(0, 10));
    return rateOf(
      { task: { ...shape, nanosPerSecond: taskNanosPerSecond(shape, prices) } },
      { computeNanosPerSecond: 0 },
    );
  } catch (thrown) {
    throw wrong(messageOf(thrown));
  }
}
