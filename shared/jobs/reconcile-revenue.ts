/**
 * Each hour: compares the books of the vendors with ours and books what the webhooks missed. It reads a little further
 * back than it has been, and once a day much further; what is known already is left alone.
 */
import type { JsonObject } from '../domain/agent.ts';
import { messageOf } from '../domain/error.ts';
import type { ScheduleJob } from '../runtime/job.ts';
import { reconcileGumroad } from '../store/gumroad-reconcile.ts';
import { type ReconcilePorts, type ReconcileSpan, spanSince } from '../store/reconcile-span.ts';
import { reconcileStripe } from '../store/stripe-reconcile.ts';

const NEEDS = {
  table: true,
  time: true,
  log: true,
  settings: true,
  hashing: true,
  stripe: true,
  gumroad: true,
} as const;

export const reconcileRevenueJob: ScheduleJob<ReconcilePorts> = {
  name: 'reconcile-revenue',
  needs: NEEDS,
  async run(world, { deadline }) {
    // What is booked in a page takes seconds; an unfinished pass goes on from its cursor.
    const until = deadline - 20_000;
    return reconcileAll(world, (source) => spanSince(world, source, until));
  },
};

/** Every vendor for itself: one that is away does not hold up the other. */
export async function reconcileAll(
  world: ReconcilePorts,
  spanOf: (source: 'stripe' | 'gumroad') => Promise<ReconcileSpan>,
): Promise<JsonObject> {
  const part = async (source: 'stripe' | 'gumroad', work: typeof reconcileStripe): Promise<JsonObject> => {
    try {
      return await work(world, await spanOf(source));
    } catch (thrown) {
      world.log.error('the books of a vendor could not be compared', { source, why: messageOf(thrown) });
      return { problem: messageOf(thrown) };
    }
  };
  return { stripe: await part('stripe', reconcileStripe), gumroad: await part('gumroad', reconcileGumroad) };
}
