/** Notes what the mail service says became of an approval's mails. It touches no decision, no version and no audit record. */
import type { Condition } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import type { MailEvent } from '../wire/mail-event.ts';
import { approvalKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'log' | 'work'>;

const LOST: ReadonlySet<MailEvent['state']> = new Set(['bounce', 'dropped', 'spamreport']);

/** The latest word counts, whatever order the events came in and however often. */
export async function noteDelivery(world: Ports, event: MailEvent): Promise<boolean> {
  const { approvalId, state, at } = event;
  const mine: Condition = { attr: 'id', op: '=', value: approvalId };
  const newer: Condition = {
    any: [
      { attr: 'deliveryAt', op: 'missing' },
      { attr: 'deliveryAt', op: '<', value: at },
    ],
  };
  const set = { deliveryState: state, deliveryAt: at };
  const written = await world.table.write({ op: 'update', key: approvalKey(approvalId), set, if: [mine, newer] });
  if (LOST.has(state)) await noteLost(world, event);
  return written.ok;
}

/** A mail that came back is an alarm, once for each person; the next one who may answer is asked. */
async function noteLost(world: Ports, { approvalId, state, to }: MailEvent): Promise<void> {
  const known = to ?? 'owner';
  const noted = await world.table.write({
    op: 'update',
    key: approvalKey(approvalId),
    append: { lost: [known] },
    if: [
      { attr: 'id', op: '=', value: approvalId },
      { attr: 'status', op: '=', value: 'pending' },
      { attr: 'lost', op: 'lacks', value: known },
    ],
  });
  if (!noted.ok) return;
  const said = { approvalId, state, to: known };
  world.log.error('the mail about an approval did not arrive: answer with nova approval', said);
  await world.work.send({ v: 1, kind: 'nudge-approval', approvalId });
}
