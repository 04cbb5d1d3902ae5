/** ctx.state of an instance: read before a run that has one, written with its end. */
import type { Json } from '../domain/agent.ts';
import type { Instance } from '../domain/instance.ts';
import type { Table } from '../ports/table.ts';
import type { Claimed } from './claim.ts';
import { checkpointKey, stateKey } from './keys.ts';

export async function readState(table: Table, { agentId, number, hasState }: Instance): Promise<Json> {
  if (!hasState) return null;
  const item = await table.get(stateKey(agentId, number));
  return item ? (JSON.parse(String(item.state)) as Json) : null;
}

/** `resumed`: what the attempt before kept; other runs of the instance may have come in between, and have not seen it. */
export type Found = { readonly state: Json; readonly resumed: boolean };

/** What a run begins with: the checkpoint of its lost attempt, else what the last run of its instance left. */
export async function stateFor(table: Table, { instance, attempt }: Claimed): Promise<Found> {
  const { agentId, number, run } = instance;
  const kept = attempt > 1 && run ? await table.get(checkpointKey(agentId, number, run.slot)) : null;
  if (kept) return { state: JSON.parse(String(kept.state)) as Json, resumed: true };
  return { state: await readState(table, instance), resumed: false };
}
