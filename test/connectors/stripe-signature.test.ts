import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import Stripe from 'stripe';
import { MAX_BODY_BYTES, signStripe, stripeSecrets, verifyStripe } from '../../shared/connectors/stripe-signature.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { charge, event, text } from '../fixtures/stripe-events.ts';

const SECRET = 'whsec_test_0123456789abcdef';
const OTHER = 'whsec_test_fedcba9876543210';
const NOW = Date.UTC(2026, 10, 20, 9);
const SECONDS = NOW / 1000;
const BODY = text(event('charge.succeeded', charge({ amount: 1999 })));

type Parts = Partial<{
  body: string | Uint8Array;
  header: string | undefined;
  secrets: readonly string[];
  now: number;
}>;

function verify(parts: Parts = {}): string {
  const body = parts.body ?? BODY;
  return verifyStripe({
    body: typeof body === 'string' ? Buffer.from(body) : body,
    header: 'header' in parts ? parts.header : signStripe(body, SECRET, NOW),
    secrets: parts.secrets ?? [SECRET],
    now: parts.now ?? NOW,
  });
}

const refused = (parts: Parts, why: string, code = 'unauthenticated'): void =>
  assert.throws(() => verify(parts), { name: 'NovaError', code }, why);

const v1 = (time: string, body = BODY): string => createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex');

// W1
test('a body that Stripe’s own library signed is accepted, and ours by Stripe’s library', () => {
  const { webhooks } = new Stripe('sk_test_none');
  const header = webhooks.generateTestHeaderString({ payload: BODY, secret: SECRET, timestamp: SECONDS });
  assert.equal(verify({ header }), BODY);
  const ours = webhooks.constructEvent(BODY, signStripe(BODY, SECRET, NOW), SECRET, 300, undefined, NOW);
  assert.equal(ours.type, 'charge.succeeded');
});

// W2, W3, W4, W6
test('another secret, a changed byte and a body written anew are refused', () => {
  refused({ header: signStripe(BODY, OTHER, NOW) }, 'another secret');
  refused({ body: BODY.replace('1999', '1998'), header: signStripe(BODY, SECRET, NOW) }, 'a changed byte');
  refused({ body: JSON.stringify(JSON.parse(BODY)), header: signStripe(BODY, SECRET, NOW) }, 'written anew');
  refused({ body: gzipSync(BODY), header: signStripe(BODY, SECRET, NOW) }, 'compressed on the way');
});

test('bytes that are not UTF-8 are refused even when they are genuine', () => {
  const body = Buffer.from([0x7b, 0xff, 0x7d]);
  refused({ body, header: signStripe(body, SECRET, NOW) }, 'not UTF-8', 'bad_input');
});

// W7, W8, W15
test('a missing, doubled or endless header is refused', () => {
  const good = signStripe(BODY, SECRET, NOW);
  refused({ header: undefined }, 'missing');
  refused({ header: '' }, 'empty');
  refused({ header: `${good}, ${good}` }, 'two headers, joined as the platform joins them');
  refused({ header: `t=${SECONDS},${'v1=00,'.repeat(700)}v1=${v1(String(SECONDS))}` }, 'beyond 4 kB');
  refused({ header: 'nonsense' }, 'nonsense');
  refused({ header: '=,=,==' }, 'only signs');
});

// W9, W10
test('five minutes of age are accepted, a second more is not, to either side', () => {
  assert.equal(verify({ now: NOW + 300_000 }), BODY);
  refused({ now: NOW + 301_000 }, 'too old');
  assert.equal(verify({ now: NOW - 300_000 }), BODY);
  refused({ now: NOW - 301_000 }, 'from the future');
  refused(
    { header: signStripe(BODY, SECRET, NOW + 365 * 86_400_000) },
    'a year ahead, which the vendor’s library accepts',
  );
});

// W11
test('a time that is not one whole number of seconds is refused, signed or not', () => {
  for (const time of ['abc', 'NaN', '-1', '', '1e9', `${SECONDS}.0`, '12345678901234567890', ` ${SECONDS}`]) {
    refused({ header: `t=${time},v1=${v1(time)}` }, `t=${time}`);
  }
  refused({ header: `t=1,t=${SECONDS},v1=${v1(String(SECONDS))}` }, 'two times');
  refused({ header: `v1=${v1(String(SECONDS))}` }, 'no time');
});

// W14
test('only v1 counts: v0, capitals and signatures of another length do not', () => {
  const good = v1(String(SECONDS));
  refused({ header: `t=${SECONDS},v0=${good}` }, 'a downgrade to v0');
  refused({ header: `t=${SECONDS},v1=${good.toUpperCase()}` }, 'capitals');
  refused({ header: `t=${SECONDS},v1=${good.slice(0, 62)}` }, 'too short');
  assert.equal(verify({ header: `t=${SECONDS},v1=${'0'.repeat(64)},v1=${good},v0=x` }), BODY, 'the second of two v1');
});

// W12, W13
test('while a secret is rolled the old and the new one count; afterwards the old one does not', () => {
  const header = signStripe(BODY, SECRET, NOW);
  assert.equal(verify({ header, secrets: [OTHER, SECRET] }), BODY);
  refused({ header, secrets: [OTHER] }, 'the old one after the roll');
});

// W15
test('a body beyond 256 kB is refused before it is hashed, whatever it is signed with', () => {
  const body = 'x'.repeat(MAX_BODY_BYTES + 1);
  refused({ body, header: signStripe(body, SECRET, NOW) }, 'one byte too many', 'too_large');
  refused({ body, header: undefined }, 'even without a header', 'too_large');
  const largest = 'x'.repeat(MAX_BODY_BYTES);
  assert.equal(verify({ body: largest, header: signStripe(largest, SECRET, NOW) }).length, MAX_BODY_BYTES);
});

test('secrets are read from one kept value, trimmed, one or two', () => {
  assert.deepEqual(stripeSecrets(`  ${SECRET}\n`), [SECRET]);
  assert.deepEqual(stripeSecrets(`${SECRET}, ${OTHER}`), [SECRET, OTHER]);
});

test('a secret that cannot be one stops the hook instead of opening it, and is not repeated in the message', () => {
  for (const kept of [
    '',
    '  ',
    'whsec_',
    'whsec_short',
    'sk_live_0123456789abcdef0123',
    `${SECRET},${SECRET},${OTHER}`,
  ]) {
    assert.throws(
      () => stripeSecrets(kept),
      (thrown) =>
        thrown instanceof NovaError && thrown.code === 'misconfigured' && !thrown.message.includes('0123456789'),
      kept,
    );
  }
});
