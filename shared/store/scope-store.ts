/** Who is under a limit, and which limits somebody is under. */
import {
  agentScope,
  basicLines,
  departmentScope,
  isBasic,
  type Kind,
  type Limit,
  type Line,
  type Scope,
} from '../domain/budget.ts';
import type { Per } from '../domain/calendar.ts';
import type { Instance } from '../domain/instance.ts';
import type { Item, Table } from '../ports/table.ts';
import { decodeLimitOf } from './budget-store.ts';
import { listFleet, listInstances } from './instance-store.ts';
import { agentKey, agentsPk, limitPk } from './keys.ts';
import { queryAll } from './query-all.ts';

/** Every instance of a scope, retired ones as well. */
export async function instancesIn(table: Table, scope: Scope): Promise<Instance[]> {
  if (scope === 'fleet') return await listFleet(table);
  if (scope.startsWith('agent:')) return await listInstances(table, scope.slice('agent:'.length));
  const department = scope.slice('department:'.length);
  const agents = (await queryAll(table, { pk: agentsPk })).filter((agent) => agent.department === department);
  return (await Promise.all(agents.map(({ sk }) => listInstances(table, sk)))).flat();
}

export type Under = {
  readonly lines: readonly Line[];
  /** Those of them that are new: what was spent before them is still being counted. */
  readonly counting: readonly Line[];
};

/** The limits of an agent as they stand now: the basic ones, and those that somebody has set for it or above it. */
export async function linesOf(table: Table, agentId: string): Promise<Under> {
  const prefixes = ['fleet#', 'department:', `${agentScope(agentId)}#`];
  const [fleet = [], departments = [], own = []] = await Promise.all(prefixes.map((one) => setLimits(table, one)));
  // Whose department it is, is asked only where a department has a limit.
  const agent = departments.length > 0 ? await table.get(agentKey(agentId)) : null;
  const mine = departments.filter(({ scope }) => scope === departmentScope(String(agent?.department)));
  const special = [...fleet, ...mine, ...own].filter(({ line }) => !isBasic(line));
  const lines = [...basicLines(agentId), ...special.map(({ line }) => line)];
  return { lines, counting: special.filter(({ counting }) => counting).map(({ line }) => line) };
}

async function setLimits(table: Table, prefix: string): Promise<Limit[]> {
  const items = await queryAll(table, { pk: limitPk, prefix });
  return items.filter(isSet).map((item) => decodeLimitOf(lineOf(item), item));
}

/** Counted instances make an item as well; a limit has a version, also when it was removed. */
const isSet = ({ version, removed }: Item): boolean => version !== undefined && removed !== true;

/** All limits that somebody has set, or that count instances. */
export async function allLimits(table: Table): Promise<Limit[]> {
  const items = await queryAll(table, { pk: limitPk });
  return items.filter(({ removed }) => removed !== true).map((item) => decodeLimitOf(lineOf(item), item));
}

function lineOf({ sk }: Item): Line {
  const cut = sk.lastIndexOf('#');
  const [kind, per] = sk.slice(cut + 1).split('-');
  return { scope: sk.slice(0, cut), kind: kind as Kind, per: per as Per };
}
