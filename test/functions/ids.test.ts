/** Identities grow, differ, and come from a source that nobody can guess. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { systemIds } from '../../shared/runtime/ids.ts';
import { jsonLog } from '../../shared/runtime/log.ts';

const still = { now: () => Date.UTC(2026, 10, 20) };

test('ulids of one millisecond grow and differ', () => {
  const ids = systemIds(still);
  const list = Array.from({ length: 1000 }, () => ids.ulid());
  assert.deepEqual(list, [...list].sort());
  assert.equal(new Set(list).size, 1000);
  assert.match(list[0] ?? '', /^[0-9A-HJKMNP-TV-Z]{26}$/);
});

test('ulids grow when the clock does not go back, and two sources do not meet', () => {
  const [one, other] = [systemIds(still), systemIds(still)];
  assert.notEqual(one.ulid(), other.ulid());
});

test('codes have all their digits, tokens all their bytes', () => {
  const ids = systemIds(still);
  const codes = Array.from({ length: 2000 }, () => ids.code(6));
  for (const code of codes) assert.match(code, /^\d{6}$/);
  assert.ok(
    codes.some((code) => code.startsWith('0')),
    'no leading zero in 2000 codes',
  );
  assert.equal(Buffer.from(ids.token(32), 'base64url').length, 32);
});

test('hashes are the known ones', () => {
  assert.equal(systemHashing.sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  // RFC 4231, test case 2.
  assert.equal(
    systemHashing.hmacSha256('Jefe', 'what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('a local log is one JSON line an entry, quiet below its level', () => {
  const lines: string[] = [];
  const log = jsonLog({ time: still, sink: (line) => lines.push(line), from: 'warn', about: { job: 'sweep' } });
  log.info('nothing');
  log.warn('something', { n: 1 });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [{ at: '2026-11-20T00:00:00.000Z', level: 'warn', job: 'sweep', message: 'something', n: 1 }],
  );
});
