/** Hourly: whatever drifted from desired state is put right, and what a lost message should have started is started. */
import { AGENT_DEFAULTS, type Agent, type JsonObject } from '../domain/agent.ts';
import { messageOf } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import type { ScheduleJob } from '../runtime/job.ts';
import { listAgents } from '../store/agent-store.ts';
import { listInstances } from '../store/instance-store.ts';
import { settleAgent } from './reconcile-agent.ts';

const NEEDS = { table: true, time: true, scheduler: true, work: true, log: true } as const;
export type ReconcileAllPorts = Pick<World, keyof typeof NEEDS>;

export const reconcileAgentsJob: ScheduleJob<ReconcileAllPorts> = {
  name: 'reconcile-agents',
  needs: NEEDS,
  run: (world) => reconcileAgents(world),
};

/** One agent that fails stops no other. */
export async function reconcileAgents(world: ReconcileAllPorts): Promise<JsonObject> {
  const agents = await listAgents(world.table);
  let steps = 0;
  let failed = 0;
  for (const agent of agents) {
    try {
      steps += await settleAgent(world, agent.id);
      await remind(world, agent);
    } catch (thrown) {
      failed++;
      world.log.error('an agent could not be reconciled', { agentId: agent.id, why: messageOf(thrown) });
    }
  }
  return { agents: agents.length, steps, failed };
}

/** The hourly job may not change an agent; it asks those who may. */
async function remind({ table, work }: ReconcileAllPorts, agent: Agent): Promise<void> {
  if (agent.status === 'paused' && agent.pauseReason === 'budget') {
    await work.send({ v: 1, kind: 'reconcile', agentId: agent.id });
  }
  if (agent.status !== 'active') return;
  const instances = await listInstances(table, agent.id);
  const exhausted = instances.some(({ status, probes }) => status === 'active' && probes >= AGENT_DEFAULTS.maxProbes);
  if (exhausted) await work.send({ v: 1, kind: 'check-crashes', agentId: agent.id });
}
