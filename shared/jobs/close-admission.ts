/** A pause or a kill, as far as it must be done before anybody is told that it is: no new run starts behind it. */
import type { Agent } from '../domain/agent.ts';
import type { World } from '../ports/world.ts';
import { listInstances, setInstanceStatusOp } from '../store/instance-store.ts';

/**
 * Closes every instance of an agent that is no longer active. Unconditional and idempotent; the reconciler, which comes
 * after every change, repairs a race with a resume.
 */
export async function closeAdmission({ table }: Pick<World, 'table'>, agent: Agent): Promise<void> {
  const { id, specVersion, status } = agent;
  if (status !== 'paused' && status !== 'retired') return;
  const instances = await listInstances(table, id);
  const open = instances.filter((instance) => instance.status !== status && instance.status !== 'retired');
  await Promise.all(open.map(({ number }) => table.write(setInstanceStatusOp(id, number, { status, specVersion }))));
}
