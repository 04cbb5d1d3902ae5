/** The pause of an agent that runs away, and its question, when everything is delivered twice and dies in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RunRecord, tickSlot } from '../../shared/domain/run.ts';
import { runawayOf } from '../../shared/domain/runaway.ts';
import { checkRunaway } from '../../shared/jobs/check-runaway.ts';
import { getAgent } from '../../shared/store/agent-store.ts';
import { decisionMoveOps, openDecisions } from '../../shared/store/decision-store.ts';
import { encodeRecord } from '../../shared/store/instance-item.ts';
import { instanceKey, runPageKey } from '../../shared/store/keys.ts';
import { instance, POLICY } from '../fixtures/agent-facts.ts';
import { Crash, crashingTable, deployed, type FleetWorld, fleetWorld, work } from '../fixtures/fleet-world.ts';

/** Paid, alike on both sides, one a minute, the last one just now. */
const alike = (now: number, count: number): RunRecord[] =>
  Array.from({ length: count }, (_, k) => {
    const at = now - (count - 1 - k) * 60_000;
    return {
      ...{ slot: tickSlot(at), outcome: 'succeeded', attempt: 1, startedAt: at, durationMs: 0 },
      ...{ costMicros: 100_000, earnedMicros: 0, note: 'same', prints: { input: 'aaaa', outcome: 'bbbb' } },
    };
  });

async function looping(through?: Parameters<typeof fleetWorld>[0]): Promise<FleetWorld> {
  const world = fleetWorld(through);
  await deployed(world);
  world.time.advance(60 * 60_000);
  const records = alike(world.time.now(), 20);
  for (let from = 0; from < 20; from += 4) {
    const four = records.slice(from, from + 4);
    const runs = four.map(encodeRecord);
    const [first] = four;
    if (from === 16) await world.memory.write({ op: 'update', key: instanceKey('shop', 0), set: { j: runs } });
    else if (first)
      await world.memory.write({
        op: 'put',
        item: { ...runPageKey('shop', 0, first.startedAt, first.slot), v: 1, runs },
      });
  }
  return world;
}

async function checkPausedAndAskedOnce(world: FleetWorld, what: string): Promise<void> {
  await work(world);
  const agent = await getAgent(world.memory, 'shop');
  assert.deepEqual([agent?.status, agent?.pauseReason], ['paused', 'runaway'], what);
  assert.deepEqual(
    (await openDecisions(world.memory)).map(({ kind, status }) => [kind, status]),
    [['resume', 'awaiting_approval']],
    what,
  );
  assert.equal(world.mails.length, 1, what);
}

test('dying before or after any write, delivered again and once more: one pause, one question, one mail', async () => {
  let writes = 1;
  for (const when of ['before', 'after'] as const) {
    for (let write = 1; write <= writes; write++) {
      const world = await looping();
      const crashing = crashingTable(world.memory, { write, when });
      await checkRunaway({ ...world, table: crashing }, 'shop').catch((thrown: unknown) =>
        assert.ok(thrown instanceof Crash),
      );
      writes = Math.max(writes, crashing.writes() + 1);
      await checkRunaway(world, 'shop');
      await checkRunaway(world, 'shop');
      await leftovers(world);
      await checkPausedAndAskedOnce(world, `write ${write}, ${when}`);
    }
  }
  assert.ok(writes >= 4, `${writes} writes were tried`);
});

/** As the sweep sends what a crash left in the outbox. */
async function leftovers(world: FleetWorld): Promise<void> {
  for (const item of world.memory.items()) {
    if (item.pk !== 'OUTBOX') continue;
    await world.work.send(JSON.parse(String(item.message)));
    await world.memory.write({ op: 'delete', key: { pk: item.pk, sk: item.sk } });
  }
}

test('asked once for each pause: what was answered is not asked again by a late delivery', async () => {
  const world = await looping();
  await checkRunaway(world, 'shop');
  await work(world);
  const [decision] = await openDecisions(world.memory);
  assert.ok(decision);
  const { ops } = decisionMoveOps(world, decision, { to: 'rejected', actor: 'cli:alice', outcome: 'no' });
  assert.ok((await world.memory.transact(ops)).ok);
  await checkRunaway(world, 'shop');
  assert.deepEqual(await openDecisions(world.memory), []);
});

test('the rules are off at 0, and pass over what costs too little', () => {
  const facts = { instance: instance(), records: alike(10_000_000, 40), shortestGapSeconds: 60, since: 0 };
  assert.equal(runawayOf(facts, POLICY)?.kind, 'input');
  assert.equal(runawayOf(facts, { ...POLICY, runawayInputRuns: 0 })?.kind, 'outcome');
  assert.equal(runawayOf(facts, { ...POLICY, runawayInputRuns: 0, runawayOutcomeRuns: 0 }), null);
  assert.equal(runawayOf(facts, { ...POLICY, runawayMinMicros: 4_000_001 }), null);
  assert.equal(runawayOf({ ...facts, since: 10_000_000 - 600_000 }, POLICY), null, 'a person has let it go on since');
});
