/** A customer of the demo pays: a Stripe event, signed as Stripe signs it, sent to the public webhook. */
import { createHmac, randomBytes } from 'node:crypto';

export type DemoPayment = { readonly url: string; readonly secret: string; readonly agentId: string };

const PRICES_MINOR = [1900, 3900] as const;

/** @throws Error when the webhook does not take it. */
export async function payOnce({ url, secret, agentId }: DemoPayment): Promise<void> {
  const body = JSON.stringify(chargeSucceeded(agentId));
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  const response = await fetch(`${url}/hooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${timestamp},v1=${signature}` },
    body,
  });
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

function chargeSucceeded(agentId: string): object {
  const id = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;
  const created = Math.floor(Date.now() / 1000);
  const amount = PRICES_MINOR[created % PRICES_MINOR.length] ?? PRICES_MINOR[0];
  const charge = {
    id: id('ch'),
    object: 'charge',
    amount,
    amount_captured: amount,
    amount_refunded: 0,
    captured: true,
    created,
    currency: 'usd',
    livemode: false,
    metadata: { agent_id: agentId },
    paid: true,
    payment_intent: id('pi'),
    refunded: false,
    status: 'succeeded',
  };
  return {
    id: id('evt'),
    object: 'event',
    api_version: '2026-08-26.basil',
    created,
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type: 'charge.succeeded',
    data: { object: charge },
  };
}
