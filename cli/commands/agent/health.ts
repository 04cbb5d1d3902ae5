import { withMemory } from '../../../shared/domain/health.ts';
import type { World } from '../../../shared/ports/world.ts';
import { listAgents } from '../../../shared/store/agent-store.ts';
import { readUse, type TaskUse } from '../../../shared/store/use-store.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { type Member, membersOf } from '../../fleet.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';
import { useView } from '../../views/run.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'health',
  summary: 'which agents are well, which are not, and why',
  detail:
    'An agent that is paused on purpose is not ill; retired ones are left out. Of agents in tasks it shows what the last run used: processor, and memory of what it may have; from 90 % of that on it is degraded.',
  args: { id: text('only this agent', 'id') },
  options: {},
  examples: ['nova agent health', 'nova agent health shop --json'],
  async run({ id }, { world }) {
    const agents = id === undefined ? await listAgents(world.table) : [await theAgent(world, id)];
    const members = await membersOf(
      world,
      agents.filter(({ status }) => id !== undefined || status !== 'retired'),
    );
    return await Promise.all(members.map(async (member) => healthView(member, await usesOf(world, member))));
  },
  render: (agents, style) =>
    blocks(
      table(
        agents,
        [
          { title: 'AGENT', value: ({ id }) => id, min: 10 },
          { title: 'HEALTH', value: ({ health }) => health, state: true },
          { title: 'STATUS', value: ({ status }) => status, state: true },
          { title: 'LAST SUCCESS (UTC)', value: ({ lastSuccessAt }) => shortTime(lastSuccessAt), dropOrder: 1 },
          { title: 'CPU', value: ({ use }) => (use ? `${use.cpuPercent} %` : ''), align: 'right', dropOrder: 2 },
          {
            title: 'MEMORY',
            value: ({ use }) => (use ? `${use.peakMemoryMb}/${use.memoryMb} MB` : ''),
            align: 'right',
            dropOrder: 2,
          },
          { title: 'WHY', value: ({ reasons }) => reasons.join('; '), min: 12 },
        ],
        style,
        'no agents',
      ),
      summary(agents),
    ),
});

type Use = TaskUse & { readonly number: number };

/** What the last run of each of its tasks used, where somebody has counted. */
async function usesOf({ table }: Pick<World, 'table'>, { agent, instances }: Member): Promise<Use[]> {
  if (!agent.compute || agent.status === 'retired') return [];
  const uses = instances.map(async ({ number }) =>
    (await readUse(table, agent.id, number)).slice(-1).map((use) => ({ ...use, number })),
  );
  return (await Promise.all(uses)).flat().filter(({ peakMemoryMb, wallMs }) => peakMemoryMb > 0 && wallMs > 0);
}

function healthView(member: Member, uses: readonly Use[]) {
  const { agent, instances, lastActivityAt, lastSuccessAt } = member;
  const health = agent.status === 'active' ? withMemory(member.health, uses) : member.health;
  return {
    id: agent.id,
    status: agent.status,
    health: health.state,
    reasons: [...health.reasons],
    instances: agent.instances,
    activeInstances: instances.filter(({ status }) => status === 'active').length,
    crashStreak: Math.max(0, ...instances.map(({ crashStreak }) => crashStreak)),
    lastActivityAt: lastActivityAt === null ? null : new Date(lastActivityAt).toISOString(),
    lastSuccessAt: lastSuccessAt === null ? null : new Date(lastSuccessAt).toISOString(),
    use: mostOf(uses),
  };
}

/** Of the one that used most. */
function mostOf(uses: readonly Use[]) {
  const [most] = uses.toSorted((a, b) => b.peakMemoryMb - a.peakMemoryMb);
  return most ? useView(most) : null;
}

function summary(agents: readonly { readonly health: string }[]): string {
  const counts = Map.groupBy(agents, ({ health }) => health);
  return [...counts].map(([state, some]) => `${some.length} ${state}`).join(', ');
}
