/** The promise of the Queue, Inbox and QueueAdmin ports. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Delivery, Inbox, Queue, QueueAdmin } from '../../shared/ports/queue.ts';

export type Body = { readonly n: number; readonly text?: string };
export type QueueSubject = {
  readonly queue: Queue<Body> & Inbox & QueueAdmin;
  /** Lets time pass, by clock or by waiting. */
  readonly pass: (seconds: number) => Promise<void>;
};
/** A new queue: a message comes back after 1 s, and is dead after 2 receives. */
export type GivenQueue = () => Promise<QueueSubject>;

const NOW = { waitSeconds: 0 };
const bodies = (deliveries: readonly Delivery[]): number[] =>
  deliveries.map(({ body }) => (JSON.parse(body) as Body).n).sort((a, b) => a - b);

/** Everything that is visible, in as many receives as it takes. */
async function drain(queue: Inbox): Promise<Delivery[]> {
  const all: Delivery[] = [];
  for (;;) {
    const some = await queue.receive({ max: 10, ...NOW });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

export function queueSuite(given: GivenQueue): void {
  it('gives what was sent, as JSON, counted from one, and nothing once it is deleted', async () => {
    const { queue, pass } = await given();
    const text = 'é "quoted" \u{1F600}\n\u0000\uffff';
    await queue.send({ n: 1, text });
    const [delivery, ...others] = await queue.receive({ max: 10, ...NOW });
    assert.deepEqual(others, []);
    assert.deepEqual(JSON.parse(delivery?.body ?? ''), { n: 1, text });
    assert.equal(delivery?.receiveCount, 1);
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 1, dead: 0 });
    await queue.delete(delivery?.receipt ?? '');
    await pass(1.2);
    assert.deepEqual(await queue.receive({ max: 10, ...NOW }), []);
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, dead: 0 });
  });

  it('sends any number at once and gives at most as many as were asked for', async () => {
    const { queue } = await given();
    await queue.sendMany([]);
    await queue.sendMany(Array.from({ length: 23 }, (_, n) => ({ n })));
    assert.deepEqual(await queue.depth(), { visible: 23, inFlight: 0, dead: 0 });
    const some = await queue.receive({ max: 3, ...NOW });
    assert.equal(some.length, 3);
    assert.deepEqual(
      bodies([...some, ...(await drain(queue))]),
      Array.from({ length: 23 }, (_, n) => n),
    );
  });

  it('hides what was received, gives it again after its time-out, and lets it die after its last receive', async () => {
    const { queue, pass } = await given();
    await queue.send({ n: 1 });
    assert.equal((await drain(queue)).length, 1);
    assert.equal((await drain(queue)).length, 0);
    await pass(1.2);
    assert.deepEqual(
      (await drain(queue)).map(({ receiveCount }) => receiveCount),
      [2],
    );
    await pass(1.2);
    assert.deepEqual(await drain(queue), []);
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, dead: 1 });
    const [letter] = await queue.deadLetters(10);
    assert.deepEqual(JSON.parse(letter?.body ?? ''), { n: 1 });
    assert.match(letter?.reason ?? '', /received/);
  });

  it('gives back at once or later', async () => {
    const { queue, pass } = await given();
    await queue.sendMany([{ n: 1 }, { n: 2 }]);
    for (const { receipt, body } of await drain(queue)) await queue.giveBack(receipt, body.includes('1') ? 0 : 2);
    assert.deepEqual(await queue.depth(), { visible: 1, inFlight: 1, dead: 0 });
    assert.deepEqual(bodies(await drain(queue)), [1]);
    await pass(1.2);
    // 2 is later than its own time-out would have been; 1 came back and died.
    assert.deepEqual(bodies(await drain(queue)), []);
    await pass(1);
    assert.deepEqual(bodies(await drain(queue)), [2]);
  });

  it('holds back what is sent with a delay', async () => {
    const { queue, pass } = await given();
    await queue.send({ n: 1 }, { delaySeconds: 1 });
    await queue.send({ n: 2 }, { delaySeconds: 0 });
    assert.deepEqual(bodies(await drain(queue)), [2]);
    await pass(1.2);
    assert.ok(bodies(await drain(queue)).includes(1));
  });

  it('ignores a receipt that is no longer valid', async () => {
    const { queue, pass } = await given();
    await queue.send({ n: 1 });
    const [first] = await drain(queue);
    await pass(1.2);
    const [second] = await drain(queue);
    assert.equal(second?.receiveCount, 2);
    await queue.delete(second?.receipt ?? '');
    await queue.giveBack(first?.receipt ?? '', 0);
    await queue.giveBack(second?.receipt ?? '', 0);
    assert.deepEqual(await drain(queue), []);
  });

  it('puts aside at once what nobody can read, with the reason, and takes it back on redrive', async () => {
    const { queue } = await given();
    await queue.sendMany([{ n: 1 }, { n: 2 }]);
    for (const delivery of await drain(queue)) await queue.quarantine(delivery, 'n is no agent');
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, dead: 2 });
    const letters = await queue.deadLetters(10);
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['n is no agent', 'n is no agent'],
    );
    assert.equal((await queue.deadLetters(1)).length, 1);
    assert.equal(await queue.redrive(1), 1);
    assert.deepEqual(await queue.depth(), { visible: 1, inFlight: 0, dead: 1 });
    assert.equal(await queue.redrive(100), 1);
    assert.equal(await queue.redrive(100), 0);
    const back = await drain(queue);
    assert.deepEqual(bodies(back), [1, 2]);
    assert.deepEqual(
      back.map(({ receiveCount }) => receiveCount),
      [1, 1],
    );
  });

  it('gives one message to one of many who ask at once', async () => {
    const { queue } = await given();
    await queue.sendMany(Array.from({ length: 20 }, (_, n) => ({ n })));
    const received = await Promise.all(Array.from({ length: 10 }, () => queue.receive({ max: 2, ...NOW })));
    const all = [...received.flat(), ...(await drain(queue))];
    assert.deepEqual(
      bodies(all),
      Array.from({ length: 20 }, (_, n) => n),
    );
  });
}

