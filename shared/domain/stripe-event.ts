/** What NovaOS understands of Stripe's events, after shared/wire/stripe-event.ts has read them. Amounts as Stripe sends them. */

export type StripeMetadata = { readonly [name: string]: string };

export type StripeRefund = {
  readonly id: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly created: number;
  readonly status: string | null;
  readonly charge: string | null;
  readonly paymentIntent: string | null;
  readonly metadata: StripeMetadata;
};

export type StripeCharge = {
  readonly is: 'charge';
  readonly id: string;
  readonly amount: bigint;
  /** null in versions of the API that do not send it. */
  readonly amountCaptured: bigint | null;
  readonly amountRefunded: bigint;
  readonly currency: string;
  readonly captured: boolean;
  readonly paid: boolean;
  readonly paymentIntent: string | null;
  readonly metadata: StripeMetadata;
  /** null when the version of the API leaves the list out; incomplete when `hasMore`. */
  readonly refunds: { readonly data: readonly StripeRefund[]; readonly hasMore: boolean } | null;
};

export type StripePaymentIntent = {
  readonly is: 'payment_intent';
  readonly id: string;
  readonly amountReceived: bigint;
  readonly currency: string;
  readonly metadata: StripeMetadata;
};

export type StripeCheckout = {
  readonly is: 'checkout';
  readonly id: string;
  readonly amountTotal: bigint | null;
  readonly currency: string | null;
  readonly paymentStatus: string;
  readonly paymentIntent: string | null;
  readonly paymentLink: string | null;
  /** What the link to it said: up to 200 letters that anybody can change. */
  readonly clientReferenceId: string | null;
  readonly metadata: StripeMetadata;
  /** Prices and products, when the event carries its line items. */
  readonly sold: readonly string[];
};

export type StripeDispute = {
  readonly is: 'dispute';
  readonly id: string;
  readonly charge: string | null;
  readonly paymentIntent: string | null;
  readonly metadata: StripeMetadata;
  /** What really moved on the balance: amounts are negative when withdrawn, a positive fee is charged. */
  readonly moves: readonly {
    readonly id: string;
    readonly amount: bigint;
    readonly fee: bigint;
    readonly currency: string;
    readonly created: number;
  }[];
};

export type StripeSubject =
  | StripeCharge
  | StripePaymentIntent
  | StripeCheckout
  | StripeDispute
  | { readonly is: 'refund'; readonly refund: StripeRefund }
  | { readonly is: 'other'; readonly object: string };

export type StripeEvent = {
  readonly id: string;
  readonly type: string;
  /** Epoch milliseconds. */
  readonly created: number;
  readonly livemode: boolean;
  readonly apiVersion: string | null;
  /** The connected account that it concerns; null for one's own. */
  readonly account: string | null;
  readonly subject: StripeSubject;
};
