/** Transactions of audited entities, and what to do after they are through. */
import { messageOf } from '../domain/error.ts';
import type { Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type PostedWork, publishWork } from './outbox-store.ts';

/**
 * True when the ops are done. A refusal that shows our own audit head (a hash over time, actor and content) is our own
 * first try, whose answer was lost on the way. Two who write the same words about the same image in the same millisecond
 * under one name have one hash, and both hear yes: what they wanted is one change, which is there once, with one record.
 * So this is for changes to a value. Whoever must act as the only winner (an answer to an approval, a mint of money) asks
 * the table itself.
 */
export async function committed(table: Table, ops: readonly Op[], auditHash: string): Promise<boolean> {
  const result = await table.transact(ops);
  return result.ok || result.failed.some(({ item }) => item?.auditHash === auditHash);
}

/** The change stands whether or not the queue can be reached now: the sweep publishes what is left. */
export async function publishOrLeave(
  world: Pick<World, 'table' | 'work' | 'log'>,
  posted: readonly PostedWork[],
): Promise<void> {
  try {
    await publishWork(world, posted);
  } catch (error) {
    world.log.warn('an outbox message was left to the sweep', { why: messageOf(error) });
  }
}
