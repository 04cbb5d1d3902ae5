import { setTimeout as sleep } from 'node:timers/promises';
import { NovaError } from '../../../shared/domain/error.ts';
import type { Table } from '../../../shared/ports/table.ts';
import { mustNotBeHalted, readGate } from '../../../shared/store/halt-store.ts';
import { getRequest, MAX_TIMES, type RunRequest, requestRuns } from '../../../shared/store/request-store.ts';
import { theAgent } from '../../agents.ts';
import { type Place, worldCommand } from '../../command.ts';
import { count, defaulting, flag, needed, text } from '../../fields.ts';
import { plural } from '../../render/words.ts';

const LOOK_MS = 200;

export const command = worldCommand({
  noun: 'run',
  verb: 'now',
  summary: 'have an agent run at once, one run after another',
  detail: 'The request is durable before the command returns; the runs go through the queue like any other.',
  args: { agent: needed(text('the id of the agent', 'agent')) },
  options: {
    times: defaulting(count('how many runs', { min: 1, max: MAX_TIMES }), 1),
    instance: defaulting(count('which instance does them', { min: 0, max: 999 }), 0),
    wait: flag('return when all of them have ended'),
  },
  examples: ['nova run now shop', 'nova run now shop --times 25 --wait', 'nova run now shop --instance 1 --json'],
  async run({ agent: id, times, instance, wait }, { world, actor, place }) {
    const agent = await theAgent(world, id);
    mustNotBeHalted(await readGate(world.table), agent);
    if (agent.status !== 'active') {
      const way = agent.status === 'paused' ? `; nova agent resume ${agent.id} ends that` : '';
      throw new NovaError('conflict', `agent ${agent.id} is ${agent.status} and runs nothing${way}`);
    }
    if (instance >= agent.instances) {
      const has = `agent ${agent.id} has ${plural(agent.instances, 'instance')} (0 to ${agent.instances - 1})`;
      throw new NovaError('bad_input', `${has}; got instance ${instance}`);
    }
    if (wait && place.kind === 'directory') {
      throw new NovaError('conflict', 'no engine runs, so nobody would do them: nova start, or leave --wait out');
    }
    const request = await requestRuns(world, { agentId: agent.id, instance, times, actor });
    return viewOf(wait ? await done(world.table, request) : request, place);
  },
  render({ agentId, times, status, waitsForEngine }) {
    if (status === 'done') return `${plural(times, 'run')} of ${agentId} ended: nova run list ${agentId}`;
    return `${plural(times, 'run')} of ${agentId} requested${waitsForEngine ? '; they begin with nova start' : ''}`;
  },
});

async function done(table: Table, request: RunRequest): Promise<RunRequest> {
  let seen = request;
  while (seen.status !== 'done') {
    await sleep(LOOK_MS);
    seen = (await getRequest(table, request.id)) ?? seen;
  }
  return seen;
}

function viewOf(request: RunRequest, place: Place) {
  const { id, agentId, instance, times, next, status, requestedBy } = request;
  const createdAt = new Date(request.createdAt).toISOString();
  return {
    ...{ id, agentId, instance, times, done: next, status, requestedBy, createdAt },
    waitsForEngine: place.kind === 'directory',
  };
}
