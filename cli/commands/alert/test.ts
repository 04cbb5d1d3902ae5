import { saidOfTest, testChannels } from '../../channels.ts';
import { worldCommand } from '../../command.ts';

export const command = worldCommand({
  noun: 'alert',
  verb: 'test',
  summary: 'tell every channel a test',
  detail: 'The engine or the stage sends it within moments; a channel that cannot work says why in nova channel list.',
  args: {},
  options: {},
  examples: ['nova alert test', 'nova alert test --json'],
  run: async (_, { world }) => ({ id: 'test', channels: await testChannels(world) }),
  render: ({ channels }) => saidOfTest(channels),
});
