/** The list of approval cases, A1 to A40 and L1 to L3, against the tests: each is named in the name of the test that is it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles } from './source-files.ts';

/** As the name of a test, or as the first word of a row that a test is made from. */
const NAMES = [
  /^ {0,2}(?:test|it)\(\s*(?:'((?:\\.|[^'\\])*)'|"([^"]*)"|`([^`]*)`)/gm,
  /^ {2,4}(?:\[|\w+: )?'((?:\\.|[^'\\])*)',$/gm,
];

const names = sourceFiles({ tests: true })
  .filter(({ path }) => path.endsWith('.test.ts') && !path.startsWith('test/rules/'))
  .flatMap(({ text }) => NAMES.flatMap((pattern) => [...text.matchAll(pattern)]))
  .map(([, single = '', double = '', template = '']) => single + double + template);

const missing = (letter: 'A' | 'L', count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${letter}${n + 1}`).filter(
    (name) => !names.some((one) => new RegExp(`\\b${name}\\b`).test(one)),
  );

test('every approval case from A1 to A40 and from L1 to L3 has a test', () => {
  assert.ok(names.length > 500, 'the names were not found');
  assert.deepEqual([...missing('A', 40), ...missing('L', 3)], []);
});
