/** docs/threat-model.md against the tests: each link names a test that is there, in the file it says. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { missingTests } from './named-tests.ts';
import { root } from './source-files.ts';

const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
const LINK = /\[([^\]]+)\]\(([^)]+)\)/g;

/** Links that lead nowhere: no such file, or no test of that name in it. */
function broken(text: string): string[] {
  const links = [...text.matchAll(LINK)].map(([, name = '', target = '']) => ({
    name,
    path: posix.join('docs', target),
  }));
  const gone = links.filter(({ path }) => !existsSync(join(root, path))).map(({ path }) => `${path} is not there`);
  return [
    ...gone,
    ...missingTests(links.filter(({ path }) => path.endsWith('.test.ts') && existsSync(join(root, path)))),
  ];
}

test('every threat names a test that holds it, and every named test is there', () => {
  const rows = page.split('\n').filter((line) => /^\| (?!threat|---)/.test(line));
  assert.ok(rows.length >= 30, `${rows.length} threats`);
  for (const row of rows) assert.match(row, /\]\(/, row);
  assert.deepEqual(broken(page), []);
});

test('a link to a test that is gone is found', () => {
  assert.deepEqual(broken('[no such thing](../test/rules/threat-model.test.ts)').length, 1);
  assert.deepEqual(broken('[a link to a test that is gone is found](../test/rules/nowhere.test.ts)').length, 1);
  assert.deepEqual(broken('[a link to a test that is gone is found](../test/rules/threat-model.test.ts)'), []);
});

test('the page is one page', () => {
  assert.ok(page.split('\n').length <= 100);
});
