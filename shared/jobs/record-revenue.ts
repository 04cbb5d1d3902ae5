/** Books money that came in: messages of vendors, and what runs declare to have earned. Once each, in any order. */
import type { World } from '../ports/world.ts';
import type { Later, QueueJob } from '../runtime/job.ts';
import { recordGumroadHint } from '../store/gumroad-reconcile.ts';
import { recordHookEntry } from '../store/hook-intake.ts';
import { bookMovement, declaredMovement, type LedgerPorts } from '../store/ledger-store.ts';
import { recordStripeEvent } from '../store/revenue-intake.ts';
import { RevenueMessage } from '../wire/messages.ts';

export type RevenuePorts = LedgerPorts & Pick<World, 'gumroad'>;

/** A ping may be faster than the vendor's own API: it is asked again before its no is believed. */
const LOOKS = 3;
const PATIENCE_SECONDS = 60;

export const recordRevenueJob: QueueJob<RevenueMessage, RevenuePorts> = {
  name: 'record-revenue',
  needs: { table: true, time: true, log: true, settings: true, hashing: true, gumroad: true },
  longestWaitSeconds: 600,
  parse: (body) => RevenueMessage.parse(body),
  async run(message, world, { receiveCount }): Promise<Later | undefined> {
    switch (message.kind) {
      case 'stripe':
        await recordStripeEvent(world, message.body);
        return undefined;
      case 'hook':
        await recordHookEntry(world, message);
        return undefined;
      case 'gumroad': {
        const fate = await recordGumroadHint(world, message);
        return fate === 'unknown_sale' && receiveCount < LOOKS
          ? { laterSeconds: PATIENCE_SECONDS * receiveCount }
          : undefined;
      }
      case 'earned':
        if (message.amountMicros !== 0) await bookMovement(world, declaredMovement(message));
        return undefined;
    }
  },
};
