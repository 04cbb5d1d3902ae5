/**
 * The outbox: a message is written in the transaction of the change it follows from, published after the commit, then
 * deleted. Whatever a crash leaves behind, the sweep publishes; consumers are idempotent.
 */

import type { Put } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { RevenueMessage, RunMessage, WorkMessage } from '../wire/messages.ts';
import { outboxKey, outboxPk } from './keys.ts';
import { queryAll } from './query-all.ts';

export type Outgoing =
  | { readonly queue: 'work'; readonly message: WorkMessage }
  | { readonly queue: 'runs'; readonly message: RunMessage }
  | { readonly queue: 'revenue'; readonly message: RevenueMessage };

export type Posted<Out extends Outgoing = Outgoing> = {
  readonly op: Put;
  readonly id: string;
  readonly outgoing: Out;
};
/** For jobs that may send to no other queue. */
export type PostedWork = Posted<Extract<Outgoing, { readonly queue: 'work' }>>;

type Ports = Pick<World, 'table' | 'work' | 'runs' | 'revenue'>;

/** The op to put into the transaction; hand the result to `publish` once it has committed. */
export function post<Out extends Outgoing>(world: Pick<World, 'ids' | 'time'>, outgoing: Out): Posted<Out> {
  const id = world.ids.ulid();
  const item = {
    ...outboxKey(id),
    v: 1,
    queue: outgoing.queue,
    message: JSON.stringify(outgoing.message),
    at: world.time.now(),
  };
  return { id, outgoing, op: { op: 'put', item } };
}

/** Sends and deletes. A failure here loses nothing: the sweep comes by. */
export async function publish(world: Ports, posted: readonly Posted[]): Promise<void> {
  for (const { id, outgoing } of posted) {
    await send(world, outgoing);
    await world.table.write({ op: 'delete', key: outboxKey(id) });
  }
}

/** As `publish`, with the one queue that the messages go to. */
export async function publishWork(world: Pick<World, 'table' | 'work'>, posted: readonly PostedWork[]): Promise<void> {
  for (const { id, outgoing } of posted) {
    await world.work.send(outgoing.message);
    await world.table.write({ op: 'delete', key: outboxKey(id) });
  }
}

/** Publishes what was left behind before `olderThan`; answers how many. */
export async function publishLeftovers(world: Ports, olderThan: number): Promise<number> {
  const items = await queryAll(world.table, { pk: outboxPk });
  const due = items.filter((item) => Number(item.at) <= olderThan);
  for (const item of due) {
    await send(world, parse(String(item.queue), JSON.parse(String(item.message))));
    await world.table.write({ op: 'delete', key: { pk: item.pk, sk: item.sk } });
  }
  return due.length;
}

function parse(queue: string, message: unknown): Outgoing {
  if (queue === 'runs') return { queue, message: RunMessage.parse(message) };
  if (queue === 'revenue') return { queue, message: RevenueMessage.parse(message) };
  return { queue: 'work', message: WorkMessage.parse(message) };
}

function send(world: Ports, outgoing: Outgoing): Promise<void> {
  if (outgoing.queue === 'runs') return world.runs.send(outgoing.message);
  if (outgoing.queue === 'revenue') return world.revenue.send(outgoing.message);
  return world.work.send(outgoing.message);
}
