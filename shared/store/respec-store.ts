/** A new version of an agent's config, while it runs: runs in progress end with the old one, the next begin with the new. */
import type { Agent, AgentSpec } from '../domain/agent.ts';
import { keptOrScheduled } from '../domain/agent-change.ts';
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import { assertTools } from '../domain/tool.ts';
import type { Op } from '../ports/table.ts';
import { encodeSpec } from './agent-item.ts';
import { type AgentPorts, agentEntity, getSpec, needAgent, reconcileOrder } from './agent-store.ts';
import { audited } from './audit-store.ts';
import { committed, publishOrLeave } from './commit.ts';
import { placeOf } from './deploy-store.ts';
import { agentKey } from './keys.ts';

export type NewSpec = Omit<AgentSpec, 'agentId' | 'version' | 'blueprint'>;

const TRIES = 8;

/**
 * `change` answers the whole of the next one, from the spec as it is. The same again writes nothing.
 * @throws NovaError not_found; conflict for a retired agent, one to be kept running that has a schedule, or one that keeps
 * being changed.
 */
export async function changeSpec(
  world: AgentPorts,
  agentId: string,
  change: (spec: AgentSpec) => NewSpec,
  by: { readonly actor: Actor; readonly why: string },
): Promise<Agent> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const agent = await needAgent(world.table, agentId);
    if (agent.status === 'retired') throw new NovaError('conflict', `agent ${agentId} is retired, which is final`);
    const before = await getSpec(world.table, agentId, agent.specVersion);
    const { blueprint, version } = before;
    const after: AgentSpec = { ...change(before), agentId, blueprint, version: version + 1 };
    assertTools(after.tools ?? []);
    if (agent.schedule && after.restSeconds !== undefined) throw new NovaError('conflict', keptOrScheduled(agentId));
    if (sameItem({ ...after, version }, before)) return agent;
    const next = respecOps(world, agent, { after, ...by });
    if (!(await committed(world.table, next.ops, next.agent.auditHash))) continue;
    await publishOrLeave(world, next.posted);
    return next.agent;
  }
  throw new NovaError('conflict', `agent "${agentId}" is being changed by somebody else; try again`);
}

/** Whatever order their attributes are in. */
function sameItem(a: AgentSpec, b: AgentSpec): boolean {
  const sorted = (spec: AgentSpec): string => JSON.stringify(Object.entries(encodeSpec(spec)).sort());
  return sorted(a) === sorted(b);
}

type Respec = { readonly after: AgentSpec; readonly actor: Actor; readonly why: string };

function respecOps(world: AgentPorts, agent: Agent, { after, actor, why }: Respec) {
  const at = world.time.now();
  const item = encodeSpec(after);
  const posted = reconcileOrder(world, agent.id);
  const { record, head } = audited(world.hashing, agent, {
    ...{ at, actor, action: 'agent.updated', entity: agentEntity(agent.id) },
    details: {
      why,
      specVersionBefore: agent.specVersion,
      specVersionAfter: after.version,
      specHash: world.hashing.sha256(JSON.stringify(item)),
      order: posted.id,
    },
  });
  const { compute, continuous, ...rest } = agent;
  const place = placeOf(after);
  const changed = { specVersion: after.version, updatedAt: at, version: agent.version + 1, ...head };
  const update: Op = {
    op: 'update',
    key: agentKey(agent.id),
    if: [{ attr: 'version', op: '=', value: agent.version }],
    set: { ...changed, ...place },
    remove: (['compute', 'continuous'] as const).filter((name) => place[name] === undefined),
  };
  const put: Op = { op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] };
  return { agent: { ...rest, ...place, ...changed }, ops: [update, put, record, posted.op], posted: [posted] };
}
