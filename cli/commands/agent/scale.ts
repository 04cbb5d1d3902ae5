import { MAX_INSTANCES } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { theAgent } from '../../agents.ts';
import { changeOne } from '../../change-agents.ts';
import { worldCommand } from '../../command.ts';
import { count, needed, text } from '../../fields.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'scale',
  summary: 'set how many instances of an agent work at the same time',
  detail: 'All its settings stay. Scaling to what it is already changes nothing.',
  args: { id: needed(text('the id of the agent', 'id')) },
  options: {
    to: count('so many instances', { min: 1, max: MAX_INSTANCES }),
    multiplier: count('so many times as many', { min: 1, max: MAX_INSTANCES }),
    why: text('the reason, for the audit trail', 'sentence'),
  },
  examples: ['nova agent scale shop --to 3', 'nova agent scale shop --multiplier 2 --json'],
  async run({ id, to, multiplier, why }, reach) {
    if ((to === undefined) === (multiplier === undefined)) {
      throw new NovaError('bad_input', 'expected --to <n> or --multiplier <n>, one of them');
    }
    const agent = await theAgent(reach.world, id);
    const instances = to ?? agent.instances * (multiplier ?? 1);
    return changeOne(reach, { id, why }, { instances });
  },
  render: ({ id, instances }) => `${id} has ${plural(instances, 'instance')}`,
});
