/**
 * What a fleet uses in a month: how often its agents run, how long, what they pay others for, and what each run asks of
 * the platform. These numbers come from the real jobs on a metered table (test/bench/run-use.ts), which a test repeats.
 */
import { attemptMicros, type Rate } from '../protocol/cost.ts';
import { HISTORY_DAYS } from '../reserve.ts';
import type { Frequency } from '../schedule/per-day.ts';
import type { Use } from './bill.ts';

/** As runs are on average, and as the dearest tenth of them. */
export type Spread = { readonly p50: number; readonly p90: number };

export type FleetAgent = {
  readonly id: string;
  /** Ticks of one instance. */
  readonly ticks: Frequency;
  readonly instances: number;
  /** Of one run. */
  readonly milliseconds: Spread;
  /** What a run pays others for: models, mails. */
  readonly paidMicros: Spread;
  /** Paid calls and declared earnings of a run; halves and the like are fine. */
  readonly callsPerRun: number;
  readonly earningsPerRun: number;
  /** Of a task; null for a function. */
  readonly task: Rate | null;
  /** What may be spent a day; null: nothing stands against it. */
  readonly dailyLimitMicros: number | null;
};

export const DAYS = 30;

/** Units and requests beyond those of the idle system, measured; a test holds them to what it measures. */
export const RUN_USE = {
  run: { writeUnits: 2.25, readUnits: 2, sqsRequests: 3 },
  /** Each day: an instance rolls over and takes its slice, an agent is judged hourly, the fleet's budgets are opened. */
  instanceDay: { writeUnits: 15, readUnits: 12 },
  agentDay: { writeUnits: 4, readUnits: 98 },
  fleetDay: { writeUnits: 4, readUnits: 23 },
  /** Marked before it is sent. */
  paidCall: { writeUnits: 1 },
  /** Of an agent that pays, and of a fleet in which any does: its spending is watched each minute. */
  paidAgentDay: { writeUnits: 6 },
  paidFleetDay: { readUnits: 2880 },
  /** Told by a message, booked in one transaction. */
  earning: { writeUnits: 7, readUnits: 6, sqsRequests: 3, milliseconds: 60 },
  /** Assumed, not measured: the flow log of a task that opens 200 connections in ten minutes, 110 bytes a line, both ways. */
  taskHour: { flowLogBytes: 264_000 },
  /** Each day, for each day before that has money: its sums, by the hourly passes for reserves, and by the night's proof. */
  moneyDay: { readUnits: 25 },
  /** An entry is proved in the night or two after it is booked, and once in thirty nights: eighteen to a unit. */
  proof: { readUnits: 0.2 },
} as const;

export type Which = keyof Spread;
/** Memory of the functions that run agents and book revenue. */
export type Memory = {
  readonly runMb: number;
  readonly revenueMb: number;
  /** Nights since the first entry of the ledger, at the end; a month unless told. */
  readonly nights?: number;
};

export type FleetCost = {
  readonly uses: readonly Use[];
  /** By agent: what its runs pay others for, and its tasks; not on the list of prices. */
  readonly direct: readonly { readonly id: string; readonly micros: number }[];
};

/** Runs of all instances in a month of 30 days, rounded up. */
export const runsOf = ({ ticks, instances }: FleetAgent): number =>
  Math.ceil((ticks.count * DAYS * instances) / ticks.days);

export function fleetCost(agents: readonly FleetAgent[], which: Which, memory: Memory): FleetCost {
  const found = agents.map((agent) => agentCost(agent, which, memory));
  return {
    uses: [...found.flatMap(({ uses }) => uses), ...watchUses(agents, memory)],
    direct: found.flatMap(({ direct }) => direct),
  };
}

