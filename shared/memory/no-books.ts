/** Vendors that nobody has connected. */
import { NovaError } from '../domain/error.ts';
import type { GumroadBooks, StripeBooks } from '../ports/books.ts';

const closed = async (): Promise<never> => {
  throw new NovaError('misconfigured', 'this vendor is not connected');
};

export const noStripe: StripeBooks = { mode: async () => null, page: closed, checkoutOf: closed };

export const noGumroad: GumroadBooks = {
  connected: async () => false,
  sale: closed,
  page: closed,
  seller: closed,
  subscriptions: closed,
  subscribe: closed,
  unsubscribe: closed,
};
