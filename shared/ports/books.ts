/** The books of vendors as their APIs show them. A vendor without a key is not connected: that is no error. */
import type { GumroadSale } from '../domain/gumroad-sale.ts';
import type { StripeCheckout } from '../domain/stripe-event.ts';
import type { StripeBalancePage } from '../wire/stripe-balance.ts';

export type StripeSpan = {
  /** Epoch milliseconds; `from` is included, `to` is not. */
  readonly from: number;
  readonly to: number;
  /** A connected account; null: one's own. */
  readonly account: string | null;
  /** The `next` of the page before. */
  readonly after: string | null;
};

/** @throws NovaError unavailable, misconfigured (a key that is refused). */
export type StripeBooks = {
  /** By the kind of key; null when there is none. */
  mode(): Promise<'live' | 'test' | null>;
  /** Newest first, a hundred at most. */
  page(span: StripeSpan): Promise<StripeBalancePage>;
  /** The checkout that led to a payment, with what was sold; null when there was none. */
  checkoutOf(paymentIntent: string, account: string | null): Promise<StripeCheckout | null>;
};

export type GumroadSpan = {
  /** UTC dates; `from` is included, `to` is not. */
  readonly from: string;
  readonly to: string;
  readonly after: string | null;
};

export type GumroadPage = {
  readonly sales: readonly GumroadSale[];
  readonly unreadable: readonly { readonly id: string; readonly problem: string }[];
  readonly next: string | null;
};

export type GumroadSubscription = { readonly id: string; readonly resource: string; readonly url: string };

/** @throws NovaError unavailable, misconfigured (a token that is refused). */
export type GumroadBooks = {
  connected(): Promise<boolean>;
  /** null: Gumroad knows no such sale of this seller. */
  sale(id: string): Promise<GumroadSale | null>;
  page(span: GumroadSpan): Promise<GumroadPage>;
  seller(): Promise<{ readonly id: string; readonly name: string }>;
  subscriptions(resource: string): Promise<readonly GumroadSubscription[]>;
  subscribe(resource: string, url: string): Promise<void>;
  unsubscribe(id: string): Promise<void>;
};
