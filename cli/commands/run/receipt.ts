import { NovaError } from '../../../shared/domain/error.ts';
import { priceTable } from '../../../shared/domain/price-table.ts';
import { rateOf } from '../../../shared/domain/protocol/cost.ts';
import { runReceipt } from '../../../shared/domain/run-receipt.ts';
import { isLost } from '../../../shared/store/charged-runs.ts';
import { usageOf } from '../../../shared/store/receipt-store.ts';
import { getRun } from '../../../shared/store/run-store.ts';
import { readSpec } from '../../../shared/store/spec-cache.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { receiptText } from '../../views/receipt.ts';

export const command = worldCommand({
  noun: 'run',
  verb: 'receipt',
  summary: 'what one run cost, line by line; the lines add up to its cost',
  detail:
    'Prices are those that held when the run was claimed. --reprice shows what it would have cost at those of another day, and changes nothing. On the owner’s machine compute costs nothing.',
  args: { id: needed(text('the id of the run: <agent>.<instance>.<slot>', 'id')) },
  options: { reprice: text('a version of the price table, or any day: 2026-11-20', 'date') },
  examples: ['nova run receipt shop.0.mhxk2q3c', 'nova run receipt shop.0.mhxk2q3c --reprice 2026-06-01'],
  async run({ id, reprice }, { world }) {
    const run = await getRun(world.table, id);
    if (!run) throw new NovaError('not_found', `there is no run "${id}"; an id is <agent>.<instance>.<slot>`);
    const agent = await theAgent(world, run.agentId);
    const spec = await readSpec(world.table, agent.id, agent.specVersion);
    const { timeoutSeconds } = spec;
    const used = await usageOf(world.table, { agentId: run.agentId, number: run.instance }, run);
    const lost = run.status === 'crashed' && isLost({ outcome: 'crashed', note: run.note });
    const rate = rateOf(spec, world.settings);
    const facts = { ...run, lost, used, timeoutSeconds, nanosPerSecond: rate.nanosPerSecond, rate };
    const { lines, totalMicros, version } = runReceipt(facts, reprice === undefined ? undefined : priceTable(reprice));
    const { agentId, status, attempt, durationMs, costMicros } = run;
    const startedAt = new Date(run.startedAt).toISOString();
    return {
      ...{ id, agentId, status, attempt, startedAt, durationMs },
      lines: lines.map(({ item, ...line }) => ({ id: item, ...line })),
      ...{ totalMicros, costMicros, version, differenceMicros: totalMicros - costMicros },
    };
  },
  render: receiptText,
});
