/**
 * From Stripe's balance transactions to movements of money. They say what really moved: gross, fee, in the currency of
 * the balance, at Stripe's own rate. A payment or refund keeps the key that a webhook gives it, so that both tell of one
 * movement; a dispute has the balance transaction's id in both; all the rest stands under the balance transaction alone.
 */
import { currencyCode, exponentOf, stripeToMinor } from './currency.ts';
import { NovaError } from './error.ts';
import { CLAIM_STRENGTH, type Claim, type Money, type Movement, type MovementKind } from './ledger.ts';
import type { StripeCharge, StripeDispute, StripeRefund } from './stripe-event.ts';
import { claimOf, orAccount } from './stripe-movements.ts';

export type StripeBalanceSource =
  | StripeCharge
  | StripeDispute
  | { readonly is: 'refund'; readonly refund: StripeRefund }
  | { readonly is: 'other'; readonly object: string; readonly id: string }
  | null;

/** Amounts as Stripe sends them, in the currency of the balance. */
export type StripeBalanceMove = {
  readonly id: string;
  readonly type: string;
  /** `dispute`, `dispute_reversal` … tell adjustments apart. */
  readonly category: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly currency: string;
  /** From the buyer's currency to the balance's; null when they are the same. */
  readonly rate: string | null;
  readonly created: number;
  readonly availableOn: number;
  readonly fees: readonly { readonly amount: bigint; readonly type: string }[];
  readonly source: StripeBalanceSource;
};

export type BalanceBooking = {
  readonly movement: Movement;
  /** null: nothing was charged for it. */
  readonly fee: Movement | null;
  /** A webhook may have booked the same movement as the buyer saw it: then this completes it. */
  readonly settles: boolean;
};

export type BalanceContext = {
  readonly livemode: boolean;
  /** The connected account it happened on, and its agent. */
  readonly account: { readonly id: string; readonly agentId: string | null } | null;
};

/** What a movement between one's own pockets is called. */
const POCKETS =
  /^(payout|topup|reserve|payment_network_reserve|advance|anticipation|inbound_transfer|obligation|reserved)/;
const TRANSFERS = /^(transfer|connect_collection)/;

/**
 * What a balance transaction is in the ledger. Types that nobody here has heard of are corrections: the balance did
 * move, and its sum must come out right.
 * @throws NovaError bad_input when an amount cannot be, or a payment's own object is missing.
 */
export function readBalanceMove(move: StripeBalanceMove, context: BalanceContext): BalanceBooking {
  const { source, type } = move;
  if (type === 'charge' || type === 'payment') return paymentOf(move, context);
  if (type === 'refund' || type === 'payment_refund' || type === 'refund_failure') return refundOf(move, context);
  if (source?.is === 'dispute') return onDispute(move, source, context);
  if (source?.is === 'charge' && type === 'payment_failure_refund') return onCharge(move, source, context);
  return plain(move, context, { kind: plainKind(type), paymentKey: null, claim: accountClaim(context) });
}

function plainKind(type: string): MovementKind {
  if (POCKETS.test(type)) return 'payout';
  if (TRANSFERS.test(type)) return 'transfer';
  if (type === 'application_fee') return 'revenue';
  if (type === 'application_fee_refund') return 'refund';
  return /fee|network_cost/.test(type) ? 'fee' : 'correction';
}

function paymentOf(move: StripeBalanceMove, context: BalanceContext): BalanceBooking {
  const { source } = move;
  // Money that a platform moved to this account is a payment without a charge that could be seen.
  if (source?.is !== 'charge') {
    if (move.type === 'charge') throw unreadable(move, 'its charge is missing');
    return plain(move, context, { kind: 'revenue', paymentKey: null, claim: accountClaim(context) });
  }
  const id = source.paymentIntent ?? source.id;
  const own = claimOf(source.metadata, CLAIM_STRENGTH.payment);
  const presented = minorOf(move, source.amountCaptured ?? source.amount, source.currency);
  const claim = orAccount(own, context.account?.agentId);
  return settling(move, context, { id, kind: 'revenue', objectId: source.id, paymentKey: id, claim, presented });
}

