/** Books money that came in: verified events of vendors, and what runs declare to have earned. Once each, in any order. */
import type { QueueJob } from '../../shared/runtime/job.ts';
import { lambdaQueue } from '../../shared/runtime/lambda.ts';
import { bookMovement, declaredMovement } from '../../shared/store/ledger-store.ts';
import { type IntakePorts, recordStripeEvent } from '../../shared/store/revenue-intake.ts';
import { RevenueMessage } from '../../shared/wire/messages.ts';

export const recordRevenueJob: QueueJob<RevenueMessage, IntakePorts> = {
  name: 'record-revenue',
  needs: { table: true, time: true, log: true, settings: true },
  parse: (body) => RevenueMessage.parse(body),
  async run(message, world) {
    if (message.kind === 'stripe') await recordStripeEvent(world, message.body);
    else if (message.amountMicros !== 0) await bookMovement(world, declaredMovement(message));
    return undefined;
  },
};

export const job = recordRevenueJob;
export const handler = lambdaQueue(job, () => import('../../shared/aws/world.ts'));
