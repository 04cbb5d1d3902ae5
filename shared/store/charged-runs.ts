/** Closed runs with what they were charged for, as receipts and new prices are made of. */
import type { ChargedRun } from '../domain/finance/reprice.ts';
import { rateOf } from '../domain/protocol/cost.ts';
import type { RunRecord } from '../domain/run.ts';
import type { ReceiptFacts } from '../domain/run-receipt.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from './agent-store.ts';
import { listInstances } from './instance-store.ts';
import { usageOf } from './receipt-store.ts';
import { recordsSince } from './run-store.ts';
import { readSpec } from './spec-cache.ts';

type Ports = Pick<World, 'table' | 'settings'>;

/** Notes of runs whose lease ran out, as recovery writes them: their compute was charged at its bound. */
const LOST: readonly string[] = ['lease lost', 'engine stopped'];
export const isLost = ({ outcome, note }: Pick<RunRecord, 'outcome' | 'note'>): boolean =>
  outcome === 'crashed' && LOST.includes(note);

export type Times = { readonly fromMs: number; readonly toMs: number };

/** Runs that were claimed at or after the first instant and before the second, of all agents there ever were. */
export async function chargedBetween({ table, settings }: Ports, { fromMs, toMs }: Times): Promise<ChargedRun[]> {
  const runs: ChargedRun[] = [];
  for (const { id: agentId, specVersion } of await listAgents(table)) {
    const spec = await readSpec(table, agentId, specVersion);
    const rate = rateOf(spec, settings);
    const { timeoutSeconds } = spec;
    for (const instance of await listInstances(table, agentId)) {
      for (const record of await recordsSince(table, instance, Math.max(0, fromMs))) {
        if (record.startedAt < fromMs || record.startedAt >= toMs || record.costMicros === 0) continue;
        const { outcome: status, attempt, durationMs, costMicros } = record;
        const used = await usageOf(table, instance, record);
        const known = { status, attempt, durationMs, costMicros, used, lost: isLost(record) };
        const facts: ReceiptFacts = { ...known, timeoutSeconds, nanosPerSecond: rate.nanosPerSecond, rate };
        runs.push({ agentId, facts });
      }
    }
  }
  return runs;
}
