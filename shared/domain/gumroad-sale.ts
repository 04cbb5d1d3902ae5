/**
 * A sale at Gumroad, as its API shows it. `price` and `fee` are US cents whatever the product's own currency: they are
 * never converted again. What a buyer or seller can write into a sale (custom fields, names) is not read at all, but for
 * the link the buyer came by: it says whose a sale may be, and never what it was worth.
 */
import { CLAIM_STRENGTH, type Movement } from './ledger.ts';
import { linkTags, tagsOfAddress } from './link-tag.ts';
import type { RefundTotal } from './payment-thread.ts';

/** Everything that Gumroad can tell of. */
export const GUMROAD_RESOURCES = [
  'sale',
  'refund',
  'dispute',
  'dispute_won',
  'cancellation',
  'subscription_updated',
  'subscription_ended',
  'subscription_restarted',
] as const;

export type GumroadSale = {
  readonly id: string;
  readonly sellerId: string | null;
  readonly at: number;
  readonly productId: string | null;
  readonly permalink: string | null;
  /** The address that the buyer came from, or `direct`. */
  readonly referrer: string | null;
  /** The query of the link itself, where it is told. */
  readonly linkParams: { readonly [name: string]: string };
  readonly priceCents: bigint;
  readonly feeCents: bigint;
  readonly refunded: boolean;
  readonly partiallyRefunded: boolean;
  /** Of the product's own price, in parts of a million: what has not been given back. null: it cannot be told. */
  readonly refundableMillionths: bigint | null;
  readonly disputed: boolean;
  readonly disputeWon: boolean;
  /** Part of a bundle whose own sale has the money, a gift's other half, an order that was not charged yet. */
  readonly moneyElsewhere: boolean;
  /** The seller bought from himself: no money moved. */
  readonly test: boolean;
};

export type GumroadReading = {
  readonly movements: readonly Movement[];
  readonly refundTotal: RefundTotal | null;
  readonly ignored: 'test_mode' | 'no_money' | null;
  /** A part was given back, and the API does not let us say how much. */
  readonly unclear: boolean;
};

const nothing = (ignored: 'test_mode' | 'no_money'): GumroadReading => {
  return { movements: [], refundTotal: null, ignored, unclear: false };
};

/** All that a sale says at this moment; told again and again it is booked once, because every part has its own key. */
export function readGumroadSale(sale: GumroadSale): GumroadReading {
  if (sale.test) return nothing('test_mode');
  if (sale.moneyElsewhere || sale.priceCents <= 0n) return nothing('no_money');
  const refundedCents = refundedOf(sale);
  const { id, priceCents } = sale;
  const left = priceCents - (refundedCents ?? 0n);
  const movements = [
    movement(sale, 'revenue', { id, amountMinor: priceCents }),
    movement(sale, 'fee', { id: `${id}~fee`, amountMinor: -sale.feeCents }),
    ...(sale.disputed ? [movement(sale, 'dispute', { id: `${id}~dispute`, amountMinor: -left })] : []),
    ...(sale.disputeWon ? [movement(sale, 'dispute', { id: `${id}~dispute-won`, amountMinor: left })] : []),
  ].filter(({ amountMinor }) => amountMinor !== 0n);
  const refundTotal = refundedCents === null || refundedCents === 0n ? null : totalOf(sale, refundedCents);
  return { movements, refundTotal, ignored: null, unclear: refundedCents === null };
}

/** Rounded to the cent, because what is left is only given in the product's currency; null when it is not readable. */
function refundedOf({ refunded, partiallyRefunded, priceCents, refundableMillionths }: GumroadSale): bigint | null {
  if (refunded) return priceCents;
  if (!partiallyRefunded) return 0n;
  if (refundableMillionths === null) return null;
  const left = (priceCents * refundableMillionths + 500_000n) / 1_000_000n;
  return left >= priceCents ? null : priceCents - left;
}

type Part = { readonly id: string; readonly amountMinor: bigint };

function movement(sale: GumroadSale, kind: Movement['kind'], { id, amountMinor }: Part): Movement {
  const artifacts = [sale.productId, sale.permalink].filter((one) => one !== null);
  const links = [...new Set([...tagsOfAddress(sale.referrer), ...linkTags(sale.linkParams)])].sort();
  return {
    source: 'gumroad',
    movementId: id,
    kind,
    at: sale.at,
    amountMinor,
    currency: 'USD',
    exponent: 2,
    paymentKey: sale.id,
    claim: { agentId: null, artifacts, links, strength: CLAIM_STRENGTH.payment },
    originalRef: { eventId: sale.id, objectId: sale.productId ?? sale.id },
    livemode: true,
  };
}

/** Gumroad does not say when: the time of the sale is what every later look at it agrees on. */
function totalOf(sale: GumroadSale, totalMinor: bigint): RefundTotal {
  const originalRef = { eventId: sale.id, objectId: sale.productId ?? sale.id };
  const { id: paymentKey, at } = sale;
  return { source: 'gumroad', paymentKey, totalMinor, currency: 'USD', at, originalRef, livemode: true };
}
