/**
 * Stripe's webhook signature, on the bytes as they came. Stricter than the vendor's own check: that one accepts events
 * from the future, a time that is no number, and headers of any length.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { NovaError } from '../domain/error.ts';

/** Stripe's events are far smaller; whatever is larger is refused before it is hashed. */
export const MAX_BODY_BYTES = 262_144;
const MAX_HEADER_CHARS = 4096;
const TOLERANCE_SECONDS = 300;
const MAX_SECRETS = 2;

export type Signed = {
  readonly body: Uint8Array;
  /** Stripe-Signature as it came; undefined when there was none. */
  readonly header: string | undefined;
  readonly secrets: readonly string[];
  readonly now: number;
};

/**
 * The secrets of the endpoint from one kept value: one, or the old and the new while they are rolled, with a comma or
 * white space between.
 * @throws NovaError misconfigured when it is empty, is not a signing secret, or holds more than two.
 */
export function stripeSecrets(kept: string): string[] {
  const secrets = kept.split(/[\s,]+/).filter((part) => part !== '');
  const good =
    secrets.length > 0 && secrets.length <= MAX_SECRETS && secrets.every((it) => /^whsec_[\x21-\x7e]{16,}$/.test(it));
  if (good) return secrets;
  throw new NovaError(
    'misconfigured',
    'stripe-webhook-secret must be the signing secret of the endpoint (whsec_ and at least 16 characters), or two of them with a comma between',
  );
}

/**
 * The text of a body that Stripe signed within the last five minutes with one of the secrets.
 * @throws NovaError too_large, unauthenticated; bad_input when genuine bytes are not UTF-8. Nothing else.
 */
export function verifyStripe({ body, header, secrets, now }: Signed): string {
  if (body.byteLength > MAX_BODY_BYTES)
    throw new NovaError('too_large', `a body holds at most ${MAX_BODY_BYTES} bytes`);
  const { time, signatures } = parseHeader(header);
  const age = now / 1000 - time;
  if (age > TOLERANCE_SECONDS || age < -TOLERANCE_SECONDS)
    throw refused('it was signed too long ago, or in the future');
  if (!secrets.some((secret) => matches(secret, time, { body, signatures }))) throw refused('no signature fits');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new NovaError('bad_input', 'the body is not UTF-8', { cause });
  }
}

/** Signs as Stripe does: for the demo and for tests. `at` in epoch milliseconds. */
export function signStripe(body: string | Uint8Array, secret: string, at: number): string {
  const time = Math.trunc(at / 1000);
  return `t=${time},v1=${hmac(secret, time, body).toString('hex')}`;
}

function parseHeader(header: string | undefined): { time: number; signatures: Buffer[] } {
  if (!header) throw refused('the header Stripe-Signature is missing');
  if (header.length > MAX_HEADER_CHARS) throw refused('the header Stripe-Signature is too long');
  // Several headers arrive as one with ", " between: which of them would count is nobody's to guess.
  if (/\s/.test(header)) throw refused('the header Stripe-Signature is not one value');
  const parts = header.split(',').map((part) => part.split('=', 2));
  const times = parts.filter(([name]) => name === 't').map(([, value = '']) => value);
  const [time = ''] = times;
  if (times.length !== 1 || !/^\d{1,11}$/.test(time)) throw refused('its time is not one whole number of seconds');
  const signatures = parts
    .filter(([name, value = '']) => name === 'v1' && /^[0-9a-f]{64}$/.test(value))
    .map(([, value = '']) => Buffer.from(value, 'hex'));
  if (signatures.length === 0) throw refused('it has no v1 signature');
  return { time: Number(time), signatures };
}

function matches(secret: string, time: number, signed: { body: Uint8Array; signatures: readonly Buffer[] }): boolean {
  const expected = hmac(secret, time, signed.body);
  return signed.signatures.some((signature) => timingSafeEqual(signature, expected));
}

function hmac(secret: string, time: number, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest();
}

function refused(why: string): NovaError {
  return new NovaError('unauthenticated', `the Stripe signature was refused: ${why}`);
}
