/**
 * POST /hooks/sendgrid: what became of mails. ECDSA over time and body, on the bytes as they came. Stricter than the
 * vendor's own check, which takes any time and throws on garbage; a time of exactly ten digits keeps a digit from
 * being shifted between the two.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { NovaError } from '../domain/error.ts';
import { type MailEvent, readMailEvents } from '../wire/mail-event.ts';
import type { Hook } from './hook-request.ts';
import { optionalSecret } from './optional-secret.ts';

/** The verification key as SendGrid shows it: base64 of SPKI DER. */
export const SENDGRID_EVENTS_KEY = 'sendgrid-events-key';
const MAX_BODY_BYTES = 2_097_152;
const TOLERANCE_SECONDS = 300;
const CHUNK = 100;

export const sendgridHook: Hook = async ({ headers, body }, world) => {
  const key = await optionalSecret(world.secrets, SENDGRID_EVENTS_KEY);
  if (key === null) throw new NovaError('not_found', 'there is nothing here');
  const signature = headers['x-twilio-email-event-webhook-signature'];
  const timestamp = headers['x-twilio-email-event-webhook-timestamp'];
  const events = eventsIn(verifySendgrid({ body, signature, timestamp, key, now: world.time.now() }));
  for (let n = 0; n < events.length; n += CHUNK) {
    await world.work.send({ v: 1, kind: 'mail-events', events: events.slice(n, n + CHUNK) });
  }
};

export type SignedEvents = {
  readonly body: Uint8Array;
  readonly signature: string | undefined;
  readonly timestamp: string | undefined;
  readonly key: string;
  readonly now: number;
};

/** @throws NovaError too_large, unauthenticated, misconfigured (the key); nothing else. */
export function verifySendgrid({ body, signature, timestamp, key, now }: SignedEvents): string {
  if (body.byteLength > MAX_BODY_BYTES)
    throw new NovaError('too_large', `a body holds at most ${MAX_BODY_BYTES} bytes`);
  const publicKey = keyOf(key);
  if (!timestamp || !/^\d{10}$/.test(timestamp) || !signature || !/^[A-Za-z0-9+/]{40,200}={0,2}$/.test(signature))
    throw refused();
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) throw refused();
  const signed = Buffer.concat([Buffer.from(timestamp), body]);
  if (!isGenuine(signed, publicKey, Buffer.from(signature, 'base64'))) throw refused();
  return new TextDecoder().decode(body);
}

function isGenuine(signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify('sha256', signed, key, signature);
  } catch {
    return false;
  }
}

function keyOf(kept: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(kept, 'base64'), format: 'der', type: 'spki' });
  } catch {
    throw new NovaError('misconfigured', `${SENDGRID_EVENTS_KEY} is not a verification key of SendGrid`);
  }
}

const refused = (): NovaError => new NovaError('unauthenticated', 'the signature or its time was refused');

function eventsIn(text: string): MailEvent[] {
  try {
    return readMailEvents(text);
  } catch (cause) {
    throw new NovaError('bad_input', 'not a list of mail events', { cause });
  }
}
