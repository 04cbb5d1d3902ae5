import { listAgents } from '../../../shared/store/agent-store.ts';
import { worldCommand } from '../../command.ts';
import { choice, text } from '../../fields.ts';
import { membersOf } from '../../fleet.ts';
import { agentView, renderAgents } from '../../views/agent.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'list',
  summary: 'all agents with their state, health and money',
  args: {},
  options: {
    status: choice('only agents in this state', ['draft', 'active', 'paused', 'retired']),
    department: text('only agents of this department', 'name'),
  },
  examples: ['nova agent list', 'nova agent list --status paused', 'nova agent list --department sales --json'],
  async run({ status, department }, { world }) {
    const agents = (await listAgents(world.table)).filter(
      (agent) =>
        (status === undefined || agent.status === status) &&
        (department === undefined || agent.department === department),
    );
    return (await membersOf(world, agents)).map(agentView);
  },
  render: renderAgents,
});
