/** Lambda's event source, over a real queue: what is deleted, what stays, and how much goes on at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PollerOptions, startPoller } from '../../infra/local/rehearsal/poller.ts';
import { memoryQueue } from '../../shared/memory/memory-queue.ts';

type Body = { readonly n: number };
type SqsRecord = { messageId: string; body: string; eventSourceARN: string; attributes: Record<string, string> };
type Invoke = (records: readonly (SqsRecord & Body)[]) => Promise<unknown>;

const ARN = 'arn:aws:sqs:us-east-1:000000000000:nova-test';
const queueOf = (visibilitySeconds = 60) =>
  memoryQueue<Body>({ name: 'q', time: { now: () => Date.now() }, visibilitySeconds, maxReceiveCount: 3 });

function polling(queue: ReturnType<typeof queueOf>, invoke: Invoke, ways: Partial<PollerOptions> = {}) {
  const troubles: string[] = [];
  // The queue in memory does not wait: the poller's patience is a short sleep here.
  const inbox = {
    ...queue,
    receive: async (options: { max: number }) => {
      await sleep(5);
      return queue.receive({ ...options, waitSeconds: 0 });
    },
  };
  const poller = startPoller({
    ...{ inbox, queueArn: ARN, batchSize: 5, concurrency: 2 },
    invoke: (event) => {
      const { Records } = event as { Records: SqsRecord[] };
      return invoke(Records.map((record) => ({ ...record, ...(JSON.parse(record.body) as Body) })));
    },
    onTrouble: (_, error) => void troubles.push(error),
    ...ways,
  });
  return { poller, troubles };
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; !check(); tries++) {
    assert.ok(tries < 400, 'it never came about');
    await sleep(5);
  }
}

test('messages come as SQS events, and what was not named as failed is deleted', async () => {
  const queue = queueOf();
  await queue.sendMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
  const seen: SqsRecord[] = [];
  const { poller } = polling(queue, async (records) => {
    seen.push(...records);
    const failed = records.filter(({ n }) => n === 2);
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
  await until(() => queue.size() === 1);
  await poller.stop();
  assert.deepEqual(queue.messages(), [{ n: 2 }]);
  assert.deepEqual(
    seen.map(({ eventSourceARN, attributes }) => [eventSourceARN, attributes.ApproximateReceiveCount]),
    seen.map(() => [ARN, '1']),
  );
});

for (const [what, answer] of [
  ['names a message that is not of the batch', { batchItemFailures: [{ itemIdentifier: 'who' }] }],
  ['names nothing where a name should be', { batchItemFailures: [{}] }],
  ['says something else', { batchItemFailures: 'all' }],
] as const) {
  test(`an answer that ${what} fails the whole batch`, async () => {
    const queue = queueOf();
    await queue.sendMany([{ n: 1 }, { n: 2 }]);
    let calls = 0;
    const { poller } = polling(queue, async () => {
      calls++;
      return answer;
    });
    await until(() => calls > 0);
    await poller.stop();
    assert.equal(queue.size(), 2);
  });
}

for (const answer of [null, {}, { batchItemFailures: [] }, { batchItemFailures: null }]) {
  test(`the answer ${JSON.stringify(answer)} means that all is done`, async () => {
    const queue = queueOf();
    await queue.sendMany([{ n: 1 }, { n: 2 }]);
    const { poller } = polling(queue, async () => answer);
    await until(() => queue.size() === 0);
    await poller.stop();
  });
}

test('a function that throws leaves its messages to their visibility time-out, then to the dead letters', async () => {
  const queue = queueOf(0.05);
  await queue.send({ n: 1 });
  const counts: string[] = [];
  const { poller, troubles } = polling(queue, async ([record]) => {
    counts.push(record?.attributes.ApproximateReceiveCount ?? '');
    throw new Error('no table');
  });
  await until(() => queue.size() === 0);
  await poller.stop();
  assert.deepEqual(counts, ['1', '2', '3']);
  assert.deepEqual(troubles, ['no table', 'no table', 'no table']);
  assert.equal((await queue.depth()).dead, 1);
});

test('never more batches go on than allowed, and stopping waits for those that do', async () => {
  const queue = queueOf();
  await queue.sendMany(Array.from({ length: 12 }, (_, n) => ({ n })));
  let [now, most, done] = [0, 0, 0];
  const { poller } = polling(
    queue,
    async (records) => {
      most = Math.max(most, ++now);
      await sleep(20);
      now--;
      done += records.length;
    },
    { batchSize: 1, concurrency: 3 },
  );
  await until(() => now > 0);
  await poller.stop();
  assert.equal(now, 0);
  assert.ok(most <= 3, `${most} at a time`);
  assert.ok(done >= 1 && done < 12, `${done} done`);
});
