/** The tests that the register of controls rests on: they are there, under these names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REGISTER } from '../../shared/domain/compliance/register.ts';
import { missingTests } from './named-tests.ts';

test('every test that the register of controls names is there', () => {
  const named = REGISTER.flatMap(({ tests = [] }) => tests.map(({ test: name, file }) => ({ name, path: file })));
  assert.ok(named.length > 20);
  assert.deepEqual(missingTests(named), []);
});
