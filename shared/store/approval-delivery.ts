/** Notes what the mail service says became of an approval's mail. It touches no decision, no version and no audit record. */
import type { World } from '../ports/world.ts';
import type { MailEvent } from '../wire/mail-event.ts';
import { approvalKey } from './keys.ts';

const LOST: ReadonlySet<MailEvent['state']> = new Set(['bounce', 'dropped', 'spamreport']);

/** The latest word counts, whatever order the events came in and however often. */
export async function noteDelivery(world: Pick<World, 'table' | 'log'>, event: MailEvent): Promise<boolean> {
  const { approvalId, state, at } = event;
  const written = await world.table.write({
    op: 'update',
    key: approvalKey(approvalId),
    set: { deliveryState: state, deliveryAt: at },
    if: [
      { attr: 'id', op: '=', value: approvalId },
      {
        any: [
          { attr: 'deliveryAt', op: 'missing' },
          { attr: 'deliveryAt', op: '<', value: at },
        ],
      },
    ],
  });
  if (written.ok && LOST.has(state))
    world.log.error('the mail about an approval did not arrive: answer with nova approval', { approvalId, state });
  return written.ok;
}
