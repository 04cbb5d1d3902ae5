/** Books money that came in: verified events of vendors, and what runs declare to have earned. Once each, in any order. */
import type { QueueJob } from '../runtime/job.ts';
import { bookMovement, declaredMovement, type LedgerPorts } from '../store/ledger-store.ts';
import { recordStripeEvent } from '../store/revenue-intake.ts';
import { RevenueMessage } from '../wire/messages.ts';

export const recordRevenueJob: QueueJob<RevenueMessage, LedgerPorts> = {
  name: 'record-revenue',
  needs: { table: true, time: true, log: true, settings: true, hashing: true },
  parse: (body) => RevenueMessage.parse(body),
  async run(message, world) {
    if (message.kind === 'stripe') await recordStripeEvent(world, message.body);
    else if (message.amountMicros !== 0) await bookMovement(world, declaredMovement(message));
    return undefined;
  },
};
