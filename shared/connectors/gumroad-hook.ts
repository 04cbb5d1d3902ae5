/**
 * POST /hooks/gumroad/<secret>. Gumroad signs nothing, waits five seconds and repeats only after a 5xx: so the address is
 * the secret, the body is no more than a hint where to look, and what cannot be taken now is answered with 503.
 */
import { NovaError } from '../domain/error.ts';
import { readGumroadPing } from '../wire/gumroad.ts';
import { type Hook, rotated, sameText } from './hook-request.ts';
import { optionalSecret } from './optional-secret.ts';

export const GUMROAD_PING_SECRET = 'gumroad-ping-secret';
/** What 32 random bytes are in base64url; anything shorter could be guessed. */
const SECRET = /^[\w-]{43}$/;
const MAX_SECRETS = 2;
const MAX_BODY_BYTES = 262_144;

export const gumroadHook: Hook = async ({ path, body }, world) => {
  const given = path.slice('/hooks/gumroad/'.length);
  const secrets = pingSecrets((await optionalSecret(world.secrets, GUMROAD_PING_SECRET)) ?? '');
  // All are compared, so that the time says nothing about which one fits.
  const fits = secrets.map((secret) => sameText(given, secret)).includes(true);
  if (!fits) throw new NovaError('not_found', 'there is nothing here');
  if (body.byteLength > MAX_BODY_BYTES)
    throw new NovaError('too_large', `a body holds at most ${MAX_BODY_BYTES} bytes`);
  const { saleId, sellerId } = readGumroadPing(new TextDecoder().decode(body));
  // Cancellations of subscriptions and the like name no sale: no money moves with them.
  if (saleId === null) return;
  await world.revenue.send({ v: 1, kind: 'gumroad', receivedAt: world.time.now(), saleId, sellerId });
};

/** Those that are long enough to be secret; none without a configuration, so that the address does not exist then. */
export function pingSecrets(kept: string): string[] {
  return rotated(kept)
    .filter((secret) => SECRET.test(secret))
    .slice(0, MAX_SECRETS);
}
