/**
 * POST /hooks/ledger: any shop or flow may book one movement of money, signed with a shared secret: HMAC-SHA256 over
 * `<timestamp>.<body>` in x-nova-signature, the time in seconds in x-nova-timestamp. Told again it is the same movement.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { NovaError } from '../domain/error.ts';
import { type HookEntry, readHookEntry } from '../wire/hook-entry.ts';
import { type Hook, rotated } from './hook-request.ts';
import { optionalSecret } from './optional-secret.ts';

export const LEDGER_HOOK_SECRET = 'ledger-hook-secret';
const SECRET = /^[\x21-\x7e]{32,}$/;
const MAX_SECRETS = 2;
const MAX_BODY_BYTES = 16_384;
const TOLERANCE_SECONDS = 300;

export const ledgerHook: Hook = async ({ headers, body }, world) => {
  const kept = (await optionalSecret(world.secrets, LEDGER_HOOK_SECRET)) ?? '';
  const secrets = rotated(kept).filter((one) => SECRET.test(one));
  // Not set up: then there is no such address, and never an open one.
  if (secrets.length === 0 || secrets.length > MAX_SECRETS) throw new NovaError('not_found', 'there is nothing here');
  if (body.byteLength > MAX_BODY_BYTES)
    throw new NovaError('too_large', `a body holds at most ${MAX_BODY_BYTES} bytes`);
  const receivedAt = world.time.now();
  const [signature, timestamp] = [headers['x-nova-signature'] ?? '', headers['x-nova-timestamp'] ?? ''];
  requireGenuine({ body, signature, timestamp, secrets, now: receivedAt });
  await world.revenue.send({ v: 1, kind: 'hook', receivedAt, entry: entryIn(body) });
};

type Signed = {
  readonly body: Uint8Array;
  readonly signature: string;
  readonly timestamp: string;
  readonly secrets: readonly string[];
  readonly now: number;
};

function requireGenuine({ body, signature, timestamp, secrets, now }: Signed): void {
  const [, hex] = /^(?:sha256=)?([0-9a-f]{64})$/.exec(signature) ?? [];
  if (hex === undefined || !/^\d{10}$/.test(timestamp)) throw refused();
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) throw refused();
  const given = Buffer.from(hex, 'hex');
  const fits = secrets.map((secret) => timingSafeEqual(given, ledgerMac(body, secret, timestamp)));
  if (!fits.includes(true)) throw refused();
}

const refused = (): NovaError => new NovaError('unauthenticated', 'the signature or its time was refused');

function ledgerMac(body: string | Uint8Array, secret: string, timestamp: string): Buffer {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
}

/** The headers of a body, as a shop would make them. `at` in epoch milliseconds. */
export function signLedgerHook(body: string, secret: string, at: number): Record<string, string> {
  const timestamp = String(Math.trunc(at / 1000));
  const signature = `sha256=${ledgerMac(body, secret, timestamp).toString('hex')}`;
  return { 'x-nova-signature': signature, 'x-nova-timestamp': timestamp };
}

function entryIn(body: Uint8Array): HookEntry {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new NovaError('bad_input', 'the body is not JSON', { cause });
  }
  const read = readHookEntry(value);
  if ('entry' in read) return read.entry;
  throw new NovaError('bad_input', read.problem);
}
