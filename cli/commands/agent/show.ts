import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { agentDetail, renderAgent } from '../../views/agent-detail.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'show',
  summary: 'one agent with its config, budget and instances',
  args: { id: needed(text('the id of the agent', 'id')) },
  options: {},
  examples: ['nova agent show shop', 'nova agent show shop --json'],
  run: ({ id }, { world }) => agentDetail(world, id),
  render: renderAgent,
});
