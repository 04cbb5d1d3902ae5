import { worldCommand } from '../../command.ts';
import { table } from '../../render/table.ts';

export const command = worldCommand({
  noun: 'queue',
  verb: 'list',
  summary: 'how many messages wait, are in flight, or were given up',
  args: {},
  options: {},
  examples: ['nova queue list', 'nova queue list --json'],
  run: (_input, { admin }) =>
    Promise.all(
      Object.entries(admin.queues).map(async ([id, queue]) => {
        const { visible, inFlight, dead } = await queue.depth();
        return { id, visible, inFlight, dead };
      }),
    ),
  render: (queues, style) =>
    table(
      queues,
      [
        { title: 'QUEUE', value: ({ id }) => id },
        { title: 'WAITING', value: ({ visible }) => String(visible), align: 'right' },
        { title: 'IN FLIGHT', value: ({ inFlight }) => String(inFlight), align: 'right' },
        { title: 'DEAD', value: ({ dead }) => String(dead), align: 'right' },
        { title: '', value: ({ id, dead }) => (dead > 0 ? `nova queue redrive ${id}` : '') },
      ],
      style,
      'no queues',
    ),
});
