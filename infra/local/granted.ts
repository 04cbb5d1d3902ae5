/**
 * The local stand-in for a role: a job sees the table through what its row of the topology grants, so that a missing
 * word fails here, by name, and not on AWS.
 */
import { NovaError } from '../../shared/domain/error.ts';
import type { Op, Query, Table } from '../../shared/ports/table.ts';
import { type Access, ENTITIES, type Entity, type FunctionRow } from '../topology.ts';

/** A right as it is used: what on which kind of item, or `index` on a pattern of the sparse index. */
export type Use = { readonly function: string; readonly access: Access | 'index'; readonly on: string };

const ENTITY_OF: ReadonlyMap<string, Entity> = new Map(
  (Object.entries(ENTITIES) as [Entity, string][]).map(([entity, pattern]) => [pattern.replace(/#\*$/, ''), entity]),
);

/** @throws NovaError misconfigured from every operation that the row does not grant. */
export function grantedTable(table: Table, row: FunctionRow, onUse: (use: Use) => void = () => undefined): Table {
  const require = (access: Access, pk: string): void => {
    const entity = ENTITY_OF.get(pk.split('#', 1)[0] ?? '');
    if (!entity || !row.uses.table[entity]?.includes(access)) throw lacking(row, access, pk);
    onUse({ function: row.name, access, on: entity });
  };
  const requireQuery = ({ index, pk }: Query): void => {
    if (!index) return require('read', pk);
    const pattern = row.uses.index?.find((one) => (one.endsWith('*') ? pk.startsWith(one.slice(0, -1)) : pk === one));
    if (!pattern) throw lacking(row, 'query the index of', pk);
    onUse({ function: row.name, access: 'index', on: pattern });
  };
  const requireOp = (op: Op): void => require(op.op, op.op === 'put' ? op.item.pk : op.key.pk);
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

const lacking = (row: FunctionRow, what: string, pk: string): NovaError =>
  new NovaError('misconfigured', `${row.name} may not ${what} ${pk}: its uses in infra/topology.ts do not say so`);
