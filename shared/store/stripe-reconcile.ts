/** Stripe's balance transactions against the ledger: everything that moved on the balance, booked once. */
import type { JsonObject } from '../domain/agent.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import type { Claim } from '../domain/ledger.ts';
import { type BalanceContext, readBalanceMove, type StripeBalanceMove } from '../domain/stripe-balance.ts';
import { checkoutClaim, isLiveStage } from '../domain/stripe-movements.ts';
import { mappedAccounts } from './connector-store.ts';
import { isSettled, settleMovement } from './ledger-settle.ts';
import { DAY_MS, keepingTrack, type ReconcilePorts, type ReconcileSpan } from './reconcile-span.ts';
import { setAsideRaw } from './revenue-intake.ts';

type Tally = { moves: number; booked: number; settled: number; known: number; aside: number };

/**
 * @returns what it did; `connected: false` without a key.
 * @throws NovaError unavailable, misconfigured: also for a test key in a live stage.
 */
export async function reconcileStripe(world: ReconcilePorts, span: ReconcileSpan): Promise<JsonObject> {
  const mode = await world.stripe.mode();
  if (mode === null) return { connected: false };
  const tally: Tally = { moves: 0, booked: 0, settled: 0, known: 0, aside: 0 };
  const work = async (): Promise<number> => {
    if (mode === 'test' && isLiveStage(world.settings.stage))
      throw new NovaError('misconfigured', 'stripe-api-key is a test key, and this is a live stage');
    return passThrough(world, { span, livemode: mode === 'live', tally });
  };
  await keepingTrack(world, 'stripe', { span, work });
  return { connected: true, ...tally };
}

type Pass = { readonly span: ReconcileSpan; readonly livemode: boolean; readonly tally: Tally };

/** Day by day, the oldest first, so that a long backlog makes progress; answers up to where all is compared. */
async function passThrough(world: ReconcilePorts, pass: Pass): Promise<number> {
  const { span, livemode } = pass;
  const mapped = await mappedAccounts(world.table, 'stripe');
  const accounts = [null, ...mapped.map(({ account: id, agentId }) => ({ id, agentId }))];
  for (let from = span.from; from < span.to; from += DAY_MS) {
    const to = Math.min(from + DAY_MS, span.to);
    for (const account of accounts) {
      const whole = await onePeriod(world, { ...pass, context: { livemode, account } }, { from, to });
      if (!whole) return from;
    }
  }
  return span.to;
}

async function onePeriod(
  world: ReconcilePorts,
  { span, tally, context }: Pass & { readonly context: BalanceContext },
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const account = context.account?.id ?? null;
  let after: string | null = null;
  do {
    if (world.time.now() > span.until) return false;
    const page = await world.stripe.page({ from, to, account, after });
    for (const { id, problem } of page.unreadable) await putAside(world, tally, { id, problem });
    for (const move of page.moves) await bookMove(world, { move, context, tally });
    after = page.next;
  } while (after !== null);
  return true;
}

type Asked = { readonly move: StripeBalanceMove; readonly context: BalanceContext; readonly tally: Tally };

async function bookMove(world: ReconcilePorts, { move, context, tally }: Asked): Promise<void> {
  tally.moves++;
  let booking: ReturnType<typeof readBalanceMove>;
  try {
    booking = readBalanceMove(move, context);
  } catch (thrown) {
    return putAside(world, tally, { id: move.id, problem: messageOf(thrown) });
  }
  if (await isSettled(world, booking)) {
    tally.known++;
    return;
  }
  const claims = booking.movement.kind === 'revenue' ? await checkoutClaims(world, move, context) : [];
  const { outcome } = await settleMovement(world, booking, claims);
  if (outcome === 'conflict')
    return putAside(world, tally, { id: move.id, problem: 'it was booked with another amount' });
  tally[outcome === 'duplicate' || outcome === 'reattributed' ? 'known' : outcome]++;
}

/** A payment that names no agent may have been led to by a checkout that does, or that says what was sold. */
async function checkoutClaims(
  { stripe }: ReconcilePorts,
  { source }: StripeBalanceMove,
  { account }: BalanceContext,
): Promise<Claim[]> {
  if (source?.is !== 'charge' || source.paymentIntent === null || source.metadata.agent_id !== undefined) return [];
  const checkout = await stripe.checkoutOf(source.paymentIntent, account?.id ?? null);
  return checkout ? [checkoutClaim(checkout)] : [];
}

async function putAside(
  world: ReconcilePorts,
  tally: Tally,
  { id, problem }: { readonly id: string; readonly problem: string },
): Promise<void> {
  tally.aside++;
  await setAsideRaw(world, { source: 'stripe', id, problem });
}
