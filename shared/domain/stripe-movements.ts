/**
 * From one verified Stripe event to the movements of money it tells of, zero or more.
 *
 * - The key of a payment is its payment intent, else its charge: three events about one payment are one movement.
 * - A checkout without a payment intent (a subscription, a free order) books nothing: its charge will.
 * - A refund is keyed by its own id. One that failed or was cancelled tells of two movements, out and back, so that
 *   it does not matter whether the first message about it ever came.
 * - `charge.refunded` books the refunds it lists. Newer versions list none: then its running total goes along, and
 *   books only what refunds with an id do not explain (shared/domain/payment-thread.ts).
 * - A dispute books what moved on the balance, keyed by balance transaction, its fee apart.
 */
import { currencyCode, exponentOf, stripeToMinor } from './currency.ts';
import { NovaError } from './error.ts';
import { CLAIM_STRENGTH, type Claim, type Movement, type MovementKind } from './ledger.ts';
import { linkTags } from './link-tag.ts';
import type { RefundTotal } from './payment-thread.ts';
import type {
  StripeCharge,
  StripeCheckout,
  StripeDispute,
  StripeEvent,
  StripeMetadata,
  StripeRefund,
} from './stripe-event.ts';

/** Why a genuine event moves no money here. */
export type Ignored = 'test_mode' | 'other_account' | 'unknown_type' | 'no_money';

export type StripeReading = {
  readonly movements: readonly Movement[];
  readonly refundTotal: RefundTotal | null;
  readonly ignored: Ignored | null;
};

const PAYMENT_TYPES = ['charge.succeeded', 'charge.captured', 'payment_intent.succeeded'];
const CHECKOUT_TYPES = ['checkout.session.completed', 'checkout.session.async_payment_succeeded'];
const REFUND_TYPES = ['refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated'];
const KNOWN_TYPES = new Set([...PAYMENT_TYPES, ...CHECKOUT_TYPES, ...REFUND_TYPES, 'charge.refunded']);

/** Whether an event of this type may move money, so that its object must be readable. */
export function movesMoney(type: string): boolean {
  return KNOWN_TYPES.has(type) || type.startsWith('charge.dispute.');
}

/** Stages where only real money counts. Elsewhere test events are booked, marked `livemode: false`. */
export function isLiveStage(stage: string): boolean {
  return stage === 'prod' || stage === 'production' || stage === 'live';
}

const nothing = (ignored: Ignored): StripeReading => ({ movements: [], refundTotal: null, ignored });

export type ReadingRules = {
  /** In a live stage test events are ignored (and counted by the caller). */
  readonly liveOnly: boolean;
  /** The agent that a connected account belongs to; undefined when nobody has said so. */
  readonly accountAgent?: string | undefined;
};

/** @throws NovaError bad_input when an amount cannot be true; the caller sets the event aside for a person. */
export function readStripeEvent(event: StripeEvent, { liveOnly, accountAgent }: ReadingRules): StripeReading {
  if (liveOnly && !event.livemode) return nothing('test_mode');
  if (!movesMoney(event.type)) return nothing('unknown_type');
  if (event.account !== null && accountAgent === undefined) return nothing('other_account');
  if (event.subject.is === 'other') {
    throw new NovaError('bad_input', `${event.type} ${event.id} carries an unknown object: ${event.subject.object}`);
  }
  const told = movementsOf(event).map((one) => ({ ...one, claim: orAccount(one.claim, accountAgent) }));
  const movements = told.filter(({ amountMinor }) => amountMinor !== 0n);
  const refundTotal = event.type === 'charge.refunded' ? refundTotalOf(event) : null;
  return movements.length || refundTotal ? { movements, refundTotal, ignored: null } : nothing('no_money');
}

function movementsOf(event: StripeEvent): Movement[] {
  const { subject, type } = event;
  if (subject.is === 'dispute') return disputeMoves(event, subject);
  if (subject.is === 'refund') return refundMoves(event, subject.refund, subject.refund.id);
  if (subject.is === 'charge' && type === 'charge.refunded') return listedRefunds(event, subject);
  if (subject.is === 'charge') return chargeMoves(event, subject);
  if (subject.is === 'checkout') return checkoutMoves(event, subject);
  if (subject.is !== 'payment_intent') return [];
  const claim = claimOf(subject.metadata, CLAIM_STRENGTH.payment);
  const { id, amountReceived: amount, currency } = subject;
  return [movement(event, { kind: 'revenue', id, objectId: id, amount, currency, paymentKey: id, claim })];
}

function chargeMoves(event: StripeEvent, charge: StripeCharge): Movement[] {
  if (!charge.captured || !charge.paid) return [];
  const id = charge.paymentIntent ?? charge.id;
  const amount = charge.amountCaptured ?? charge.amount;
  const claim = claimOf(charge.metadata, CLAIM_STRENGTH.payment);
  const { currency } = charge;
  return [movement(event, { kind: 'revenue', id, objectId: charge.id, amount, currency, paymentKey: id, claim })];
}

function checkoutMoves(event: StripeEvent, checkout: StripeCheckout): Movement[] {
  const { paymentIntent: id, amountTotal: amount, currency } = checkout;
  if (checkout.paymentStatus !== 'paid' || id === null || amount === null || currency === null) return [];
  const claim = checkoutClaim(checkout);
  return [movement(event, { kind: 'revenue', id, objectId: checkout.id, amount, currency, paymentKey: id, claim })];
}

