import { NovaError } from '../../../shared/domain/error.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting, needed, text } from '../../fields.ts';
import { own } from '../../registry.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'queue',
  verb: 'redrive',
  summary: 'bring dead letters back, to be tried again',
  args: { queue: needed(text('the name of the queue', 'queue')) },
  options: { max: defaulting(count('at most so many', { min: 1, max: 100_000 }), 100_000) },
  examples: ['nova queue redrive runs', 'nova queue redrive revenue --max 10'],
  async run({ queue: name, max }, { admin }) {
    const queue = own(admin.queues, name);
    if (!queue) {
      const names = Object.keys(admin.queues).join(', ');
      throw new NovaError('not_found', `there is no queue "${name}"; there are: ${names}`);
    }
    const moved = await queue.redrive(max);
    const { visible, inFlight, dead } = await queue.depth();
    return { id: name, moved, visible, inFlight, dead };
  },
  render: ({ id, moved, dead }) => `${plural(moved, 'message')} back in ${id}; ${dead} still dead`,
});
