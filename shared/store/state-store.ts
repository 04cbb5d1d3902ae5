/** ctx.state of an instance: read before a run that has one, written with its end. */
import type { Json } from '../domain/agent.ts';
import type { Instance } from '../domain/instance.ts';
import type { Table } from '../ports/table.ts';
import { stateKey } from './keys.ts';

export async function readState(table: Table, { agentId, number, hasState }: Instance): Promise<Json> {
  if (!hasState) return null;
  const item = await table.get(stateKey(agentId, number));
  return item ? (JSON.parse(String(item.state)) as Json) : null;
}
