import { type Repriced, repriceRuns } from '../../../shared/domain/finance/reprice.ts';
import { instantsOf, spanOf } from '../../../shared/domain/finance/span.ts';
import { priceTable } from '../../../shared/domain/price-table.ts';
import { chargedBetween } from '../../../shared/store/charged-runs.ts';
import { SPAN } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { date, needed } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { plural, usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'reprice',
  summary: 'what the runs of some days would have cost at other prices; changes nothing',
  detail:
    'Quantities are those of the receipts. What a run or a tool told, attempts that were lost, the time of tasks and runs without quantities keep their amounts. Every version of the table is the date of its first day.',
  args: {},
  options: { ...SPAN, prices: needed(date('a version of the price table, or any day')) },
  examples: [
    'nova finance reprice --period month --prices 2026-06-01',
    'nova finance reprice --from 2026-11-01 --to 2026-11-15 --prices 2026-11-16 --json',
  ],
  async run({ prices, ...asked }, { world }) {
    const { timezone } = world.settings;
    const span = spanOf(asked, world.time.now(), { timezone, fallback: 'month' });
    const report = repriceRuns(await chargedBetween(world, instantsOf(span)), priceTable(prices));
    return { id: 'reprice', ...span, prices, ...report };
  },
  render: ({ agents, runs, kept, version, oldMicros, newMicros, differenceMicros, from, to }, style) =>
    blocks(
      `${style.paint('bold', plural(runs, 'run'))} of ${from ?? 'everything'} to ${to} at the prices of ${version}`,
      table(
        agents,
        [
          { title: 'AGENT', value: ({ id }: Repriced) => id, min: 8 },
          { title: 'RUNS', value: ({ runs: some }: Repriced) => String(some), align: 'right' },
          { title: 'CHARGED', value: (row: Repriced) => usdOf(row.oldMicros), align: 'money' },
          { title: 'NEW', value: (row: Repriced) => usdOf(row.newMicros), align: 'money' },
          { title: 'DIFFERENCE', value: (row: Repriced) => usdOf(row.differenceMicros), align: 'money' },
        ],
        style,
        'no run was charged anything',
      ),
      `charged ${usdOf(oldMicros)}, new ${usdOf(newMicros)}, difference ${style.paint('bold', usdOf(differenceMicros))}`,
      kept === 0 ? '' : style.paint('dim', `${plural(kept, 'run')} without quantities: the cost stays as it is`),
    ),
});
