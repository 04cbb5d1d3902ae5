import { listChannels } from '../../../shared/store/channel-store.ts';
import { worldCommand } from '../../command.ts';
import { table } from '../../render/table.ts';
import { channelView } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'channel',
  verb: 'list',
  summary: 'where alerts are told, and which of it does not work',
  args: {},
  options: {},
  examples: ['nova channel list', 'nova channel list --json'],
  run: async (_, { world }) => (await listChannels(world.table)).map(channelView),
  render: (channels, style) =>
    table(
      channels,
      [
        { title: 'CHANNEL', value: ({ id }) => id },
        { title: 'KIND', value: ({ kind }) => kind },
        { title: 'HEARS FROM', value: ({ severity, standsBehind }) => (standsBehind ? 'escalations' : severity) },
        { title: 'QUIET', value: ({ quietHours }) => quietHours ?? '' },
        { title: 'SECRET', value: ({ secret }) => secret ?? '', dropOrder: 1 },
        { title: 'PROBLEM', value: ({ problem }) => problem, min: 10 },
      ],
      style,
      'alerts are told nowhere',
    ),
});
