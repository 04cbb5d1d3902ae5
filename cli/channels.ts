/** Tests of channels: the engine tells them, and what came of it stands on the channel. */
import { NovaError } from '../shared/domain/error.ts';
import type { World } from '../shared/ports/world.ts';
import { listChannels } from '../shared/store/channel-store.ts';
import { type ChannelView, channelView } from './views/alert.ts';

/** All of them, or one by name. @throws NovaError not_found. */
export async function testChannels(
  { table, time, work }: Pick<World, 'table' | 'time' | 'work'>,
  name?: string,
): Promise<ChannelView[]> {
  const channels = (await listChannels(table)).filter((channel) => name === undefined || channel.name === name);
  if (name !== undefined && channels.length === 0) throw new NovaError('not_found', `there is no channel "${name}"`);
  const at = time.now();
  for (const channel of channels) await work.send({ v: 1, kind: 'test-channel', channel: channel.name, at });
  return channels.map(channelView);
}

export const saidOfTest = (channels: readonly ChannelView[]): string =>
  `a test goes to ${channels.map(({ id }) => id).join(', ')}; what came of it: nova channel list`;
