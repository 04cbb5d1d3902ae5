import { NovaError } from '../../../shared/domain/error.ts';
import { haltRestored } from '../../../shared/jobs/watch-origin.ts';
import type { Table } from '../../../shared/ports/table.ts';
import { getHalt } from '../../../shared/store/halt-store.ts';
import { lostRoots, readOrigin } from '../../../shared/store/origin-store.ts';
import { backupsOf, proveTable } from '../../backups.ts';
import { type Reach, worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { plural } from '../../render/words.ts';

type Adopted = {
  /** The table. */
  readonly id: string;
  readonly stage: string;
  readonly entries: number;
  readonly records: number;
  /** Days whose root is newer than anything in it: their history is lost. */
  readonly lostRoots: number;
  readonly halted: true;
};

export const command = worldCommand({
  noun: 'backup',
  verb: 'adopt',
  summary: 'make a restored table ready for its stage: proved, protected, and halted until a person has looked',
  detail:
    'Proves its ledger and its audit trail, turns the kill switch on in it, and gives it recovery to any second and protection against deletion, which a restore leaves off. Changes nothing that the stage works on: the deploy that follows does. The stage must be halted before, so that nothing is spent that the restored table will not know.',
  args: {},
  options: { table: needed(text('the table that nova backup restore filled', 'name')) },
  examples: ['nova --stage prod backup adopt --table nova-prod-restored'],
  async run({ table: name }, reach): Promise<Adopted> {
    const { world, actor } = reach;
    const backups = backupsOf(reach);
    const { stage } = world.settings;
    if (!name.startsWith(`nova-${stage}-`))
      throw new NovaError('bad_input', `the key of the stage is for tables named nova-${stage}-…; got "${name}"`);
    await mustBeHalted(reach);
    const { table, proof } = await proveTable(reach, name);
    const [first] = proof.problems;
    if (first)
      throw new NovaError(
        'corrupt',
        `${plural(proof.problems.length, 'problem')} in ${name}, nothing was changed: ${first}; see nova backup verify`,
      );
    const seen = await backups.marks(name);
    await mustRest(table, { name, seen });
    const lost = await lostRoots({ ...world, table });
    const why = `restored as ${name}: what happened since its newest entry is not known in it`;
    // Its own sweep sends what follows, once the stage works on it.
    await haltRestored({ ...world, table }, { seen, lost, why, actor });
    await backups.protect(name);
    const { entries, records } = proof;
    return { id: name, stage, entries, records, lostRoots: lost.length, halted: true };
  },
  render: ({ id, stage, entries, records, lostRoots: days }, style) =>
    [
      `${style.paint('green', 'ready')} ${id}: ${plural(entries, 'ledger entry', 'ledger entries')}, ${plural(records, 'audit record')}, the kill switch on in it`,
      ...(days > 0 ? [`It goes back behind ${plural(days, 'day')} whose root was kept outside.`] : []),
      `1. nova --stage ${stage} cloud deploy --table ${id}`,
      `2. nova --stage ${stage} ledger reconcile, then status and budget show: what is missing?`,
      `3. nova --stage ${stage} killswitch off --why 'looked'`,
    ].join('\n'),
});

/** A table that is gone spends nothing. */
async function mustBeHalted({ world }: Reach): Promise<void> {
  const halt = await getHalt(world.table, 'fleet').catch((thrown: unknown) => {
    if (isGone(thrown)) return null;
    throw thrown;
  });
  if (halt && !halt.on)
    throw new NovaError(
      'conflict',
      `the stage still works on its own table; first: nova --stage ${world.settings.stage} killswitch on --why '…'`,
    );
}

/** `nova-prod-eu` is the table of a stage `prod-eu`, and has the form of one that `prod` restored: whoever sweeps it has left its marks. */
async function mustRest(table: Table, { name, seen }: { name: string; seen: readonly string[] }): Promise<void> {
  const { marks } = await readOrigin(table);
  const isWorkedOn = seen.some((mark) => marks.includes(mark)) && !(await getHalt(table, 'fleet')).on;
  if (isWorkedOn) throw new NovaError('conflict', `a stage works on ${name}: it is no table that waits to be adopted`);
}

const isGone = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.cause instanceof Error && thrown.cause.name === 'ResourceNotFoundException';