function refundOf(move: StripeBalanceMove, context: BalanceContext): BalanceBooking {
  const { source, type } = move;
  if (source?.is !== 'refund') throw unreadable(move, 'its refund is missing');
  const { refund } = source;
  const failed = type === 'refund_failure';
  const presented = minorOf(move, failed ? refund.amount : -refund.amount, refund.currency);
  return settling(move, context, {
    id: failed ? `${refund.id}~reversed` : refund.id,
    kind: failed ? 'refund_reversal' : 'refund',
    objectId: refund.id,
    paymentKey: refund.paymentIntent ?? refund.charge ?? refund.id,
    claim: orAccount(claimOf(refund.metadata, CLAIM_STRENGTH.afterwards), context.account?.agentId),
    presented,
  });
}

function onDispute(move: StripeBalanceMove, dispute: StripeDispute, context: BalanceContext): BalanceBooking {
  const claim = orAccount(claimOf(dispute.metadata, CLAIM_STRENGTH.afterwards), context.account?.agentId);
  const paymentKey = dispute.paymentIntent ?? dispute.charge;
  return plain(move, context, { kind: 'dispute', paymentKey, claim, objectId: dispute.id });
}

/** A payment that failed after it had succeeded. */
function onCharge(move: StripeBalanceMove, charge: StripeCharge, context: BalanceContext): BalanceBooking {
  const paymentKey = charge.paymentIntent ?? charge.id;
  const claim = orAccount(claimOf(charge.metadata, CLAIM_STRENGTH.payment), context.account?.agentId);
  return plain(move, context, { kind: 'dispute', paymentKey, claim, objectId: charge.id });
}

type Base = {
  readonly kind: MovementKind;
  readonly paymentKey: string | null;
  readonly claim: Claim;
  readonly objectId?: string;
};

/** Known to nobody but the balance: movement and fee stand under its own id. */
function plain(move: StripeBalanceMove, context: BalanceContext, base: Base): BalanceBooking {
  const movement = movementOf(move, context, { ...base, id: move.id });
  const fee = move.fee === 0n ? null : feeOf(move, context, base);
  return { movement, fee, settles: false };
}

/** The fee is booked with it also when it is 0: it shows that the movement has reached the balance. */
function settling(
  move: StripeBalanceMove,
  context: BalanceContext,
  base: Base & { readonly id: string; readonly presented: Money },
): BalanceBooking {
  const movement = movementOf(move, context, base);
  const same = movement.currency === base.presented.currency && movement.amountMinor === base.presented.amountMinor;
  const seen = same ? {} : { presented: base.presented };
  return { movement: { ...movement, ...seen }, fee: feeOf(move, context, base), settles: true };
}

function movementOf(move: StripeBalanceMove, context: BalanceContext, base: Base & { readonly id: string }): Movement {
  const { kind, paymentKey, claim, objectId, id } = base;
  const { amountMinor, currency } = minorOf(move, move.amount, move.currency);
  return {
    source: 'stripe',
    movementId: id,
    kind,
    at: move.created,
    amountMinor,
    currency,
    exponent: exponentOf(currency),
    paymentKey,
    claim,
    originalRef: { eventId: move.id, objectId: objectId ?? move.source?.is ?? move.id },
    livemode: context.livemode,
    availableAt: move.availableOn,
    ...(move.rate === null ? {} : { rate: move.rate }),
    ...(context.account ? { note: `account ${context.account.id}` } : {}),
  };
}

function feeOf(move: StripeBalanceMove, context: BalanceContext, base: Base): Movement {
  const { rate: _, presented: __, ...whole } = movementOf(move, context, { ...base, id: `${move.id}~fee` });
  const note = move.fees.map(({ type, amount }) => `${type} ${amount}`).join(', ');
  return { ...whole, kind: 'fee', amountMinor: minorOf(move, -move.fee, move.currency).amountMinor || 0n, note };
}

const nobody: Claim = { agentId: null, artifacts: [], strength: CLAIM_STRENGTH.afterwards };
const accountClaim = ({ account }: BalanceContext): Claim => ({ ...nobody, agentId: account?.agentId ?? null });

const MOST = 10n ** 18n;

function minorOf(move: StripeBalanceMove, amount: bigint, code: string): Money {
  const currency = currencyCode(code);
  const minor = stripeToMinor(amount, currency);
  if (minor === null || minor > MOST || minor < -MOST) throw unreadable(move, `it tells of ${amount} ${currency}`);
  return { amountMinor: minor, currency };
}

function unreadable({ id, type }: StripeBalanceMove, why: string): NovaError {
  return new NovaError('bad_input', `the balance transaction ${id} (${type}) cannot be read: ${why}`);
}
