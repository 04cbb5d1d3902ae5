import { listConnectors } from '../../../shared/store/connector-store.ts';
import { worldCommand } from '../../command.ts';
import { connectorViews } from '../../connectors.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';

const yes = (is: boolean | null): string => (is === null ? '–' : is ? 'yes' : 'no');

export const command = worldCommand({
  noun: 'connector',
  verb: 'list',
  summary: 'the vendors, what is set up of each, and when their books were last compared',
  args: {},
  options: {},
  examples: ['nova connector list', 'nova connector list --json'],
  async run(_, { world, admin }) {
    return connectorViews(await admin.secrets.names(), await listConnectors(world.table));
  },
  render: (connectors, style) =>
    table(
      connectors,
      [
        { title: 'CONNECTOR', value: ({ id }) => id },
        { title: 'WEBHOOK', value: ({ path }) => path },
        { title: 'HEARS', value: ({ hears }) => yes(hears) },
        { title: 'READS', value: ({ reads }) => yes(reads) },
        { title: 'COMPARED (UTC)', value: ({ checkedAt }) => shortTime(checkedAt) },
        { title: 'PROBLEM', value: ({ problem }) => problem, min: 10 },
      ],
      style,
      '',
    ),
});
