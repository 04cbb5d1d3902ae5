/**
 * Which agent sells what. An agent of the blueprint store.digital lists ids of products, prices and payment links in
 * its config; the first sale of each looks through all catalogues and remembers the answer, for as long as the
 * agent's config stays the version it was found in.
 */
import type { Agent } from '../domain/agent.ts';
import { catalogueArtifacts } from '../domain/catalogue.ts';
import type { Table } from '../ports/table.ts';
import { getAgent, listAgents } from './agent-store.ts';
import { artifactKey } from './keys.ts';
import { readSpec } from './spec-cache.ts';

/** The agents that sell any of these, by id; usually one. */
export async function sellersOf(table: Table, source: string, artifacts: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const artifact of new Set(artifacts)) {
    const seller = await sellerOf(table, source, artifact);
    if (seller) found.add(seller);
  }
  return [...found].sort();
}

async function sellerOf(table: Table, source: string, artifact: string): Promise<string | null> {
  const key = artifactKey(source, encodeURIComponent(artifact.toWellFormed()).slice(0, 500));
  const known = await table.get(key);
  // Keys are cut: two long names may share one.
  if (known?.artifact === artifact.toWellFormed()) {
    const agent = await getAgent(table, String(known.agentId));
    if (agent && agent.specVersion === known.specVersion && agent.status !== 'retired') return agent.id;
  }
  const seller = await searchSeller(table, artifact);
  if (!seller) return null;
  const { id: agentId, specVersion } = seller;
  await table.write({ op: 'update', key, set: { v: 1, artifact: artifact.toWellFormed(), agentId, specVersion } });
  return agentId;
}

/** An agent that still works before a retired one, then the oldest: one answer, whoever asks. */
async function searchSeller(table: Table, artifact: string): Promise<Agent | undefined> {
  const sellers: Agent[] = [];
  for (const agent of await listAgents(table)) {
    if (agent.blueprint !== 'store.digital') continue;
    const { config } = await readSpec(table, agent.id, agent.specVersion);
    if (catalogueArtifacts(config).includes(artifact)) sellers.push(agent);
  }
  const rank = ({ status, createdAt, id }: Agent): string =>
    `${status === 'retired' ? 1 : 0}#${String(createdAt).padStart(15, '0')}#${id}`;
  return sellers.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}
