/**
 * Stripe's events as they come: unknown fields are let through, fields of newer and older versions of the API may be
 * missing. What NovaOS needs is read strictly. Amounts are bigint: JSON numbers beyond 2^53 keep every digit.
 */
import * as z from 'zod';
import type { StripeEvent, StripeSubject } from '../domain/stripe-event.ts';

export const id = z.string().regex(/^[\w-]{1,255}$/);
export const amount = z.union([z.int(), z.bigint()]).transform((value) => BigInt(value));
export const seconds = z
  .int()
  .min(0)
  .max(99_999_999_999)
  .transform((value) => value * 1000);
/** An id, or the object itself when it was expanded. */
const reference = z
  .union([id, z.looseObject({ id })])
  .nullish()
  .transform((value) => (typeof value === 'object' && value !== null ? value.id : (value ?? null)));
const metadata = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const currency = z.string();

const Refund = z
  .looseObject({
    id,
    amount,
    currency,
    created: seconds,
    status: z.string().nullish(),
    charge: reference,
    payment_intent: reference,
    metadata,
  })
  .transform((it) => ({
    id: it.id,
    amount: it.amount,
    currency: it.currency,
    created: it.created,
    status: it.status ?? null,
    charge: it.charge,
    paymentIntent: it.payment_intent,
    metadata: it.metadata,
  }));

const Charge = z
  .looseObject({
    id,
    amount,
    amount_captured: amount.nullish(),
    amount_refunded: amount.nullish(),
    currency,
    captured: z.boolean().nullish(),
    paid: z.boolean(),
    payment_intent: reference,
    metadata,
    refunds: z.looseObject({ data: z.array(Refund), has_more: z.boolean().nullish() }).nullish(),
  })
  .transform((it) => ({
    is: 'charge' as const,
    id: it.id,
    amount: it.amount,
    amountCaptured: it.amount_captured ?? null,
    amountRefunded: it.amount_refunded ?? 0n,
    currency: it.currency,
    captured: it.captured ?? true,
    paid: it.paid,
    paymentIntent: it.payment_intent,
    metadata: it.metadata,
    refunds: it.refunds ? { data: it.refunds.data, hasMore: it.refunds.has_more ?? false } : null,
  }));

const PaymentIntent = z.looseObject({ id, amount_received: amount, currency, metadata }).transform((it) => ({
  is: 'payment_intent' as const,
  id: it.id,
  amountReceived: it.amount_received,
  currency: it.currency,
  metadata: it.metadata,
}));

const LineItem = z
  .looseObject({ price: z.looseObject({ id, product: reference }).nullish() })
  .transform(({ price }) => [price?.id, price?.product].filter((it) => typeof it === 'string'));

export const Checkout = z
  .looseObject({
    id,
    amount_total: amount.nullish(),
    currency: currency.nullish(),
    payment_status: z.string(),
    payment_intent: reference,
    payment_link: reference,
    client_reference_id: z.string().nullish(),
    metadata,
    line_items: z.looseObject({ data: z.array(LineItem) }).nullish(),
  })
  .transform((it) => ({
    is: 'checkout' as const,
    id: it.id,
    amountTotal: it.amount_total ?? null,
    currency: it.currency ?? null,
    paymentStatus: it.payment_status,
    paymentIntent: it.payment_intent,
    paymentLink: it.payment_link,
    clientReferenceId: it.client_reference_id ?? null,
    metadata: it.metadata,
    sold: it.line_items?.data.flat() ?? [],
  }));

const BalanceMove = z.looseObject({ id, amount, fee: amount, currency, created: seconds });
const Dispute = z
  .looseObject({
    id,
    charge: reference,
    payment_intent: reference,
    metadata,
    balance_transactions: z.array(BalanceMove),
  })
  .transform((it) => ({
    is: 'dispute' as const,
    id: it.id,
    charge: it.charge,
    paymentIntent: it.payment_intent,
    metadata: it.metadata,
    moves: it.balance_transactions,
  }));

/** Objects that move money, by what they call themselves. */
export const SUBJECTS: Readonly<Record<string, z.ZodType<StripeSubject>>> = {
  charge: Charge,
  payment_intent: PaymentIntent,
  'checkout.session': Checkout,
  dispute: Dispute,
  refund: Refund.transform((refund) => ({ is: 'refund' as const, refund })),
};

const Envelope = z.looseObject({
  id: z.string().regex(/^evt_\w{1,250}$/),
  object: z.literal('event'),
  type: z.string().min(1).max(200),
  created: seconds,
  livemode: z.boolean(),
  api_version: z.string().nullish(),
  account: z.string().nullish(),
  data: z.looseObject({ object: z.looseObject({ object: z.string() }) }),
});
export type StripeEnvelope = z.infer<typeof Envelope>;

/**
 * The envelope alone: enough to accept an event, whatever it carries.
 * @throws SyntaxError or ZodError when it is not an event; thin events (v2.core.event) carry no object and are refused.
 */
export function parseStripeEnvelope(text: string): StripeEnvelope {
  return Envelope.parse(parseExactly(text));
}

/**
 * The event with what it is about. The object is read only when `matters` says so of the type: an unknown type must
 * not fail for a shape that nobody needs.
 * @throws SyntaxError or ZodError.
 */
export function parseStripeEvent(text: string, matters: (type: string) => boolean): StripeEvent {
  const { id: eventId, type, created, livemode, api_version, account, data } = parseStripeEnvelope(text);
  const { object } = data.object;
  const schema = matters(type) ? SUBJECTS[object] : undefined;
  const subject: StripeSubject = schema ? schema.parse(data.object) : { is: 'other', object };
  return { id: eventId, type, created, livemode, apiVersion: api_version ?? null, account: account ?? null, subject };
}

/** JSON whose integers beyond 2^53 become bigint instead of losing digits. */
function parseExactly(text: string): unknown {
  // Asking for the source of each value takes ten times as long, and 2^53 has sixteen digits.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{1,40}$/.test(context?.source ?? '')
      ? BigInt(context?.source ?? 0)
      : value,
  );
}
