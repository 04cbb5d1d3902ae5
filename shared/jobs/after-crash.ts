/** What follows when a run was one crash too many. A run may not change its agent: it asks for that, and tells the owner. */
import type { World } from '../ports/world.ts';
import type { Claimed } from '../store/claim.ts';
import type { Ended } from '../store/close-store.ts';

export async function afterCrash(
  { work }: Pick<World, 'work'>,
  { spec, instance }: Claimed,
  ended: Ended,
): Promise<void> {
  if (ended.kind !== 'recorded') return;
  const { agentId, crashLimit, cooldownSeconds } = spec;
  if (ended.exhausted) await work.send({ v: 1, kind: 'check-crashes', agentId });
  if (!ended.tripped) return;
  await work.send({
    v: 1,
    kind: 'notify',
    subject: `${agentId} has reached its crash limit`,
    text: `${agentId} crashed ${crashLimit} times in a row. It cools for ${cooldownSeconds} s, then one probe runs; each failed probe doubles the pause, and after the last one the agent is paused. See: nova agent health ${agentId}`,
    dedupKey: `crash:${agentId}:${instance.number}:${instance.fence}`,
  });
}
