/** Stripe's books through its own library, which is loaded when they are first opened. It only ever reads. */
import type Stripe from 'stripe';
import { NovaError } from '../domain/error.ts';
import type { StripeBooks } from '../ports/books.ts';
import type { Secrets } from '../ports/outside.ts';
import { readBalancePage, readCheckouts } from '../wire/stripe-balance.ts';
import { withFreshSecret } from './fresh-secret.ts';
import { optionalSecret } from './optional-secret.ts';

export const STRIPE_KEY = 'stripe-api-key';

export type StripeApiOptions = {
  readonly secrets: Secrets;
  /** Another host that speaks the same API; default https://api.stripe.com. */
  readonly baseUrl?: string;
};

/** Restricted keys (rk_) are best: read access to balance transactions, charges, refunds, disputes and checkouts. */
const KEY = /^(?:sk|rk)_(live|test)_\w{8,}$/;
const PAGE = 100;
const TIMEOUT_MS = 20_000;

export function stripeBooks({ secrets, baseUrl }: StripeApiOptions): StripeBooks {
  const key = async (): Promise<string> => {
    const found = await optionalSecret(secrets, STRIPE_KEY);
    if (found === null) throw new NovaError('misconfigured', `there is no ${STRIPE_KEY}`);
    return found;
  };
  let opened: { readonly key: string; readonly client: Stripe } | null = null;
  const open = async (): Promise<Stripe> => {
    const current = await key();
    if (opened?.key !== current) opened = { key: current, client: await clientOf(current, baseUrl) };
    return opened.client;
  };
  /** A key that was rotated a moment ago is taken up at its first refusal. */
  const fresh = <T>(work: (client: Stripe) => Promise<T>): Promise<T> =>
    withFreshSecret(secrets, { names: [STRIPE_KEY], refusal: 'misconfigured' }, async () => work(await open()));
  return {
    async mode() {
      const found = await optionalSecret(secrets, STRIPE_KEY);
      return found === null ? null : modeOf(found);
    },
    page: ({ from, to, account, after }) =>
      fresh(async (client) => {
        const created = { gte: Math.floor(from / 1000), lt: Math.ceil(to / 1000) };
        const cursor = after === null ? {} : { starting_after: after };
        const asked = { created, limit: PAGE, expand: ['data.source'], ...cursor };
        return readBalancePage(await answered(client.balanceTransactions.list(asked, onAccount(account))));
      }),
    checkoutOf: (paymentIntent, account) =>
      fresh(async (client) => {
        const asked = { payment_intent: paymentIntent, limit: 1, expand: ['data.line_items'] };
        const [found] = readCheckouts(await answered(client.checkout.sessions.list(asked, onAccount(account))));
        return found ?? null;
      }),
  };
}

/** @throws NovaError misconfigured when it is no key; never with the key in the message. */
export function modeOf(key: string): 'live' | 'test' {
  const mode = KEY.exec(key)?.[1];
  if (mode !== 'live' && mode !== 'test')
    throw new NovaError('misconfigured', `${STRIPE_KEY} is not a secret or restricted key of Stripe (sk_… or rk_…)`);
  return mode;
}

async function clientOf(key: string, baseUrl: string | undefined): Promise<Stripe> {
  modeOf(key);
  const { default: Library } = await import('stripe');
  const url = baseUrl === undefined ? null : new URL(baseUrl);
  const elsewhere = url && {
    host: url.hostname,
    port: url.port || (url.protocol === 'https:' ? '443' : '80'),
    protocol: url.protocol === 'http:' ? ('http' as const) : ('https' as const),
  };
  return new Library(key, { timeout: TIMEOUT_MS, maxNetworkRetries: 2, telemetry: false, ...elsewhere });
}

const onAccount = (account: string | null) => (account === null ? {} : { stripeAccount: account });

/** The library's errors hold headers and keys: only their kind goes on. */
async function answered<T>(asked: PromiseLike<T>): Promise<T> {
  try {
    return await asked;
  } catch (thrown) {
    const { type, statusCode } = thrown as { type?: unknown; statusCode?: unknown };
    const kind = `${String(type ?? 'no answer')}${typeof statusCode === 'number' ? `, ${statusCode}` : ''}`;
    if (statusCode === 401 || statusCode === 403)
      throw new NovaError('misconfigured', `Stripe refuses ${STRIPE_KEY} (${kind})`);
    if (statusCode === 400 || statusCode === 404)
      throw new NovaError('misconfigured', `Stripe does not understand what was asked (${kind})`);
    throw new NovaError('unavailable', `Stripe cannot be reached now (${kind})`);
  }
}
