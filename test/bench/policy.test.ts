/** A floor far below what the rules do, so that only something that is wrong with them is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyFigures } from './policy.ts';

test('the rules answer tens of thousands of questions a second, and what is remembered is faster', async () => {
  const { judgedPerSecond, rememberedPerSecond, firstVerdictMs } = await policyFigures(20_000);
  assert.ok(judgedPerSecond > 10_000, `${judgedPerSecond} a second`);
  assert.ok(rememberedPerSecond > judgedPerSecond, `${rememberedPerSecond} remembered, ${judgedPerSecond} judged`);
  assert.ok(firstVerdictMs < 2_000, `${firstVerdictMs} ms`);
});
