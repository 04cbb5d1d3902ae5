import { type LedgerVerdict, proveLedger, repairLedger } from '../../../shared/store/ledger-verify.ts';
import { worldCommand } from '../../command.ts';
import { flag } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'ledger',
  verb: 'verify',
  summary: 'prove that no entry was changed, removed or added, and every sum follows from them',
  detail:
    'The hash is the same for the same money, in whatever order it was told. --repair rebuilds damaged sums from whole entries; lost entries cannot be made again: restore them from a backup. Exit code 1 when something is wrong.',
  args: {},
  options: { repair: flag('rebuild sums that are damaged') },
  examples: ['nova ledger verify', 'nova ledger verify --repair', 'nova ledger verify --json'],
  async run({ repair }, { world }) {
    const done: { rebuilt: readonly string[]; verdict: LedgerVerdict } = repair
      ? await repairLedger(world)
      : { rebuilt: [], verdict: await proveLedger(world) };
    const { entries, sums, hash, faults } = done.verdict;
    return { id: 'ledger', valid: faults.length === 0, entries, sums, hash, rebuilt: done.rebuilt, faults };
  },
  render: ({ valid, entries, sums, hash, rebuilt, faults }, style) =>
    blocks(
      valid
        ? style.paint('green', `valid: ${plural(entries, 'entry', 'entries')} and ${plural(sums, 'sum')}`)
        : style.paint('red', `wrong: ${plural(faults.length, 'fault')} in ${plural(entries, 'entry', 'entries')}`),
      rebuilt.length > 0 ? `rebuilt from the entries: ${rebuilt.join(', ')}` : '',
      valid
        ? ''
        : table(
            faults,
            [
              { title: 'WHAT', value: ({ kind }) => kind },
              { title: 'WHERE', value: ({ id }) => id, min: 16 },
              { title: 'PROBLEM', value: ({ problem }) => problem, min: 20 },
            ],
            style,
            '',
          ),
      style.paint('dim', `hash ${hash}`),
    ),
  exit: ({ valid }) => (valid ? 0 : 1),
});
