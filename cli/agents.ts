/** The agent that somebody named, or a clear answer that there is none. */
import type { Agent } from '../shared/domain/agent.ts';
import { agentScope, departmentScope, type Scope } from '../shared/domain/budget.ts';
import { NovaError } from '../shared/domain/error.ts';
import type { World } from '../shared/ports/world.ts';
import { getAgent, listAgents } from '../shared/store/agent-store.ts';
import { didYouMean } from './suggest.ts';

const MAX_NAMED = 10;

/** @throws NovaError not_found naming the nearest one, or those there are. */
export async function theAgent(world: Pick<World, 'table'>, id: string): Promise<Agent> {
  // Longer than any id, and than any key: nothing to look up.
  const agent = id.length > 100 ? null : await getAgent(world.table, id);
  if (agent) return agent;
  const ids = (await listAgents(world.table)).map((one) => one.id);
  throw new NovaError('not_found', `there is no agent "${id.slice(0, 100)}"${didYouMean(id, ids) || among(ids)}`);
}

function among(ids: readonly string[]): string {
  if (ids.length === 0) return '; none is deployed yet (nova agent deploy <blueprint>)';
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : '';
  return `; there are: ${ids.slice(0, MAX_NAMED).join(', ')}${more}`;
}

/**
 * `fleet`, `department:<name>`, `agent:<id>` or `<id>` as a budget's scope.
 * @throws NovaError not_found for an agent that is not there, or a department that nobody is in.
 */
export async function theScope(world: Pick<World, 'table'>, named: string): Promise<Scope> {
  if (named === 'fleet') return 'fleet';
  if (named.startsWith('department:'))
    return departmentScope(await theDepartment(world, named.slice('department:'.length)));
  return agentScope((await theAgent(world, named.replace(/^agent:/, ''))).id);
}

async function theDepartment({ table }: Pick<World, 'table'>, name: string): Promise<string> {
  const departments = [...new Set((await listAgents(table)).map(({ department }) => department))].sort();
  if (departments.includes(name)) return name;
  const there = departments.length === 0 ? '; no agent is deployed yet' : `; there are: ${departments.join(', ')}`;
  throw new NovaError('not_found', `no agent is in a department "${name}"${didYouMean(name, departments) || there}`);
}
