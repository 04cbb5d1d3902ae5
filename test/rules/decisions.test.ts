/** DECISIONS.md is numbered from 1, each number once and one after another, and each choice says what lost. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const text = readFileSync(join(import.meta.dirname, '../../DECISIONS.md'), 'utf8');
const numbers = [...text.matchAll(/^\*\*(\d+)\. /gm)].map(([, number]) => Number(number));

test('the choices are numbered one after another, each with a line of its own before it', () => {
  assert.ok(numbers.length > 50, 'none were found: the test looked at nothing');
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  assert.doesNotMatch(text, /[^\n]\n\*\*\d+\. /);
});
