/** Specs are immutable by version, so a process keeps the newest it has seen of each agent. */
import type { AgentSpec } from '../domain/agent.ts';
import type { Table } from '../ports/table.ts';
import { getSpec } from './agent-store.ts';

const latest = new WeakMap<Table, Map<string, AgentSpec>>();

/** The newest spec this process knows; undefined when it has not met the agent. A claim checks the version. */
export function latestSpec(table: Table, agentId: string): AgentSpec | undefined {
  return latest.get(table)?.get(agentId);
}

export async function readSpec(table: Table, agentId: string, version: number): Promise<AgentSpec> {
  const known = latestSpec(table, agentId);
  if (known?.version === version) return known;
  const spec = await getSpec(table, agentId, version);
  const ofTable = latest.get(table) ?? new Map<string, AgentSpec>();
  latest.set(table, ofTable.set(agentId, spec));
  return spec;
}
