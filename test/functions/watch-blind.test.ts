/** Who tells that nobody can tell: a watch that fails for long makes the sweep fail, which others ring for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweep } from '../../shared/jobs/sweep.ts';
import { listAlerts } from '../../shared/store/alert-store.ts';
import { channelKey } from '../../shared/store/keys.ts';
import { cliWorld } from '../fixtures/cli-world.ts';

const MINUTE = 60_000;

test('a watch that fails for twenty minutes fails the sweep, whose other parts go on, until it is mended', async () => {
  const { world } = cliWorld();
  let now = Math.ceil(world.time.now() / (60 * MINUTE)) * 60 * MINUTE;
  const at = { ...world, time: { now: () => now } };
  const minutes = async (count: number): Promise<string[]> => {
    const failures: string[] = [];
    for (let n = 0; n < count; n++) {
      const { failed, metrics } = await sweep(at);
      assert.ok(metrics, 'the numbers of the fleet are told all the same');
      if (failed !== undefined) failures.push(String(failed));
      now += MINUTE;
    }
    return failures;
  };
  assert.deepEqual(await minutes(10), []);
  await world.table.write({ op: 'update', key: channelKey('ops'), set: { v: 1, kind: 'pigeon' } });
  assert.deepEqual(await minutes(15), [], 'what passes is no news');
  const [first = '', ...more] = await minutes(10);
  assert.match(first, /^for 20 min nobody could look at what is wrong/);
  assert.equal(more.length, 1);
  await world.table.write({ op: 'update', key: channelKey('ops'), set: { off: true } });
  assert.deepEqual(await minutes(10), []);
  assert.deepEqual(await listAlerts(world.table), []);
});
