/**
 * Books what has reached a vendor's balance. Idempotent with what webhooks booked before or will book after: an entry is
 * never changed, a pair of adjustments puts what was settled in the place of what the buyer saw.
 */
import { type Attribution, type Claim, type Movement, sameMoney, strongerOf } from '../domain/ledger.ts';
import type { BalanceBooking } from '../domain/stripe-balance.ts';
import { attributionOf } from './attribution-store.ts';
import {
  type Booking,
  bookMovement,
  bookOnThread,
  conflict,
  getEntry,
  type LedgerPorts,
  untilSettled,
} from './ledger-store.ts';

const DUPLICATE: Booking = { outcome: 'duplicate', entries: [] };

/** Whether this balance transaction of a payment or refund has been booked already. */
export async function isSettled(
  { table }: Pick<LedgerPorts, 'table'>,
  { fee, settles }: BalanceBooking,
): Promise<boolean> {
  return settles && fee !== null && (await getEntry(table, fee.source, fee.movementId)) !== null;
}

/**
 * @param claims what else is known of whose money it is.
 * @throws NovaError unavailable when others keep changing the same payment.
 */
export async function settleMovement(
  world: LedgerPorts,
  booking: BalanceBooking,
  claims: readonly Claim[] = [],
): Promise<Booking> {
  const { movement, fee, settles } = booking;
  const payment = movement.paymentKey;
  if (!settles || fee === null || payment === null) return bookPlain(world, booking);
  const claim = await strongest(world, movement, [movement.claim, ...claims]);
  return untilSettled(`${movement.source} ${movement.movementId}`, async () => {
    const marker = await getEntry(world.table, fee.source, fee.movementId);
    if (marker) return sameMoney(marker, fee) ? DUPLICATE : conflict(world, marker, fee);
    const standing = await getEntry(world.table, movement.source, movement.movementId);
    const heard = { is: 'settlement', settlement: { movement, fee, standing } } as const;
    const outcome = await bookOnThread(world, { heard, payment, claim });
    return outcome && { outcome: standing ? 'settled' : 'booked', entries: outcome.entries };
  });
}

async function bookPlain(world: LedgerPorts, { movement, fee }: BalanceBooking): Promise<Booking> {
  const parts = [movement, ...(fee ? [fee] : [])].filter(({ amountMinor }) => amountMinor !== 0n);
  const bookings: Booking[] = [];
  for (const part of parts) bookings.push(await bookMovement(world, part));
  const order = ['conflict', 'booked', 'reattributed'] as const;
  const outcome = order.find((one) => bookings.some((booking) => booking.outcome === one)) ?? 'duplicate';
  return { outcome, entries: bookings.flatMap(({ entries }) => entries) };
}

async function strongest({ table }: LedgerPorts, movement: Movement, claims: readonly Claim[]): Promise<Attribution> {
  const found = await Promise.all(claims.map((claim) => attributionOf(table, { ...movement, claim })));
  return found.reduce(strongerOf);
}