function agentCost(agent: FleetAgent, which: Which, memory: Memory): FleetCost {
  const { id, task, dailyLimitMicros } = agent;
  const runs = runsOf(agent);
  const milliseconds = agent.milliseconds[which];
  const taskMicros = task ? runs * attemptMicros(milliseconds, task) : 0;
  const paid = runs * agent.paidMicros[which];
  const limit = dailyLimitMicros === null ? Number.POSITIVE_INFINITY : dailyLimitMicros * DAYS;
  const direct = [
    { id: `${id}: paid calls`, micros: Math.min(paid, limit) },
    { id: `${id}: tasks`, micros: Math.min(taskMicros, Math.max(0, limit - paid)) },
  ];
  const [inFunction, taskMilliseconds] = task ? [0, milliseconds] : [milliseconds, 0];
  return { uses: usesOf(agent, runs, { milliseconds: inFunction, taskMilliseconds, memory }), direct };
}

/** Of one run, in a function or in a task. */
type Time = { readonly milliseconds: number; readonly taskMilliseconds: number; readonly memory: Memory };

function usesOf(agent: FleetAgent, runs: number, { milliseconds, taskMilliseconds, memory }: Time): Use[] {
  const { run, instanceDay, agentDay, paidCall, paidAgentDay, earning, proof, taskHour } = RUN_USE;
  const what = agent.id;
  const earned = runs * agent.earningsPerRun;
  // An instance that ticks less than daily rolls over when it runs.
  const days = Math.min(DAYS, runs);
  const rolls = Math.min(DAYS * agent.instances, runs);
  const pays = agent.callsPerRun > 0 ? paidAgentDay.writeUnits : 0;
  const gbSeconds =
    (runs * milliseconds * memory.runMb + earned * earning.milliseconds * memory.revenueMb) / 1024 / 1000;
  const amounts: (readonly [price: string, amount: number])[] = [
    ['schedulerInvocation', runs],
    ['sqsRequest', runs * run.sqsRequests + earned * earning.sqsRequests],
    ['lambdaRequest', runs + earned],
    ['lambdaGbSecondArm', gbSeconds],
    [
      'dynamoWriteUnit',
      runs * (run.writeUnits + agent.callsPerRun * paidCall.writeUnits) +
        rolls * instanceDay.writeUnits +
        days * (agentDay.writeUnits + pays) +
        earned * earning.writeUnits,
    ],
    [
      'dynamoReadUnit',
      runs * run.readUnits +
        rolls * instanceDay.readUnits +
        DAYS * agentDay.readUnits +
        earned * (earning.readUnits + proof.readUnits),
    ],
    ...(taskMilliseconds > 0 ? [['logGbIn', (runs * taskMilliseconds * taskHour.flowLogBytes) / 3.6e15] as const] : []),
  ];
  return amounts.map(([price, amount]) => useOf(price, amount, what));
}

/** Thousandths, rounded up; the binary dust of a product is none. */
const useOf = (price: string, amount: number, what: string): Use => {
  return { price, milli: Math.max(0, Math.ceil(amount * 1000 - 1e-6)), what };
};

/** What a fleet asks that is no agent's own. */
function watchUses(agents: readonly FleetAgent[], { nights = DAYS }: Memory): Use[] {
  if (agents.every((agent) => runsOf(agent) === 0)) return [];
  const { fleetDay, paidFleetDay, moneyDay } = RUN_USE;
  const earns = agents.some(({ earningsPerRun }) => earningsPerRun > 0);
  const paid = agents.some(({ callsPerRun }) => callsPerRun > 0) ? paidFleetDay.readUnits : 0;
  return [
    useOf('dynamoWriteUnit', DAYS * fleetDay.writeUnits, 'watching the fleet'),
    useOf('dynamoReadUnit', DAYS * (fleetDay.readUnits + paid), 'watching the fleet'),
    useOf('dynamoReadUnit', earns ? DAYS * daysBehind(nights) * moneyDay.readUnits : 0, 'watching the ledger'),
  ];
}

/** How many days of money are looked back upon, on average over the month that ends with so many nights. */
function daysBehind(nights: number): number {
  const month = Array.from({ length: Math.min(DAYS, nights) }, (_, at) => Math.min(HISTORY_DAYS, nights - at));
  return month.reduce((sum, days) => sum + days, 0) / Math.max(1, month.length);
}