/** Whose a checkout says its payment is. */
export function checkoutClaim({ metadata, paymentLink, sold, clientReferenceId }: StripeCheckout): Claim {
  const own = claimOf(metadata, CLAIM_STRENGTH.checkout);
  const links = [...new Set([...(own.links ?? []), ...linkTags({ client_reference_id: clientReferenceId })])].sort();
  return { ...own, links, artifacts: [...own.artifacts, ...sold, ...(paymentLink === null ? [] : [paymentLink])] };
}

function listedRefunds(event: StripeEvent, charge: StripeCharge): Movement[] {
  return (charge.refunds?.data ?? []).flatMap((refund) =>
    refundMoves(event, { ...refund, paymentIntent: refund.paymentIntent ?? charge.paymentIntent }, charge.id),
  );
}

/** `pending` has left the balance already; `requires_action` has not. */
function refundMoves(event: StripeEvent, refund: StripeRefund, objectId: string): Movement[] {
  if (refund.status === 'requires_action') return [];
  const { id, currency, created: at } = refund;
  const paymentKey = refund.paymentIntent ?? refund.charge;
  const claim = claimOf(refund.metadata, CLAIM_STRENGTH.afterwards);
  if (refund.amount < 0n) throw unbelievable(event, refund.amount);
  const common = { objectId, currency, paymentKey, claim };
  const out = movement(event, { ...common, kind: 'refund', id, at, amount: -refund.amount });
  if (refund.status !== 'failed' && refund.status !== 'canceled') return [out];
  const back = { ...common, kind: 'refund_reversal', id: `${id}~reversed`, amount: refund.amount } as const;
  return [out, movement(event, back)];
}

/** A part that was authorised and never captured is not a refund, though Stripe's total counts it. */
function refundTotalOf(event: StripeEvent): RefundTotal | null {
  const { subject, livemode } = event;
  if (subject.is !== 'charge') return null;
  const captured = subject.captured ? (subject.amountCaptured ?? subject.amount) : 0n;
  const total = subject.amountRefunded - (subject.amount - captured);
  if (total <= 0n) return null;
  const { minor, currency } = money(event, total, subject.currency);
  const originalRef = { eventId: event.id, objectId: subject.id };
  const paymentKey = subject.paymentIntent ?? subject.id;
  return { source: 'stripe', paymentKey, totalMinor: minor, currency, at: event.created, originalRef, livemode };
}

function disputeMoves(event: StripeEvent, dispute: StripeDispute): Movement[] {
  const paymentKey = dispute.paymentIntent ?? dispute.charge;
  const claim = claimOf(dispute.metadata, CLAIM_STRENGTH.afterwards);
  return dispute.moves.flatMap(({ id, amount, fee, currency, created: at }) => {
    const common = { objectId: dispute.id, currency, paymentKey, claim, at };
    return [
      movement(event, { ...common, kind: 'dispute', id, amount }),
      movement(event, { ...common, kind: 'fee', id: `${id}~fee`, amount: -fee }),
    ];
  });
}

type Told = {
  readonly kind: MovementKind;
  readonly id: string;
  readonly objectId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly paymentKey: string | null;
  readonly claim: Claim;
  readonly at?: number;
};

function movement(
  event: StripeEvent,
  { kind, id, objectId, amount, currency: code, paymentKey, claim, at }: Told,
): Movement {
  if (kind === 'revenue' && amount < 0n) throw unbelievable(event, amount);
  const { minor: amountMinor, currency } = money(event, amount, code);
  return {
    source: 'stripe',
    movementId: id,
    kind,
    at: at ?? event.created,
    amountMinor,
    currency,
    exponent: exponentOf(currency),
    paymentKey,
    claim,
    originalRef: { eventId: event.id, objectId },
    livemode: event.livemode,
  };
}

/** Stripe's own limit is twelve digits; what is far beyond it is a fault, not a fortune. */
const MOST = 10n ** 18n;

function money(event: StripeEvent, amount: bigint, code: string): { minor: bigint; currency: string } {
  const currency = currencyCode(code);
  const minor = stripeToMinor(amount, currency);
  if (minor === null || minor > MOST || minor < -MOST) throw unbelievable(event, amount);
  return { minor, currency };
}

function unbelievable(event: StripeEvent, amount: bigint): NovaError {
  return new NovaError('bad_input', `${event.type} ${event.id} tells of an amount that cannot be: ${amount}`);
}

/** `agent_id` names the agent; `product_id`, `price_id` and `payment_link` what was sold, utm_… the link to it. */
export function claimOf(metadata: StripeMetadata, strength: number): Claim {
  const artifacts = ['product_id', 'price_id', 'payment_link'].flatMap((name) => metadata[name] ?? []);
  return { agentId: metadata.agent_id ?? null, artifacts, links: linkTags(metadata), strength };
}

/** Where nothing names the agent the connected account does. */
export function orAccount(own: Claim, accountAgent: string | null | undefined): Claim {
  if (own.agentId !== null || own.artifacts.length > 0 || own.links?.length || !accountAgent) return own;
  return { ...own, agentId: accountAgent };
}
