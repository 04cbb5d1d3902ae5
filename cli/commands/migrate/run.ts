import { migratePayments } from '../../../shared/store/migrate-store.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting } from '../../fields.ts';
import { migrationView, renderMigration } from '../../views/migration.ts';

export const command = worldCommand({
  noun: 'migrate',
  verb: 'run',
  summary: 'write items of an older version anew, while everything goes on',
  detail:
    'Not urgent: both versions are read for ever. It goes on where it was stopped, may run twice at once, and touches nothing that changes meanwhile. Run it when no older code is left that could write the old version (15 minutes after a deploy), and not while you may go back to it.',
  args: {},
  options: { pages: defaulting(count('pages of a hundred entries to look at', { min: 1, max: 100_000 }), 1_000) },
  examples: ['nova migrate run', 'nova --stage prod migrate run --pages 50'],
  run: async ({ pages }, { world }) => migrationView(await migratePayments(world, pages), null),
  render: renderMigration,
});
