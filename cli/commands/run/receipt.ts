import { NovaError } from '../../../shared/domain/error.ts';
import { rateOf } from '../../../shared/domain/protocol/cost.ts';
import { runReceipt } from '../../../shared/domain/run-receipt.ts';
import { getRun } from '../../../shared/store/run-store.ts';
import { readSpec } from '../../../shared/store/spec-cache.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { durationOf, longTime, usdOf } from '../../render/words.ts';

const NAMES = { paid_calls: 'paid calls, as they told', compute: 'compute', lost_compute: 'compute of lost attempts' };
/** Notes of runs whose lease ran out, as recovery writes them: their compute was charged at its bound. */
const LOST = ['lease lost', 'engine stopped'];

export const command = worldCommand({
  noun: 'run',
  verb: 'receipt',
  summary: 'what one run cost, line by line; the lines add up to its cost',
  detail:
    'Compute is the time of the run at the rate of the stage (0 on the owner’s machine), started micro-dollars counting whole. Paid calls are one line: what each of them used is not kept yet.',
  args: { id: needed(text('the id of the run: <agent>.<instance>.<slot>', 'id')) },
  options: {},
  examples: ['nova run receipt shop.0.mhxk2q3c'],
  async run({ id }, { world }) {
    const run = await getRun(world.table, id);
    if (!run) throw new NovaError('not_found', `there is no run "${id}"; an id is <agent>.<instance>.<slot>`);
    const agent = await theAgent(world, run.agentId);
    const spec = await readSpec(world.table, agent.id, agent.specVersion);
    const { timeoutSeconds } = spec;
    const lost = run.status === 'crashed' && LOST.includes(run.note);
    const nanosPerSecond = world.settings.computeNanosPerSecond;
    const lines = runReceipt({ ...run, lost, timeoutSeconds, nanosPerSecond, rate: rateOf(spec, nanosPerSecond) });
    const { agentId, status, attempt, durationMs, costMicros } = run;
    const startedAt = new Date(run.startedAt).toISOString();
    return {
      ...{ id, agentId, status, attempt, startedAt, durationMs },
      lines: lines.map(({ item, ...line }) => ({ id: item, ...line })),
      totalMicros: lines.reduce((sum, { amountMicros }) => sum + amountMicros, 0),
      costMicros,
    };
  },
  render: (receipt, style) =>
    blocks(
      `${style.paint('bold', receipt.id)}\n${style.paint('dim', `${receipt.status}, ${longTime(receipt.startedAt)}, ${durationOf(receipt.durationMs)}`)}`,
      table(
        receipt.lines,
        [
          { title: 'ITEM', value: (line) => NAMES[line.id] },
          {
            title: 'QUANTITY',
            value: ({ quantity, unit }) => (unit === 'ms' ? durationOf(quantity) : '1'),
            align: 'right',
          },
          {
            title: 'PRICE',
            value: ({ nanosPerSecond }) => (nanosPerSecond === null ? 'told' : `${nanosPerSecond} n$/s`),
            align: 'right',
          },
          { title: 'AMOUNT', value: ({ amountMicros }) => usdOf(amountMicros), align: 'money' },
        ],
        style,
        'it cost nothing: it never ran',
      ),
      `total ${style.paint('bold', usdOf(receipt.totalMicros))}`,
    ),
});
