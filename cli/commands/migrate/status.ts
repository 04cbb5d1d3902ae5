import { migrationOf, oldPayments } from '../../../shared/store/migrate-store.ts';
import { worldCommand } from '../../command.ts';
import { migrationView, renderMigration } from '../../views/migration.ts';

export const command = worldCommand({
  noun: 'migrate',
  verb: 'status',
  summary: 'how far it has come, and how many items are still of the older version',
  args: {},
  options: {},
  examples: ['nova migrate status', 'nova --stage prod migrate status --json'],
  run: async (_input, { world: { table } }) => migrationView(await migrationOf(table), await oldPayments(table)),
  render: renderMigration,
});
