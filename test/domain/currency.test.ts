import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { currencyCode, exponentOf, formatMinor, minorToMicros, stripeToMinor } from '../../shared/domain/currency.ts';

test('currencies have the decimals that ISO 4217 gives them', () => {
  const exponents = ['USD', 'EUR', 'JPY', 'KRW', 'ISK', 'KWD', 'TND', 'HUF', 'CLF'].map((code) => exponentOf(code));
  assert.deepEqual(exponents, [2, 2, 0, 0, 0, 3, 3, 2, 4]);
});

test('dollars become micro-dollars exactly, negative ones too', () => {
  assert.equal(minorToMicros(1999n, 'USD'), 19_990_000);
  assert.equal(minorToMicros(-29n, 'USD'), -290_000);
  assert.equal(minorToMicros(0n, 'USD'), 0);
});

test('a foreign amount is never taken for dollars unless a rate is given', () => {
  assert.equal(minorToMicros(1999n, 'EUR'), null);
  assert.equal(minorToMicros(1000n, 'EUR', { EUR: 1_080_000 }), 10_800_000);
  assert.equal(minorToMicros(500n, 'JPY', { JPY: 6_500 }), 3_250_000);
  assert.equal(minorToMicros(1500n, 'KWD', { KWD: 3_250_000 }), 4_875_000);
  assert.equal(minorToMicros(1000n, 'EUR', { EUR: 1.08 }), null);
});

test('a sum beyond what an integer holds safely stays unconverted instead of losing cents', () => {
  assert.equal(minorToMicros(10n ** 12n, 'USD'), null);
});

test('an amount and its opposite cancel out in micro-dollars, whatever the rate', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 9n), 10n ** 9n), fc.integer({ min: 1, max: 5_000_000 }), (minor, rate) => {
      const there = minorToMicros(minor, 'EUR', { EUR: rate }) ?? Number.NaN;
      const back = minorToMicros(-minor, 'EUR', { EUR: rate }) ?? Number.NaN;
      assert.equal(there + back, 0);
    }),
  );
});

test('what Stripe sends in decimals of its own becomes minor units of ISO', () => {
  assert.equal(stripeToMinor(500n, 'JPY'), 500n);
  assert.equal(stripeToMinor(1230n, 'KWD'), 1230n);
  assert.equal(stripeToMinor(50_000n, 'ISK'), 500n, 'ISK comes with two decimals');
  assert.equal(stripeToMinor(50_000n, 'UGX'), 500n);
  assert.equal(stripeToMinor(50_050n, 'ISK'), null, 'that are always 00');
  assert.equal(stripeToMinor(500n, 'MGA'), 50_000n, 'MGA comes without any');
  assert.equal(stripeToMinor(99_900n, 'HUF'), 99_900n);
});

test('amounts are shown with the decimals of their currency', () => {
  assert.equal(formatMinor(123_456n, 'USD'), '1,234.56 USD');
  assert.equal(formatMinor(-5n, 'USD'), '-0.05 USD');
  assert.equal(formatMinor(1_234_567n, 'JPY'), '1,234,567 JPY');
  assert.equal(formatMinor(1n, 'KWD'), '0.001 KWD');
});

test('a currency is three letters', () => {
  assert.equal(currencyCode('usd'), 'USD');
  for (const text of ['', 'us', 'dollars', 'U5D', 'usd ']) {
    assert.throws(() => currencyCode(text), { code: 'bad_input' }, text);
  }
});
