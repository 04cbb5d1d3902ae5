/** Where vendors tell of money. What answers 2xx is durable in the revenue queue; what is not genuine never gets there. */
import { stripeSecrets, verifyStripe } from '../../shared/connectors/stripe-signature.ts';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import type { World } from '../../shared/ports/world.ts';
import type { WebJob } from '../../shared/runtime/job.ts';
import { lambdaWeb } from '../../shared/runtime/lambda.ts';
import { parseStripeEnvelope } from '../../shared/wire/stripe-event.ts';

export const hooksJob: WebJob<Pick<World, 'time' | 'secrets' | 'revenue'>> = {
  name: 'hooks',
  needs: { time: true, secrets: true, revenue: true },
  async run({ method, path, headers, body }, world) {
    if (method !== 'POST' || path !== '/hooks/stripe')
      throw new NovaError('not_found', 'POST /hooks/stripe is all there is');
    // Without a secret nothing can be genuine: the port throws misconfigured, and Stripe tries again for three days.
    const secrets = stripeSecrets(await world.secrets.get('stripe-webhook-secret'));
    const now = world.time.now();
    const text = verifyStripe({ body, header: headers['stripe-signature'], secrets, now });
    requireEvent(text);
    await world.revenue.send({ v: 1, kind: 'stripe', receivedAt: now, body: text });
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"received":true}' };
  },
};

/** Thin events (v2) carry no object to book and are refused too: the endpoint must be set to snapshot events. */
function requireEvent(text: string): void {
  try {
    parseStripeEnvelope(text);
  } catch (cause) {
    throw new NovaError('bad_input', `not a snapshot event of Stripe: ${messageOf(cause).slice(0, 300)}`, { cause });
  }
}

export const job = hooksJob;
export const handler = lambdaWeb(job, () => import('../../shared/aws/world.ts'));
