import { listAgents } from '../../../shared/store/agent-store.ts';
import { listRuns } from '../../../shared/store/run-store.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { choice, count, text } from '../../fields.ts';
import { renderRuns, runView } from '../../views/run.ts';

const STATUSES = ['running', 'succeeded', 'failed', 'crashed', 'timed_out', 'cancelled', 'refused'] as const;

export const command = worldCommand({
  noun: 'run',
  verb: 'list',
  summary: 'runs of one agent or of all, newest first',
  args: { agent: text('only runs of this agent', 'agent') },
  options: {
    agent: text('only runs of this agent', 'agent'),
    status: choice('only runs in this state', STATUSES),
    limit: count('at most so many (default: all)', { min: 1, max: 1_000_000 }),
  },
  examples: ['nova run list', 'nova run list shop --limit 20', 'nova run list --status crashed --json'],
  async run({ agent, status, limit }, { world }) {
    const agents = agent === undefined ? await listAgents(world.table) : [await theAgent(world, agent)];
    // A state is known only after reading: then the limit counts what is left.
    const options = limit === undefined || status !== undefined ? {} : { limit };
    const lists = await Promise.all(agents.map(({ id }) => listRuns(world.table, id, options)));
    const runs = lists
      .flat()
      .filter((run) => status === undefined || run.status === status)
      .sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1));
    return runs.slice(0, limit).map(runView);
  },
  render: renderRuns,
});
