/** The limits that this process has last seen an instance under: a claim checks them, and learns better. */
import { basicLines, type Line } from '../domain/budget.ts';
import type { Instance } from '../domain/instance.ts';
import type { Table } from '../ports/table.ts';

type Named = Pick<Instance, 'agentId' | 'number'>;
const known = new WeakMap<Table, Map<string, readonly Line[]>>();
const nameOf = ({ agentId, number }: Named): string => `${agentId}#${number}`;

export function knownLines(table: Table, named: Named): readonly Line[] {
  return known.get(table)?.get(nameOf(named)) ?? basicLines(named.agentId);
}

export function knowLines(table: Table, { agentId, number, slice }: Instance): { readonly lines: readonly Line[] } {
  const ofTable = known.get(table) ?? new Map<string, readonly Line[]>();
  known.set(table, ofTable.set(nameOf({ agentId, number }), slice.lines));
  return slice;
}