/** Stricter than SQS, which may or may not honour an old receipt: ours never do. */
export function receiptSuite(given: GivenQueue): void {
  it('does nothing for the receipt of an earlier delivery', async () => {
    const { queue, pass } = await given();
    await queue.send({ n: 1 });
    const [first] = await drain(queue);
    await pass(1.2);
    const [second] = await drain(queue);
    assert.ok(first && second);
    await queue.delete(first.receipt);
    await queue.giveBack(first.receipt, 0);
    await queue.quarantine(first, 'too late');
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 1, dead: 0 });
    for (const wild of ['', 'x', '1', '-1.1', '1.1.1e9']) await queue.giveBack(wild, 0);
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 1, dead: 0 });
    await queue.delete(second.receipt);
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, dead: 0 });
  });

  it('honours a receipt after its time-out while nobody else has the message', async () => {
    const { queue, pass } = await given();
    await queue.send({ n: 1 });
    const [only] = await drain(queue);
    await pass(1.2);
    await queue.delete(only?.receipt ?? '');
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, dead: 0 });
  });
}

/** For queues that can wait: a receive ends when something comes, and not before its time when nothing does. */
export function waitingSuite(given: GivenQueue): void {
  it('waits for a message, and takes it as soon as it comes', async () => {
    const { queue } = await given();
    const started = performance.now();
    const waiting = queue.receive({ max: 1, waitSeconds: 5 });
    setTimeout(() => void queue.send({ n: 1 }), 100);
    assert.deepEqual(bodies(await waiting), [1]);
    const tookMs = performance.now() - started;
    assert.ok(tookMs >= 90 && tookMs < 2_000, `${tookMs} ms`);
  });

  it('waits for what becomes visible with time', async () => {
    const { queue } = await given();
    await queue.send({ n: 1 }, { delaySeconds: 1 });
    const started = performance.now();
    assert.deepEqual(bodies(await queue.receive({ max: 1, waitSeconds: 5 })), [1]);
    const tookMs = performance.now() - started;
    assert.ok(tookMs >= 800 && tookMs < 3_000, `${tookMs} ms`);
  });

  it('stops waiting when its time is over', async () => {
    const { queue } = await given();
    const started = performance.now();
    assert.deepEqual(await queue.receive({ max: 1, waitSeconds: 1 }), []);
    const tookMs = performance.now() - started;
    assert.ok(tookMs >= 900 && tookMs < 2_500, `${tookMs} ms`);
  });
}
