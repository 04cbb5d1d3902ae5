/** Shares of one payment: exact to the minor unit, and the same whatever led to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linkTags, tagsOfAddress } from '../../shared/domain/link-tag.ts';
import { partsOf, sharesOf } from '../../shared/domain/split.ts';

test('a whole is split by largest remainder, worked out by hand', () => {
  const parts = (whole: bigint, ...weights: bigint[]) => partsOf(whole, weights).map(Number);
  assert.deepEqual(parts(1000n, 60n, 40n), [600, 400]);
  // 100 / 3 = 33.33 each: the cent that is left goes to the first.
  assert.deepEqual(parts(100n, 1n, 1n, 1n), [34, 33, 33]);
  // 7 × 60 / 100 = 4.2 and 2.8: the larger remainder wins.
  assert.deepEqual(parts(7n, 60n, 40n), [4, 3]);
  assert.deepEqual(parts(-7n, 60n, 40n), [-4, -3]);
  assert.deepEqual(parts(1n, 50n, 30n, 20n), [1, 0, 0]);
  assert.deepEqual(parts(0n, 5n, 5n), [0, 0]);
});

test('parts always add up, mirror each other, and are never a whole unit off', () => {
  const weights = fc.array(fc.bigInt(1n, 1_000_000n), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 18n), 10n ** 18n), weights, (whole, given) => {
      const parts = partsOf(whole, given);
      const total = given.reduce((sum, one) => sum + one, 0n);
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0n),
        whole,
      );
      assert.deepEqual(
        partsOf(-whole, given),
        parts.map((part) => -part),
      );
      for (const [place, part] of parts.entries()) {
        const off = part * total - whole * (given[place] ?? 0n);
        assert.ok(off < total && off > -total, `${part} of ${whole}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('shares are whole numbers of different agents, five at most', () => {
  const one = (agentId: string, weight: number) => ({ agentId, weight });
  assert.deepEqual(
    sharesOf([one('b', 1), one('c', 7), one('a', 1)]).map(({ agentId }) => agentId),
    ['c', 'a', 'b'],
  );
  const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => one(id, 1));
  for (const wrong of [[], [one('a', 0)], [one('a', 1.5)], [one('a', 1), one('a', 2)], six])
    assert.throws(() => sharesOf(wrong), { code: 'bad_input' });
});

test('a link says whose it is when an agent signed it, and its campaign when none did', () => {
  const tags: [Parameters<typeof linkTags>[0], string[]][] = [
    [{ client_reference_id: 'nova_mailer_issue-12' }, ['agent:mailer']],
    [{ client_reference_id: 'cart_8841' }, []],
    [{ utm_source: 'nova', utm_campaign: 'mailer' }, ['agent:mailer']],
    [{ utm_source: 'google', utm_campaign: 'Spring Sale' }, ['utm:spring sale']],
    [{ utm_campaign: 'spring', utm_content: 'nova_mailer' }, ['agent:mailer']],
    [{ utm_campaign: 'a\u0000b' }, []],
    [{ client_reference_id: 'nova_-x' }, []],
    [{}, []],
  ];
  for (const [fields, expected] of tags) assert.deepEqual(linkTags(fields), expected, JSON.stringify(fields));
  const address = 'https://blog.example.com/a?x=%ZZ&utm_campaign=spring+sale&utm_source=blog#utm_campaign=other';
  assert.deepEqual(tagsOfAddress(address), ['utm:spring sale']);
  for (const none of ['direct', '', null, 'https://x.example', 'ftp://x/?utm_campaign=a'])
    assert.deepEqual(tagsOfAddress(none), []);
});
