import { listAgents } from '../../../shared/store/agent-store.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { type Member, membersOf } from '../../fleet.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'health',
  summary: 'which agents are well, which are not, and why',
  detail: 'An agent that is paused on purpose is not ill; retired ones are left out.',
  args: { id: text('only this agent', 'id') },
  options: {},
  examples: ['nova agent health', 'nova agent health shop --json'],
  async run({ id }, { world }) {
    const agents = id === undefined ? await listAgents(world.table) : [await theAgent(world, id)];
    const members = await membersOf(
      world,
      agents.filter(({ status }) => id !== undefined || status !== 'retired'),
    );
    return members.map(healthView);
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
          { title: 'WHY', value: ({ reasons }) => reasons.join('; '), min: 12 },
        ],
        style,
        'no agents',
      ),
      summary(agents),
    ),
});

function healthView({ agent, health, instances, lastActivityAt, lastSuccessAt }: Member) {
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
  };
}

function summary(agents: readonly { readonly health: string }[]): string {
  const counts = Map.groupBy(agents, ({ health }) => health);
  return [...counts].map(([state, some]) => `${some.length} ${state}`).join(', ');
}
