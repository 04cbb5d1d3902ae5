/** What instances did on the days that are over for them: one item per agent, date and instance. */
import type { Tally } from '../domain/instance.ts';
import type { Table } from '../ports/table.ts';
import { decodeTally } from './instance-item.ts';
import { dayPk } from './keys.ts';
import { queryAll } from './query-all.ts';

export type ClosedDay = {
  readonly agentId: string;
  /** 'YYYY-MM-DD' in the owner's zone. */
  readonly date: string;
  readonly instance: number;
  readonly tally: Tally;
};

/** Closed days of an agent from `from` to `to`, both included. The running day is on the instances. */
export async function closedDays(
  table: Table,
  agentId: string,
  range: { from: string; to: string },
): Promise<ClosedDay[]> {
  // `~` comes after every digit: the keys go on with the number of the instance.
  const items = await queryAll(table, { pk: dayPk(agentId), from: range.from, to: `${range.to}~` });
  return items.map((item) => {
    const [date = '', instance = '0'] = item.sk.split('#');
    return { agentId, date, instance: Number(instance), tally: decodeTally(item.t) };
  });
}
