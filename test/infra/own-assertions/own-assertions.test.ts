/**
 * What neither cdk-nag nor cfn-lint sees: each assertion holds in every stage and with every choice, and each sees the
 * template that breaks it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synthesized } from '../synthesized.ts';
import { VARIANT_NAMES, VARIANTS } from '../variants.ts';
import { KEPT } from './kept.ts';
import { REACHED } from './reached.ts';
import { type Stacks, spoiled } from './template.ts';

const ASSERTIONS = [...KEPT, ...REACHED];
const EVERYTHING = VARIANTS['with everything that an owner may choose'];
const made: readonly (readonly [name: string, stacks: Stacks])[] = [
  ...VARIANT_NAMES.map((name) => [name, synthesized(VARIANTS[name])] as const),
  ...['staging', 'prod'].map((stage) => [stage, synthesized({ stage, ...EVERYTHING })] as const),
];
const most = synthesized(EVERYTHING);

test('there are more than twenty assertions of our own, each of a name of its own', () => {
  assert.ok(ASSERTIONS.length >= 20);
  assert.equal(new Set(ASSERTIONS.map(({ name }) => name)).size, ASSERTIONS.length);
});

for (const { name, breaks, wrong } of ASSERTIONS) {
  test(`own assertion: ${name}`, () => {
    for (const [variant, stacks] of made)
      assert.deepEqual(
        breaks(stacks).map(({ id }) => id),
        [],
        variant,
      );
  });

  test(`it is seen when it breaks: ${name}`, () => {
    assert.ok(wrong.length > 0);
    for (const one of wrong) assert.ok(breaks(spoiled(most, one)).length > 0, JSON.stringify(one));
  });
}
