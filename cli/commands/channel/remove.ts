import { removeChannel } from '../../../shared/store/channel-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { channelView } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'channel',
  verb: 'remove',
  summary: 'tell alerts there no more',
  detail:
    'The mail to the owner (owner) and the event bus (bus) can be removed too; nova channel add <name> brings them back.',
  args: { id: needed(text('the name of the channel', 'name')) },
  options: {},
  examples: ['nova channel remove ops', 'nova channel remove n8n --json'],
  run: async ({ id }, { world, actor }) => channelView(await removeChannel(world, id, actor)),
  render: ({ id }) => `${id} is removed`,
});
