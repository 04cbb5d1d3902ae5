/** What a month will cost: what stands there, what the fleet does, what of it is most, and what changed. */
import { type Bill, billOf, type Driver, driversOf, type PriceList, type Use } from './bill.ts';
import { DAYS, type FleetAgent, fleetCost, type Memory, runsOf, type Which } from './fleet-use.ts';

export type Standing = { readonly uses: readonly Use[]; readonly prices: PriceList; readonly memory: Memory };

export type Fleet = {
  readonly agents: readonly FleetAgent[];
  /** What all agents together may spend a day; null: nothing stands against it. */
  readonly dailyLimitMicros: number | null;
};

export type Forecast = {
  readonly idleMicros: number;
  /** Without what AWS gives for ever. */
  readonly idleListMicros: number;
  readonly variableMicros: { readonly p50: number; readonly p90: number };
  readonly totalMicros: { readonly p50: number; readonly p90: number };
  readonly drivers: readonly Driver[];
  readonly agents: readonly {
    readonly id: string;
    readonly runs: number;
    readonly p50Micros: number;
    readonly p90Micros: number;
  }[];
};

const MOST_DRIVERS = 5;

export function forecast(standing: Standing, fleet: Fleet): Forecast {
  const idle = billOf(standing.uses, standing.prices);
  const [p50, p90] = [scenario(standing, fleet, 'p50'), scenario(standing, fleet, 'p90')];
  const [low, high] = [p50.micros - idle.micros, p90.micros - idle.micros];
  const [p50Of, p90Of] = [byAgent(p50.costs), byAgent(p90.costs)];
  return {
    idleMicros: idle.micros,
    idleListMicros: idle.listMicros,
    variableMicros: { p50: low, p90: high },
    totalMicros: { p50: p50.micros, p90: p90.micros },
    drivers: driversOf(p50.costs, MOST_DRIVERS),
    agents: fleet.agents.map((agent) => {
      const [p50Micros, p90Micros] = [p50Of.get(agent.id) ?? 0, p90Of.get(agent.id) ?? 0];
      return { id: agent.id, runs: runsOf(agent), p50Micros, p90Micros };
    }),
  };
}

/** What is told as `shop` and as `shop: tasks` is the shop's. */
function byAgent(costs: readonly Driver[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { id, micros } of costs) {
    const agent = id.replace(/: (?:paid calls|tasks)$/, '');
    sums.set(agent, (sums.get(agent) ?? 0) + micros);
  }
  return sums;
}

type Scenario = { readonly micros: number; readonly costs: readonly Driver[] };

/** Idle uses come first, so that the allowances are theirs and the fleet's cost is what it adds. */
function scenario({ uses, prices, memory }: Standing, { agents, dailyLimitMicros }: Fleet, which: Which): Scenario {
  const cost = fleetCost(agents, which, memory);
  const bill: Bill = billOf([...uses, ...cost.uses], prices);
  const idle = bill.lines.slice(0, uses.length).map(({ price, micros }) => ({ id: `idle: ${price}`, micros }));
  const running = bill.lines.slice(uses.length).map(({ what, micros }) => ({ id: what, micros }));
  const paid = cost.direct.reduce((sum, { micros }) => sum + micros, 0);
  const most = dailyLimitMicros === null ? paid : Math.min(paid, dailyLimitMicros * DAYS);
  const direct = cost.direct.map(({ id, micros }) => ({
    id,
    micros: paid > 0 ? Math.floor((micros * most) / paid) : 0,
  }));
  return { micros: bill.micros + most, costs: [...idle, ...running, ...direct] };
}
