/**
 * A crowd at one request, a thousand times over, each time in another order: one winner, one order to execute. Slow: it is two
 * hundred thousand answers.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../shared/domain/approval.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { approvalWorld, ask, executions, type Letter, press, stateOf } from '../fixtures/approval-world.ts';

const REPEATS = 1000;

/** Small, seeded, and good enough to shuffle turns. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Every call of the table waits a random number of turns first: whoever came first need not be served first. */
function shuffledWorld(seed: number) {
  const roll = dice(seed);
  const inner = mapTable();
  const late =
    <In, Out>(call: (input: In) => Promise<Out>) =>
    async (input: In): Promise<Out> => {
      for (let turns = Math.floor(roll() ** 3 * 60); turns > 0; turns--) await undefined;
      return call(input);
    };
  const table = {
    ...inner,
    get: late(inner.get),
    query: late(inner.query),
    write: late(inner.write),
    transact: late(inner.transact),
  };
  return { world: approvalWorld({ table }), roll };
}

async function crowd(seed: number, answerOf: (i: number) => Answer) {
  const { world, roll } = shuffledWorld(seed);
  const letter: Letter = await ask(world);
  const turns = Array.from({ length: 100 }, (_, i) => ({ answer: answerOf(i), order: roll() }));
  turns.sort((a, b) => a.order - b.order);
  const answers = await Promise.all(
    turns.map(async ({ answer }) => ({ answer, status: (await press(world, letter, answer)).status })),
  );
  return { answers, state: await stateOf(world, letter), orders: executions(world) };
}

test('A12: a hundred parallel approvals, a thousand times: one transition and one execution', async () => {
  for (let seed = 1; seed <= REPEATS; seed++) {
    const { answers, state, orders } = await crowd(seed, () => 'approve');
    assert.deepEqual([state, orders], ['approved/approved', 1], `seed ${seed}`);
    assert.ok(answers.some(({ status }) => status === 303));
    assert.ok(
      answers.every(({ status }) => status === 303 || status === 404),
      `seed ${seed}`,
    );
  }
});

test('A13: fifty approvals against fifty rejections, a thousand times: one winner, executed only if it approved', async () => {
  const winners = new Map<string, number>();
  for (let seed = 1; seed <= REPEATS; seed++) {
    const { answers, state, orders } = await crowd(seed, (i) => (i % 2 === 0 ? 'approve' : 'reject'));
    assert.match(state, /^approved\/approved$|^rejected\/rejected$/, `seed ${seed}`);
    assert.equal(orders, state.startsWith('approved') ? 1 : 0, `seed ${seed}`);
    const won = state.startsWith('approved') ? 'approve' : 'reject';
    for (const { answer, status } of answers) {
      assert.ok(status === 404 || status === (answer === won ? 303 : 409), `seed ${seed}: ${answer} got ${status}`);
    }
    winners.set(state, (winners.get(state) ?? 0) + 1);
  }
  assert.ok(winners.size === 2, JSON.stringify([...winners]));
});
