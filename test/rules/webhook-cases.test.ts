/** The list of webhook cases, W1 to W45, against the tests: each case is named in a comment above the test that is it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles } from './source-files.ts';

test('every webhook case from W1 to W45 has a test', () => {
  const named = sourceFiles({ tests: true })
    .filter(({ path }) => path.endsWith('.test.ts'))
    .flatMap(({ text }) => [...text.matchAll(/^\/\/ (.*W\d.*)\n(?:test\(|for \()/gm)])
    .flatMap(([, comment = '']) => [...comment.matchAll(/\bW(\d{1,2})\b/g)].map(([, n]) => Number(n)));
  const missing = Array.from({ length: 45 }, (_, n) => n + 1).filter((n) => !named.includes(n));
  assert.deepEqual(missing, []);
});
