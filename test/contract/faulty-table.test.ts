import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dice } from '../../shared/memory/dice.ts';
import { type Fault, faultyTable, type TableCall } from '../../shared/memory/faulty-table.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';

const key = { pk: 'P', sk: 'a' };

describe('a faulty table', () => {
  for (const [fault, done] of [
    ['down', 0],
    ['throttled', 0],
    ['conflict', 0],
    ['lost', 1],
  ] as const) {
    it(`${fault} is an unavailable table that has ${done ? '' : 'not '}done what it was asked`, async () => {
      const table = mapTable();
      const faulty = faultyTable(table, (_, count) => (count <= 2 ? fault : null));
      await assert.rejects(faulty.write({ op: 'update', key, add: { n: 1 } }), { code: 'unavailable' });
      await assert.rejects(faulty.transact([{ op: 'update', key, add: { n: 1 } }]), { code: 'unavailable' });
      assert.deepEqual(await table.get(key), done ? { ...key, n: 2 } : null);
      assert.equal((await faulty.write({ op: 'update', key, add: { n: 1 } })).ok, true);
    });
  }

  it('shows its plan every call, with what was asked, and dies where the plan dies', async () => {
    const calls: TableCall['method'][] = [];
    const plan = (call: TableCall, count: number): Fault | null => {
      calls.push(call.method);
      if (count === 4) throw new RangeError('died');
      return null;
    };
    const faulty = faultyTable(mapTable(), plan);
    await faulty.write({ op: 'put', item: key });
    assert.deepEqual(await faulty.get(key), key);
    assert.deepEqual((await faulty.query({ pk: 'P' })).items, [key]);
    await assert.rejects(faulty.transact([{ op: 'delete', key }]), RangeError);
    assert.deepEqual(calls, ['write', 'get', 'query', 'transact']);
    assert.deepEqual(await faulty.get(key), key);
  });
});

describe('seeded randomness', () => {
  it('repeats itself for one seed and differs for another', () => {
    const throws = (seed: number): number[] =>
      Array.from(
        { length: 20 },
        (
          (d) => () =>
            d.below(1000)
        )(dice(seed)),
      );
    assert.deepEqual(throws(7), throws(7));
    assert.notDeepEqual(throws(7), throws(8));
  });

  it('is even: of 60,000 throws each face shows about a sixth', () => {
    const faces = [0, 0, 0, 0, 0, 0];
    const { below } = dice(1);
    for (let n = 0; n < 60_000; n++) {
      const face = below(6);
      faces[face] = (faces[face] ?? 0) + 1;
    }
    for (const shown of faces) assert.ok(Math.abs(shown - 10_000) < 400, `${faces}`);
  });

  it('makes ids of the right form, sortable by time and unique', () => {
    let now = 1_000;
    const ids = seededIds(1, { now: () => now });
    const made = Array.from({ length: 1000 }, (_, n) => {
      now += n % 3;
      return ids.ulid();
    });
    assert.deepEqual([...made].sort(), made);
    assert.equal(new Set(made).size, 1000);
    for (const id of made) assert.match(id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    assert.match(ids.code(6), /^\d{6}$/);
    assert.equal(Buffer.from(ids.token(32), 'base64url').length, 32);
    assert.equal(seededIds(1).token(16), seededIds(1).token(16));
  });
});
