/** A pause or a kill, as far as it must be done before anybody is told that it is: no new run starts behind it. */
import type { Agent } from '../domain/agent.ts';
import type { World } from '../ports/world.ts';
import { getAgent } from '../store/agent-store.ts';
import { listInstances, setInstanceStatusOp } from '../store/instance-store.ts';

/**
 * Closes every instance of an agent that is no longer active. Unconditional and idempotent. The reconciler that came after a
 * resume meanwhile may have been there already: it is asked once more, or nobody would open them again within the hour.
 */
export async function closeAdmission({ table, work }: Pick<World, 'table' | 'work'>, agent: Agent): Promise<void> {
  const { id, specVersion, status, version } = agent;
  if (status !== 'paused' && status !== 'retired') return;
  const instances = await listInstances(table, id);
  const open = instances.filter((instance) => instance.status !== status && instance.status !== 'retired');
  await Promise.all(open.map(({ number }) => table.write(setInstanceStatusOp(id, number, { status, specVersion }))));
  if (open.length === 0 || (await getAgent(table, id))?.version === version) return;
  await work.send({ v: 1, kind: 'reconcile', agentId: id });
}
