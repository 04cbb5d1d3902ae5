import { findBackup } from '../../../infra/local/backups.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { type Proof, proveBackup, proveTable } from '../../backups.ts';
import { type Here, worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { plural } from '../../render/words.ts';

type Verified = Proof & { readonly id: string; readonly valid: boolean };

export const command = worldCommand({
  noun: 'backup',
  verb: 'verify',
  summary: 'restore it aside, and prove its ledger and its audit trail',
  detail:
    'A backup that was never restored is a hope. On this machine it is restored to a temporary place that is removed afterwards. On a stage, name the table that nova backup restore filled. Exit code 1 when something does not hold.',
  args: { backup: text('the newest unless named', 'id') },
  options: { table: text('with --stage: the restored table', 'name') },
  examples: ['nova backup verify', 'nova --stage prod backup verify --table nova-prod-restored'],
  offline: ({ backup }, here) => (here.stage === null ? onThisMachine(backup, here) : null),
  async run({ table: name }, reach): Promise<Verified> {
    if (name === undefined)
      throw new NovaError('bad_input', 'expected --table, the one that nova backup restore --to-table filled');
    return verdict(name, (await proveTable(reach, name)).proof);
  },
  render: ({ id, valid, entries, records, problems }, style) =>
    [
      valid
        ? `${style.paint('green', 'valid')} ${id}: ${plural(entries, 'ledger entry', 'ledger entries')}, ${plural(records, 'audit record')}`
        : `${style.paint('red', 'wrong')} ${id}: ${plural(problems.length, 'problem')}`,
      ...problems,
    ].join('\n'),
  exit: ({ valid }) => (valid ? 0 : 1),
});

const verdict = (id: string, proof: Proof): Verified => ({ id, valid: proof.problems.length === 0, ...proof });

async function onThisMachine(id: string | undefined, { home }: Here): Promise<Verified> {
  const backup = findBackup(home, id);
  return verdict(backup.id, await proveBackup(home, backup));
}
