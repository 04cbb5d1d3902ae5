/**
 * The local stand-in for a role: a job sees the table through what its row of the topology grants, so that a missing
 * word fails here, by name, and not on AWS.
 */
import { NovaError } from '../../shared/domain/error.ts';
import type { Launcher } from '../../shared/ports/outside.ts';
import type { Condition, Op, Query, Table, Update } from '../../shared/ports/table.ts';
import { type Access, ENTITIES, type Entity, type FunctionRow, type Uses } from '../topology.ts';

const ENTITY_OF: ReadonlyMap<string, Entity> = new Map(
  (Object.entries(ENTITIES) as [Entity, string][]).map(([entity, pattern]) => [pattern.replace(/#\*$/, ''), entity]),
);

/** A row of the topology, or what a role of people has. */
type Row = { readonly name: string; readonly uses: Pick<Uses, 'table' | 'attributes' | 'index'> };

/** @throws NovaError misconfigured from every operation that the row does not grant. */
export function grantedTable(table: Table, row: Row): Table {
  const require = (access: Access, pk: string): void => {
    const entity = ENTITY_OF.get(pk.split('#', 1)[0] ?? '');
    if (!entity || !row.uses.table[entity]?.includes(access)) throw lacking(row, access, pk);
  };
  const requireQuery = ({ index, pk }: Query): void => {
    const listed = (one: string): boolean => (one.endsWith('*') ? pk.startsWith(one.slice(0, -1)) : pk === one);
    if (!index) require('read', pk);
    else if (!row.uses.index?.some(listed)) throw lacking(row, 'query the index of', pk);
  };
  const requireOp = (op: Op): void => {
    const pk = op.op === 'put' ? op.item.pk : op.key.pk;
    require(op.op, pk);
    const allowed = row.uses.attributes?.[ENTITY_OF.get(pk.split('#', 1)[0] ?? '') ?? 'agent'];
    const other = allowed && op.op === 'update' ? touchedBy(op).find((attr) => !allowed.includes(attr)) : undefined;
    if (other) throw lacking(row, `touch ${other} in an update of`, pk);
  };
  return {
    get: async (key) => {
      require('read', key.pk);
      return table.get(key);
    },
    query: async (query) => {
      requireQuery(query);
      return table.query(query);
    },
    write: async (op) => {
      requireOp(op);
      return table.write(op);
    },
    transact: async (ops) => {
      for (const op of ops) requireOp(op);
      return table.transact(ops);
    },
  };
}

/** All attributes of an update but the key: those it changes and those its conditions ask for. */
function touchedBy({ set, setIfAbsent, add, append, remove = [], if: conditions = [] }: Update): string[] {
  const changed = [set, setIfAbsent, add, append].flatMap((part) => Object.keys(part ?? {}));
  const asked = conditions.flatMap(attributesOf);
  return [...changed, ...remove, ...asked].filter((attr) => attr !== 'pk' && attr !== 'sk');
}

const attributesOf = (condition: Condition): string[] =>
  'any' in condition ? condition.any.flatMap(attributesOf) : [condition.attr];

const lacking = (row: Row, what: string, pk: string): NovaError =>
  new NovaError('misconfigured', `${row.name} may not ${what} ${pk}: its uses in infra/topology.ts do not say so`);

type AnyJob = { run(...args: readonly unknown[]): Promise<unknown> };

/**
 * The same job, seeing any world it is given only through what its row grants. Its world is the argument with a table.
 * One table stays one table: what stores remember of it (specs, counts) is found again at the next run.
 */
export function withinGrants<Job>(row: FunctionRow, job: Job): Job {
  const inner = job as Job & AnyJob;
  const seen = new WeakMap<Table, Table>();
  const granted = (table: Table): Table => {
    const known = seen.get(table) ?? grantedTable(table, row);
    seen.set(table, known);
    return known;
  };
  const world = (arg: { readonly table: Table }) =>
    'launcher' in arg
      ? { ...arg, table: granted(arg.table), launcher: grantedLauncher(arg.launcher as Launcher, row) }
      : { ...arg, table: granted(arg.table) };
  return {
    ...job,
    run: (...args: readonly unknown[]) => inner.run(...args.map((arg) => (hasTable(arg) ? world(arg) : arg))),
  };
}

/** @throws NovaError misconfigured from what the row does not grant. */
function grantedLauncher(launcher: Launcher, { name, uses }: FunctionRow): Launcher {
  const require = (right: 'start' | 'stop'): void => {
    if (uses.launches?.includes(right)) return;
    throw new NovaError(
      'misconfigured',
      `${name} may not ${right} a task: its uses in infra/topology.ts do not say so`,
    );
  };
  return {
    listTasks: (family) => launcher.listTasks(family),
    runTask: async (order) => {
      require('start');
      return launcher.runTask(order);
    },
    stopTask: async (taskId, reason) => {
      require('stop');
      return launcher.stopTask(taskId, reason);
    },
  };
}

const hasTable = (arg: unknown): arg is { readonly table: Table } =>
  typeof arg === 'object' && arg !== null && 'table' in arg && 'ids' in arg;
