/** Every probe after the crash limit failed: the agent is paused, if its instances say the same. */
import { AGENT_DEFAULTS } from '../domain/agent.ts';
import { type AgentPorts, changeAgent, getAgent } from '../store/agent-store.ts';
import { listInstances } from '../store/instance-store.ts';

export async function checkCrashes(world: AgentPorts, agentId: string): Promise<void> {
  const agent = await getAgent(world.table, agentId);
  if (agent?.status !== 'active') return;
  const instances = await listInstances(world.table, agentId);
  const exhausted = instances.find(({ status, probes }) => status === 'active' && probes >= AGENT_DEFAULTS.maxProbes);
  if (!exhausted) return;
  const { crashStreak, probes } = exhausted;
  const why =
    probes < crashStreak
      ? `${crashStreak} crashes in a row, ${probes} of them failed probes`
      : 'it crashed, and is not to be started again by itself';
  // Told first: a crash between the two tells twice, never not at all.
  await world.work.send({
    v: 1,
    kind: 'notify',
    subject: `${agentId} is paused after crashing`,
    text: `${agentId}: ${why}. It is paused; look at its runs, then resume it with: nova agent resume ${agentId}`,
    dedupKey: `crash-limit:${agentId}:${agent.version}`,
  });
  await changeAgent(
    world,
    agentId,
    { status: 'paused', pauseReason: 'crash_limit' },
    { actor: 'system:check-crashes', why },
  );
}
