/** The fleet of this machine for a bill: schedules and limits as they are, runs as they were, or as they may be at most. */
import type { FleetAgent, Spread } from '../shared/domain/bill/fleet-use.ts';
import { paceOf } from '../shared/domain/pace.ts';
import { attemptMicros, type Rate, rateOf } from '../shared/domain/protocol/cost.ts';
import type { AnyWorldCommand, Here } from './command.ts';
import { findCommand } from './registry.ts';
import type { AgentView } from './views/agent.ts';
import type { AgentDetail } from './views/agent-detail.ts';
import type { RunView } from './views/run.ts';
import { type OpenReach, openReach } from './worlds.ts';

/** So many of the last runs say what one costs. */
const LAST_RUNS = 200;
const DAY_MS = 86_400_000;

export type FleetNow = { readonly agents: readonly FleetAgent[]; readonly dailyLimitMicros: number | null };

export async function fleetAsItIs(here: Here, now: number): Promise<FleetNow> {
  const reach = await openReach({ ...here, stage: null });
  try {
    const list = await asked<readonly AgentView[]>(reach, ['agent', 'list'], {});
    const agents: FleetAgent[] = [];
    for (const { id, status } of list) if (status === 'active') agents.push(await agentNow(reach, id, now));
    const { limitMicros } = await asked<{ limitMicros: number }>(reach, ['budget', 'show'], { scope: 'fleet' });
    return { agents, dailyLimitMicros: limitMicros };
  } finally {
    await reach.close();
  }
}

async function asked<T>(reach: OpenReach, [noun, verb]: readonly [string, string], input: object): Promise<T> {
  const command = (await findCommand(noun, verb)) as AnyWorldCommand;
  return (await reach.ask(command, { ...input })) as T;
}

async function agentNow(reach: OpenReach, id: string, now: number): Promise<FleetAgent> {
  const agent = await asked<AgentDetail>(reach, ['agent', 'show'], { id });
  const runs = await asked<readonly RunView[]>(reach, ['run', 'list'], { agent: id, limit: LAST_RUNS });
  const ran = runs.filter(({ status }) => !['running', 'refused', 'cancelled'].includes(status));
  const { compute, schedule } = agent;
  const { restSeconds } = compute;
  const rate = taskRate(compute);
  const always = restSeconds !== null && rate !== null;
  return {
    id,
    ticks: always ? { count: 1, days: 1 } : schedule ? paceOf(schedule, now).frequency : { count: 0, days: 1 },
    instances: agent.instances,
    milliseconds: always
      ? { p50: DAY_MS, p90: DAY_MS }
      : spreadOf(
          ran.map(({ durationMs }) => durationMs),
          agent.timeoutSeconds * 1000,
        ),
    paidMicros: spreadOf(
      ran.map((run) => paidBy(run, rate)),
      agent.holdMicros,
    ),
    callsPerRun: share(ran, (run) => paidBy(run, rate) > 0),
    earningsPerRun: share(ran, ({ earnedMicros }) => earnedMicros > 0),
    task: rate,
    dailyLimitMicros: agent.budget.limitMicros,
  };
}

/** This machine's own time costs nothing: what is left beside a task's is paid to others. */
const paidBy = ({ costMicros, durationMs }: RunView, rate: Rate | null): number =>
  Math.max(0, costMicros - (rate ? attemptMicros(durationMs, rate) : 0));

/** The mean, because it is what a month adds up; the dearest tenth; the limit where nothing ran yet. */
function spreadOf(values: readonly number[], limit: number): Spread {
  if (values.length === 0) return { p50: limit, p90: limit };
  const mean = Math.ceil(values.reduce((sum, value) => sum + value, 0) / values.length);
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: mean, p90: Math.max(mean, sorted[Math.ceil(sorted.length * 0.9) - 1] ?? mean) };
}

const share = (runs: readonly RunView[], is: (run: RunView) => boolean): number =>
  runs.length === 0 ? 0 : runs.filter(is).length / runs.length;

/** null: a function. */
function taskRate({ nanosPerSecond, restSeconds }: AgentDetail['compute']): Rate | null {
  if (nanosPerSecond === null) return null;
  const task = { nanosPerSecond } as NonNullable<Parameters<typeof rateOf>[0]['task']>;
  return rateOf({ task, ...(restSeconds === null ? {} : { restSeconds }) }, { computeNanosPerSecond: 0 });
}
