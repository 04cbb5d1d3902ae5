import { makeBackup, pruneBackups } from '../../../infra/local/backups.ts';
import { systemTime } from '../../../shared/runtime/clock.ts';
import { systemIds } from '../../../shared/runtime/ids.ts';
import { type BackupView, backupsOf, backupView, ownVersion, tableBackupView } from '../../backups.ts';
import { type Here, worldCommand } from '../../command.ts';
import { count, flag } from '../../fields.ts';
import { bytesOf, plural } from '../../render/words.ts';

type Made = BackupView & { readonly pruned: readonly string[] };

export const command = worldCommand({
  noun: 'backup',
  verb: 'run',
  summary: 'keep everything as it is at this instant',
  detail:
    'On this machine: a folder under backups/ in the data directory, with the table, the queues, the settings and the audit roots; the engine goes on meanwhile. Copy it elsewhere: a disk that dies takes its backups along. With --stage: an on-demand backup in DynamoDB, beside the recovery to any second of 35 days.',
  args: {},
  options: {
    keep: count('remove all but the newest so many', { min: 1, max: 1000 }),
    'with-secrets': flag('the secrets, too: then guard the folder as you guard them'),
  },
  examples: ['nova backup run', 'nova backup run --keep 7', 'nova --stage prod backup run --json'],
  offline: (input, here) => (here.stage === null ? onThisMachine(input, here) : null),
  async run(_input, reach): Promise<Made> {
    const name = `nova-${new Date(reach.world.time.now()).toISOString().replace(/[:.]/g, '-')}`;
    return { ...tableBackupView(await backupsOf(reach).make(name)), pruned: [] };
  },
  render: ({ id, place, bytes, items, messages, status, pruned }, style) =>
    [
      `${style.paint('green', status === 'ready' ? 'kept' : 'being made')} ${id}`,
      items === null
        ? place
        : `${plural(items, 'item')}, ${plural(messages ?? 0, 'message')}, ${bytesOf(bytes)} in ${place}`,
      pruned.length > 0 ? `removed ${plural(pruned.length, 'older one')}` : '',
      style.paint('dim', 'prove it: nova backup verify'),
    ]
      .filter(Boolean)
      .join('\n'),
});

type Asked = { readonly keep?: number | undefined; readonly 'with-secrets': boolean };

async function onThisMachine(asked: Asked, { home }: Here): Promise<Made> {
  const id = systemIds(systemTime).ulid();
  const made = { id, at: systemTime.now(), version: ownVersion(), withSecrets: asked['with-secrets'] };
  const backup = makeBackup(home, made);
  return { ...backupView(home, backup), pruned: asked.keep ? pruneBackups(home, asked.keep) : [] };
}
