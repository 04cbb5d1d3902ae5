/** What a question to a model may use at most, and what is booked of it: by hand, and whatever the vendor leaves out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertRequest,
  bookedTokens,
  inputBound,
  type LlmRequest,
  sumTokens,
  type ToldTokens,
  tokenBound,
  usageOfTokens,
} from '../../shared/domain/llm.ts';
import { NO_TOKENS, PRICE_ROWS, pricedModel, priceTable, tokenItem } from '../../shared/domain/price-table.ts';
import { receiptOf } from '../../shared/domain/receipt.ts';

const NOW = priceTable('2026-11-20');
const ASKED: LlmRequest = {
  model: 'claude-haiku-4-5-20251001',
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'héllo' }],
  maxOutputTokens: 100,
};
const SILENT: ToldTokens = {
  ...{ input: null, output: null, cacheRead: null },
  ...{ cacheWrite5m: null, cacheWrite1h: null, reasoning: null },
};

test('a token is a byte at least: the bound is the bytes of the prompt, what a vendor adds, and the longest answer', () => {
  // 256 around all, 32 around each text; "Be brief." has 9 bytes, "héllo" 6.
  assert.equal(inputBound(ASKED), 256 + 32 + 9 + 32 + 6);
  assert.deepEqual(tokenBound(ASKED), { ...NO_TOKENS, input: 335, output: 100 });
  // $1 and $5 a million: 335 + 500 micro-dollars.
  assert.equal(receiptOf(usageOfTokens(ASKED.model, tokenBound(ASKED), NOW), NOW).totalMicros, 835);
});

test('all of a cached prompt may have to be written, at the price of its time', () => {
  assert.deepEqual(tokenBound({ ...ASKED, cache: '5m' }), { ...NO_TOKENS, cacheWrite5m: 335, output: 100 });
  // $2 a million for an hour: 670 + 500.
  const hour = tokenBound({ ...ASKED, cache: '1h' });
  assert.equal(receiptOf(usageOfTokens(ASKED.model, hour, NOW), NOW).totalMicros, 1170);
});

test('what the vendor tells is booked; what it leaves out counts as reserved', () => {
  const booked = (told: Partial<ToldTokens>, cache?: '5m') =>
    bookedTokens({ ...SILENT, ...told }, cache ? { ...ASKED, cache } : ASKED);
  assert.deepEqual(booked({ input: 12, output: 7 }), { ...NO_TOKENS, input: 12, output: 7 });
  assert.deepEqual(booked({ input: 12 }), { ...NO_TOKENS, input: 12, output: 100 });
  assert.deepEqual(booked({ output: 7 }), { ...NO_TOKENS, input: 335, output: 7 });
  assert.deepEqual(booked({}), { ...NO_TOKENS, input: 335, output: 100 });
  // A cached prompt: 335 at most, 12 of it were input, 200 were written: the rest may have been read.
  assert.deepEqual(booked({ input: 12, output: 7, cacheWrite5m: 200, cacheWrite1h: 0 }, '5m'), {
    ...{ ...NO_TOKENS, input: 12, output: 7 },
    ...{ cacheWrite5m: 200, cacheRead: 123 },
  });
  // Nothing said of writing: all of it may have been written.
  assert.deepEqual(booked({ input: 12, output: 7 }, '5m'), { ...NO_TOKENS, cacheWrite5m: 335, output: 7 });
});

test('whatever is left out, what is booked is never more than what was reserved', () => {
  const values = [null, 0, 30];
  for (const cache of [undefined, '5m', '1h'] as const)
    for (const input of values)
      for (const output of values)
        for (const cacheRead of values)
          for (const cacheWrite5m of values)
            for (const cacheWrite1h of values) {
              const asked = cache ? { ...ASKED, cache } : ASKED;
              const told = { input, output, cacheRead, cacheWrite5m, cacheWrite1h, reasoning: 0 };
              const most = tokenBound(asked);
              const booked = bookedTokens(told, asked);
              const costs = [booked, most].map(
                (one) => receiptOf(usageOfTokens(ASKED.model, one, NOW), NOW).totalMicros,
              );
              // Written tokens of a prompt that was not to be cached are dearer than any bound: that is a broken promise.
              if (cache !== '1h' && (cacheWrite1h ?? 0) > 0) continue;
              assert.ok(sumTokens(booked) <= sumTokens(most), JSON.stringify({ cache, told, booked }));
              assert.ok((costs[0] ?? 0) <= (costs[1] ?? 0), JSON.stringify({ cache, told, booked }));
            }
});

test('reasoning is output, unless the model prices it apart', () => {
  const used = { ...NO_TOKENS, output: 50, reasoning: 30 };
  const name = pricedModel(ASKED.model);
  assert.deepEqual(usageOfTokens(ASKED.model, used, NOW), [{ item: tokenItem(name, 'output'), quantity: 80 }]);
  const [row] = PRICE_ROWS.filter(({ item }) => item === tokenItem(name, 'output'));
  assert.ok(row);
  const apart = priceTable('2026-11-20', [...PRICE_ROWS, { ...row, item: tokenItem(name, 'reasoning'), nanos: 2e9 }]);
  assert.deepEqual(usageOfTokens(ASKED.model, used, apart), [
    { item: tokenItem(name, 'output'), quantity: 50 },
    { item: tokenItem(name, 'reasoning'), quantity: 30 },
  ]);
});

test('a model without a price is refused with those that have one', () => {
  assert.throws(() => NOW.priceOf(tokenItem('gpt-9', 'input')), {
    code: 'unpriced',
    message: /"gpt-9" has no price for input on 2026-11-20; priced are: .*claude-haiku-4-5, .*claude-sonnet-4-5/,
  });
  assert.ok(NOW.models().includes('claude-opus-4-5') && !NOW.models().includes('claude-haiku-4-5-20251001'));
});

test('a question is checked before anything is marked', () => {
  const refused = (change: Partial<LlmRequest>, message: RegExp) =>
    assert.throws(() => assertRequest({ ...ASKED, ...change }), { message });
  refused({ model: 'a b' }, /name of a model/);
  refused({ messages: [] }, /1 to 1000 messages/);
  refused({ messages: [{ role: 'assistant', content: 'x' }] }, /the user’s/);
  refused({ messages: [{ role: 'user', content: ' ' }] }, /empty/);
  refused({ messages: [{ role: 'user', content: '\ud800' }] }, /surrogate/);
  refused({ maxOutputTokens: 0 }, /1 to 128000/);
  refused({ maxOutputTokens: 1.5 }, /1 to 128000/);
  refused({ system: 'x'.repeat(1_000_001) }, /at most 1000000 bytes/);
});
