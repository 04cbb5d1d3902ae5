import { listBackups } from '../../../infra/local/backups.ts';
import { backupsOf, backupView, tableBackupView } from '../../backups.ts';
import { worldCommand } from '../../command.ts';
import { table } from '../../render/table.ts';
import { bytesOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'backup',
  verb: 'list',
  summary: 'what was kept, newest first',
  args: {},
  options: {},
  examples: ['nova backup list', 'nova --stage prod backup list --json'],
  offline: (_input, { home, stage }) =>
    stage === null ? Promise.resolve(listBackups(home).map((one) => backupView(home, one))) : null,
  run: async (_input, reach) => (await backupsOf(reach).list()).map(tableBackupView),
  render: (backups, style) =>
    table(
      backups,
      [
        { title: 'BACKUP', value: ({ id }) => id, min: 26 },
        { title: 'WHEN', value: ({ at }) => at.slice(0, 19) },
        { title: 'ITEMS', value: ({ items }) => (items === null ? '' : String(items)), align: 'right' },
        { title: 'SIZE', value: ({ bytes }) => bytesOf(bytes), align: 'right' },
        { title: 'STATUS', value: ({ status }) => status },
      ],
      style,
      'no backups; make one with: nova backup run',
    ),
});
