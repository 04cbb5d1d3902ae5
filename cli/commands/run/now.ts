import { NovaError } from '../../../shared/domain/error.ts';
import { MAX_TIMES, requestRuns } from '../../../shared/store/request-store.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting, needed, text } from '../../fields.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'run',
  verb: 'now',
  summary: 'have an agent run at once, one run after another',
  detail: 'The request is durable before the command returns; the runs go through the queue like any other.',
  args: { agent: needed(text('the id of the agent', 'agent')) },
  options: {
    times: defaulting(count('how many runs', { min: 1, max: MAX_TIMES }), 1),
    instance: defaulting(count('which instance does them', { min: 0, max: 999 }), 0),
  },
  examples: ['nova run now shop', 'nova run now shop --times 25', 'nova run now shop --times 5 --instance 1 --json'],
  async run({ agent: id, times, instance }, { world, actor, place }) {
    const agent = await theAgent(world, id);
    if (agent.status !== 'active') {
      const way = agent.status === 'paused' ? `; nova agent resume ${agent.id} ends that` : '';
      throw new NovaError('conflict', `agent ${agent.id} is ${agent.status} and runs nothing${way}`);
    }
    if (instance >= agent.instances) {
      const has = `agent ${agent.id} has ${plural(agent.instances, 'instance')} (0 to ${agent.instances - 1})`;
      throw new NovaError('bad_input', `${has}; got instance ${instance}`);
    }
    const request = await requestRuns(world, { agentId: agent.id, instance, times, actor });
    return {
      id: request.id,
      agentId: request.agentId,
      instance: request.instance,
      times: request.times,
      status: request.status,
      requestedBy: request.requestedBy,
      createdAt: new Date(request.createdAt).toISOString(),
      waitsForEngine: place.kind === 'directory',
    };
  },
  render: ({ agentId, times, waitsForEngine }) =>
    `${plural(times, 'run')} of ${agentId} requested${waitsForEngine ? '; they begin with nova start' : ''}`,
});
