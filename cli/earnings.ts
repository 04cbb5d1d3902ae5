/** What agents brought in, as the ledger's sums say. */
import { type Earnings, netMicros } from '../shared/domain/earnings.ts';
import { UNATTRIBUTED_ID } from '../shared/domain/ledger.ts';
import type { Table } from '../shared/ports/table.ts';
import { getEarnings, listEarnings } from '../shared/store/ledger-days.ts';

/** Micro-USD over the whole life; `net` is what refunds and fees leave. */
export type AgentSums = {
  readonly revenueMicros: number;
  readonly refundMicros: number;
  readonly feeMicros: number;
  readonly netMicros: number;
};

const NOTHING: AgentSums = { revenueMicros: 0, refundMicros: 0, feeMicros: 0, netMicros: 0 };

export function sumsFrom(earnings: Earnings): AgentSums {
  const { revenueMicros, refundMicros, feeMicros } = earnings;
  return { revenueMicros, refundMicros, feeMicros, netMicros: netMicros(earnings) };
}

/** The sums of the named agents, by id; money that is nobody's under UNATTRIBUTED_ID. */
export async function sumsOf(table: Table, ids: readonly string[]): Promise<(agentId: string) => AgentSums> {
  const [only] = ids;
  const few = ids.length === 1 && only !== undefined;
  const all = few ? [await getEarnings(table, only)] : await listEarnings(table);
  const byAgent = new Map(all.map((earnings) => [earnings.agentId, sumsFrom(earnings)]));
  return (agentId) => byAgent.get(agentId) ?? NOTHING;
}

export { UNATTRIBUTED_ID };
