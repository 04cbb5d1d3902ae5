import { saidOfTest, testChannels } from '../../channels.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';

export const command = worldCommand({
  noun: 'channel',
  verb: 'test',
  summary: 'tell one channel a test',
  detail: 'The engine or the stage sends it within moments; if it cannot, nova channel list says why.',
  args: { id: needed(text('the name of the channel', 'name')) },
  options: {},
  examples: ['nova channel test owner', 'nova channel test ops --json'],
  run: async ({ id }, { world }) => ({ id, channels: await testChannels(world, id) }),
  render: ({ channels }) => saidOfTest(channels),
});
