/** The rules of a run that hold wherever it runs: money first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunContext } from '../../shared/domain/ctx.ts';
import type { RunCalls } from '../../shared/ports/host.ts';
import { MAX_EARNING_MICROS, openRun } from '../../shared/runtime/run-context.ts';
import { order, owner } from '../contract/host-world.ts';

function open(calls: RunCalls = owner(), now = () => 0) {
  return openRun(order({ deadline: 1_000, state: { seen: [1] } }), calls, { now });
}

const rejects = (code: string, message: RegExp) => ({ code, message });

test('a call that cost more than its bound books the bound and makes the run a crash, whatever it answers', async () => {
  const calls = owner();
  const run = open(calls);
  const call = run.ctx.spend(100, async () => ({ costMicros: 101, value: 'x' }));
  await assert.rejects(call, rejects('broken', /cost 101 micro-USD, its bound was 100/));
  assert.deepEqual(calls.asked, ['mark 100'], 'never settled: it costs its bound');
  assert.match(run.fault() ?? '', /its bound was 100/);
});

for (const costMicros of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY]) {
  test(`a call that says it cost ${costMicros} books its bound and makes the run a crash`, async () => {
    const calls = owner();
    const run = open(calls);
    await assert.rejects(run.ctx.spend(100, async () => ({ costMicros, value: 0 })));
    assert.deepEqual(calls.asked, ['mark 100']);
    assert.notEqual(run.fault(), null);
  });
}

test('a call that throws keeps its bound booked and hands on the error', async () => {
  const calls = owner();
  const run = open(calls);
  await assert.rejects(
    run.ctx.spend(100, () => Promise.reject(new Error('vendor down'))),
    /vendor down/,
  );
  assert.deepEqual(calls.asked, ['mark 100']);
  assert.equal(run.fault(), null);
});

test('paid calls at the same time are made one after another: each settles its own mark', async () => {
  const calls = owner();
  const { ctx } = open(calls);
  const pay = (bound: number) => ctx.spend(bound, async () => ({ costMicros: bound - 1, value: bound }));
  assert.deepEqual(await Promise.all([pay(10), pay(20), pay(30)]), [10, 20, 30]);
  assert.deepEqual(calls.asked, ['mark 10', 'settle 9', 'mark 20', 'settle 19', 'mark 30', 'settle 29']);
});

test('a paid call inside a paid call is refused instead of waiting for itself', async () => {
  const { ctx } = open();
  const inner = () => ctx.spend(1, async () => ({ costMicros: 1, value: 0 }));
  await assert.rejects(
    ctx.spend(10, async () => ({ costMicros: 1, value: await inner() })),
    /inside another one/,
  );
});

test('bounds and earnings that are not integers of money are refused before anything is asked', async () => {
  const calls = owner();
  const { ctx } = open(calls);
  for (const bound of [-1, 0.5, Number.NaN]) {
    await assert.rejects(
      ctx.spend(bound, async () => ({ costMicros: 0, value: 0 })),
      rejects('bad_input', /bound/),
    );
  }
  for (const amount of [0, -1, 0.5, Number.NaN, MAX_EARNING_MICROS + 1, Number.MAX_SAFE_INTEGER]) {
    await assert.rejects(ctx.earn(amount), rejects('bad_input', /positive integer/));
  }
  for (const id of ['', 'x'.repeat(201)]) {
    await assert.rejects(ctx.earn(1, id), rejects('bad_input', /1 to 200 characters/));
  }
  await assert.rejects(ctx.http.get(`https://x.org/${'x'.repeat(10_000)}`), rejects('bad_input', /10000 characters/));
  assert.deepEqual(calls.asked, []);
});

test('earnings are numbered, so that a second attempt declares the same movements', async () => {
  const calls = owner();
  const { ctx } = open(calls);
  await ctx.earn(5);
  await ctx.earn(6, 'order-17');
  await ctx.earn(7);
  assert.deepEqual(calls.asked, [`earn 5 ${ctx.runId}:1`, 'earn 6 order-17', `earn 7 ${ctx.runId}:3`]);
});

test('after its end and after its deadline a run reaches nothing', async () => {
  const calls = owner();
  const ended = open(calls);
  await ended.close();
  const late = open(calls, () => 1_000);
  const ways = (ctx: RunContext) => [
    ctx.spend(1, async () => ({ costMicros: 1, value: 0 })),
    ctx.earn(1),
    ctx.http.get('https://example.com/'),
  ];
  for (const call of ways(ended.ctx)) await assert.rejects(call, rejects('conflict', /the run has ended/));
  for (const call of ways(late.ctx)) await assert.rejects(call, rejects('conflict', /the deadline has passed/));
  ended.ctx.log('too late');
  assert.deepEqual(calls.asked, []);
});

test('the end of a run waits for a mark that is under way, and its call is not made', async () => {
  let marked = () => {};
  const calls: RunCalls = { ...owner(), mark: () => new Promise<void>((resolve) => (marked = resolve)) };
  const run = open(calls);
  let made = false;
  const call = run.ctx.spend(1, async () => {
    made = true;
    return { costMicros: 1, value: 0 };
  });
  await Promise.resolve();
  let closed = false;
  const closing = run.close().then(() => (closed = true));
  await new Promise(setImmediate);
  assert.equal(closed, false);
  marked();
  await assert.rejects(call, rejects('conflict', /the run has ended/));
  await closing;
  assert.equal(made, false);
});

test('the state is a copy, is changed by set alone, and must be JSON of a bounded size', () => {
  const { ctx, state } = open();
  const got = ctx.state.get() as { seen: number[] };
  got.seen.push(2);
  assert.equal(state.changed(), undefined);
  assert.throws(() => ctx.state.set('x'.repeat(300_000)), rejects('too_large', /300002 bytes/));
  assert.throws(() => ctx.state.set('漢'.repeat(100_000)), rejects('too_large', /300002 bytes/));
  assert.throws(() => ctx.state.set(1n as never), rejects('bad_input', /not JSON/));
  assert.throws(() => ctx.state.set(undefined as never), rejects('bad_input', /undefined/));
  ctx.state.set(got);
  got.seen.push(3);
  assert.deepEqual(state.changed(), { state: { seen: [1, 2] } });
  ctx.state.set({ seen: [1] });
  assert.equal(state.changed(), undefined, 'set back to what it was');
});

test('a run may say a hundred lines of bounded length, and once that more were dropped', () => {
  const lines: string[] = [];
  const { ctx } = open({ ...owner(), log: (message) => void lines.push(message) });
  for (let k = 0; k < 300; k += 1) ctx.log('y'.repeat(5_000), { big: 'z'.repeat(10_000) });
  assert.equal(lines.length, 101);
  assert.equal(lines[0]?.length, 1_000);
  assert.match(lines[100] ?? '', /the rest is dropped/);
});
