/** POST /hooks/stripe: what Stripe signed is queued byte for byte. */
import { messageOf, NovaError } from '../domain/error.ts';
import { parseStripeEnvelope } from '../wire/stripe-event.ts';
import type { Hook } from './hook-request.ts';
import { stripeSecrets, verifyStripe } from './stripe-signature.ts';

export const stripeHook: Hook = async ({ headers, body }, world) => {
  // Without a secret nothing can be genuine: the port throws misconfigured, and Stripe tries again for three days.
  const secrets = stripeSecrets(await world.secrets.get('stripe-webhook-secret'));
  const now = world.time.now();
  const text = verifyStripe({ body, header: headers['stripe-signature'], secrets, now });
  requireEvent(text);
  await world.revenue.send({ v: 1, kind: 'stripe', receivedAt: now, body: text });
};

/** Thin events (v2) carry no object to book and are refused too; what they tell of is found when books are compared. */
function requireEvent(text: string): void {
  try {
    parseStripeEnvelope(text);
  } catch (cause) {
    throw new NovaError('bad_input', `not a snapshot event of Stripe: ${messageOf(cause).slice(0, 300)}`, { cause });
  }
}
