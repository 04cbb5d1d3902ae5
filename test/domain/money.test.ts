import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBps, formatUsd, roiBps, usdToMicros } from '../../shared/domain/money.ts';

test('dollars are read exactly, where a float would be a cent off', () => {
  assert.deepEqual(
    ['19.99', '0.29', '1.15', '4.35', '0.000001', '-3.5', '12'].map(usdToMicros),
    [19_990_000, 290_000, 1_150_000, 4_350_000, 1, -3_500_000, 12_000_000],
  );
});

for (const text of ['12.3.4', '', '1e3', '.5', '1.', '0.0000001', '$5', '1,000', 'NaN', '99999999999', ' 1']) {
  test(`"${text}" is refused as an amount, with what is allowed and what came`, () => {
    assert.throws(() => usdToMicros(text), { code: 'bad_input', message: /like 12 or 0\.10; got|too large/ });
  });
}

test('every amount survives being shown and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9_000_000_000_000, max: 9_000_000_000_000 }), (micros) => {
      assert.equal(usdToMicros(formatUsd(micros).replace(/[$,]/g, '')), micros);
    }),
  );
});

test('ROI is in basis points, rounded down, and unknown for what cost nothing', () => {
  assert.equal(roiBps(500, 100), 40_000);
  assert.equal(roiBps(0, 100), -10_000);
  assert.equal(roiBps(2, 3), -3_334);
  assert.equal(roiBps(1_000_000, 0), null);
  assert.deepEqual([formatBps(40_000), formatBps(-3_334), formatBps(null)], ['400 %', '-33.3 %', 'n/a']);
});
