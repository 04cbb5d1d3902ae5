/** Once a minute: whose last runs, as far as the instances tell, look like those of an agent that runs away. */
import { lastActivity } from '../domain/health.ts';
import { NO_PACE, type Pace, paceOf } from '../domain/pace.ts';
import { seemsRunaway } from '../domain/runaway.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from '../store/agent-store.ts';
import { type FleetReading, fleetReading } from '../store/fleet-reading.ts';
import { currentPolicy } from '../store/policy-store.ts';

/** A sweep and a half: what did nothing since then was looked at before. */
const FRESH_MS = 90_000;

/** Sends each suspect to be looked at closely; answers how many. Reads no page: that is for suspects alone. */
export async function suspectRunaways(
  { table, time, work }: Pick<World, 'table' | 'time' | 'work'>,
  fleet: FleetReading = fleetReading(table),
): Promise<number> {
  const now = time.now();
  const [agents, { instances }, policy] = await Promise.all([listAgents(table), fleet(), currentPolicy(table)]);
  const active = new Map(agents.filter(({ status }) => status === 'active').map((agent) => [agent.id, agent]));
  const paces = new Map<string, Pace>();
  const suspects = new Set<string>();
  for (const instance of instances) {
    const agent = active.get(instance.agentId);
    if (!agent || instance.status !== 'active' || lastActivity(instance) < now - FRESH_MS) continue;
    const { schedule, updatedAt: since } = agent;
    const name = schedule ? `${schedule.expression} ${schedule.timezone}` : '';
    const pace = paces.get(name) ?? (schedule ? paceOf(schedule, now) : NO_PACE);
    paces.set(name, pace);
    const suspect = { instance, journal: instance.journal, shortestGapSeconds: pace.shortestGapSeconds, since };
    if (seemsRunaway(suspect, policy)) suspects.add(agent.id);
  }
  for (const agentId of suspects) await work.send({ v: 1, kind: 'check-runaway', agentId });
  return suspects.size;
}
