import { resolve } from 'node:path';
import { findBackup, restoreBackup } from '../../../infra/local/backups.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { watchOrigin } from '../../../shared/jobs/watch-origin.ts';
import { backupsOf } from '../../backups.ts';
import { type Here, worldCommand } from '../../command.ts';
import { moment, text } from '../../fields.ts';
import { turnOn } from '../../halt.ts';

type Restored = {
  readonly id: string;
  readonly place: string;
  /** The kill switch is on there: what was spent since the backup is not known in it. */
  readonly halted: boolean;
};

export const command = worldCommand({
  noun: 'backup',
  verb: 'restore',
  summary: 'everything as it was, in a place of its own',
  detail:
    'Never over what is there. On this machine: a new data directory, with the kill switch on, since it does not know what was spent and earned after the backup: nova ledger reconcile, nova status, then nova killswitch off. On a stage: a new table, filled by DynamoDB in some minutes to hours; nova backup adopt makes it ready, and nova cloud deploy --table has the stage work on it.',
  args: { backup: text('the newest unless named', 'id') },
  options: {
    to: text('on this machine: the new data directory', 'folder'),
    'to-table': text('with --stage: the new table', 'name'),
    at: moment('with --stage: as it stood at this second, instead of a backup'),
  },
  examples: [
    'nova backup restore --to ./restored',
    'nova --stage prod backup restore --to-table nova-prod-restored --at 2026-11-20T08:00:00Z',
  ],
  offline: ({ backup, to }, here) => (here.stage === null ? onThisMachine(backup, to, here) : null),
  async run(asked, reach): Promise<Restored> {
    const toTable = asked['to-table'];
    if (toTable === undefined) throw new NovaError('bad_input', 'expected --to-table, the name of a new table');
    const backups = backupsOf(reach);
    const from = asked.at === undefined ? { id: await arnOf(backups, asked.backup) } : { at: asked.at };
    await backups.restore(from, toTable);
    return { id: asked.backup ?? 'newest', place: toTable, halted: false };
  },
  render: ({ place, halted }, style) =>
    halted
      ? [
          `${style.paint('green', 'restored')} to ${place}, with the kill switch on.`,
          `Look before it runs: nova --home ${place} backup list, ledger reconcile, status; then nova --home ${place} killswitch off`,
        ].join('\n')
      : `${style.paint('green', 'being filled')}: ${place}. When it is there: nova --stage … backup adopt --table ${place}`,
});

async function arnOf(backups: ReturnType<typeof backupsOf>, name: string | undefined): Promise<string> {
  const ready = (await backups.list()).filter(({ status }) => status === 'ready');
  const found = name === undefined ? ready[0] : ready.find((one) => one.name === name);
  if (found) return found.id;
  throw new NovaError('not_found', `no backup${name === undefined ? '' : ` "${name}"`} is ready; see nova backup list`);
}

async function onThisMachine(id: string | undefined, to: string | undefined, here: Here): Promise<Restored> {
  if (to === undefined) throw new NovaError('bad_input', 'expected --to, a folder that is empty or not there');
  const place = resolve(to);
  const backup = findBackup(here.home, id);
  restoreBackup(here.home, backup, place);
  const { openHome } = await import('../../../infra/local/embedded.ts');
  const { world, admin, close } = await openHome(place);
  try {
    const directory = { kind: 'directory', engine: 'none', url: null, mailUrl: null, startedAt: null } as const;
    const reason = `restored from the backup of ${new Date(backup.at).toISOString()}`;
    await turnOn({ world, admin, actor: here.actor, place: directory }, { scope: 'fleet', reason, waitSeconds: 0 });
    // Noticed and written down here, so that the engine does not stop again what a person let go on meanwhile.
    await watchOrigin(world, { roots: true });
  } finally {
    await close();
  }
  return { id: backup.id, place, halted: true };
}
