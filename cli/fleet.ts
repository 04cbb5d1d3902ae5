/** Agents with everything a person asks about them: what runs, what it cost, what it earned, how it is. */
import { AGENT_DEFAULTS, type Agent } from '../shared/domain/agent.ts';
import { sumTallies, todayOf } from '../shared/domain/facts.ts';
import { type Health, healthOf, lastActivity, lastSuccess } from '../shared/domain/health.ts';
import type { Instance, Tally } from '../shared/domain/instance.ts';
import { paceOf } from '../shared/domain/pace.ts';
import { dayOf } from '../shared/domain/period.ts';
import type { World } from '../shared/ports/world.ts';
import { listFleet, listInstances } from '../shared/store/instance-store.ts';
import { readSpec } from '../shared/store/spec-cache.ts';
import { type AgentSums, sumsOf } from './earnings.ts';

export type Member = {
  readonly agent: Agent;
  readonly instances: readonly Instance[];
  readonly total: Tally;
  readonly today: Tally;
  readonly sums: AgentSums;
  readonly health: Health;
  /** Epoch milliseconds; null when it never did anything. */
  readonly lastActivityAt: number | null;
  readonly lastSuccessAt: number | null;
};

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** One query per shard for many agents, one query for one. */
export async function membersOf(world: Ports, agents: readonly Agent[]): Promise<Member[]> {
  const [first] = agents;
  if (!first) return [];
  const [instances, sums] = await Promise.all([
    agents.length === 1 ? listInstances(world.table, first.id) : listFleet(world.table),
    sumsOf(
      world.table,
      agents.map(({ id }) => id),
    ),
  ]);
  const byAgent = Map.groupBy(instances, ({ agentId }) => agentId);
  return Promise.all(agents.map((agent) => memberOf(world, agent, { instances: byAgent.get(agent.id) ?? [], sums })));
}

type Found = { readonly instances: readonly Instance[]; readonly sums: (agentId: string) => AgentSums };

async function memberOf(world: Ports, agent: Agent, { instances, sums }: Found): Promise<Member> {
  const now = world.time.now();
  const longestGapSeconds = agent.schedule && paceOf(agent.schedule, now).longestGapSeconds;
  const crashLimit = await crashLimitOf(world, agent);
  const active = Math.max(0, ...instances.map(lastActivity));
  return {
    agent,
    instances,
    total: sumTallies(instances.map(({ total }) => total)),
    today: todayOf(instances, dayOf(now, world.settings.timezone)),
    sums: sums(agent.id),
    health: healthOf({ agent, instances, crashLimit, longestGapSeconds, now }),
    lastActivityAt: active || null,
    lastSuccessAt: lastSuccess(instances),
  };
}

/** A retired agent is not judged, so its spec is not read. */
async function crashLimitOf({ table }: Ports, { id, status, specVersion }: Agent): Promise<number> {
  if (status === 'retired') return AGENT_DEFAULTS.crashLimit;
  return (await readSpec(table, id, specVersion)).crashLimit;
}
