/** One suite, every queue there is on this machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { sqsClient } from '../../shared/aws/clients/sqs.ts';
import { sqsQueue } from '../../shared/aws/sqs-queue.ts';
import { openSqliteDb, type SqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { type SqliteQueue, sqliteQueue } from '../../shared/embedded/sqlite-queue.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { memoryQueue } from '../../shared/memory/memory-queue.ts';
import { dummyAws, fauxqs, type Started } from './local-aws.ts';
import { type Body, type GivenQueue, queueSuite, receiptSuite, waitingSuite } from './queue.suite.ts';

const LIMITS = { visibilitySeconds: 1, maxReceiveCount: 2 };
const wallClock = { now: () => Date.now() };
const pass = (seconds: number): Promise<void> => sleep(seconds * 1000);
let named = 0;

describe('the queue in memory', () => {
  const clock = stillClock();
  const given: GivenQueue = async () => ({
    queue: memoryQueue<Body>({ name: `q${++named}`, time: clock, ...LIMITS }),
    pass: async (seconds) => clock.advance(seconds * 1000),
  });
  queueSuite(given);
  receiptSuite(given);

  it('tells how much it holds and when the next message is to be had', async () => {
    const queue = memoryQueue<Body>({ name: 'q', time: clock, ...LIMITS });
    assert.deepEqual([queue.size(), queue.nextVisibleAt()], [0, null]);
    await queue.send({ n: 1 }, { delaySeconds: 30 });
    await queue.send({ n: 2 });
    assert.deepEqual([queue.size(), queue.nextVisibleAt()], [2, clock.now()]);
    await queue.receive({ max: 1, waitSeconds: 0 });
    assert.equal(queue.nextVisibleAt(), clock.now() + 1000);
    assert.deepEqual(queue.messages(), [{ n: 1 }, { n: 2 }]);
  });

  it('gives messages in the order its owner picks', async () => {
    const queue = memoryQueue<Body>({ name: 'q', time: clock, ...LIMITS, pick: (visible) => visible - 1 });
    await queue.sendMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const received = await queue.receive({ max: 3, waitSeconds: 0 });
    assert.deepEqual(
      received.map(({ body }) => JSON.parse(body)),
      [{ n: 3 }, { n: 2 }, { n: 1 }],
    );
  });
});

describe('the queue in SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-queue-'));
  const path = join(folder, 'nova.sqlite');
  let db: SqliteDb;
  const queues: SqliteQueue<Body>[] = [];
  before(() => {
    db = openSqliteDb({ path });
  });
  after(() => {
    for (const queue of queues) queue.close();
    db.close();
    rmSync(folder, { recursive: true });
  });
  const open = (options: object = {}): SqliteQueue<Body> => {
    const queue = sqliteQueue<Body>({ db, name: `q${++named}`, time: wallClock, ...LIMITS, ...options });
    queues.push(queue);
    return queue;
  };
  const given: GivenQueue = async () => {
    const clock = stillClock();
    return { queue: open({ time: clock }), pass: async (seconds) => clock.advance(seconds * 1000) };
  };
  queueSuite(given);
  receiptSuite(given);
  waitingSuite(async () => ({ queue: open(), pass }));

  it('wakes its consumer when a message comes and when one comes back', async () => {
    let wakes = 0;
    const queue = open({ visibilitySeconds: 0.2, wake: () => wakes++ });
    await queue.sendMany([{ n: 1 }, { n: 2 }]);
    await sleep(20);
    assert.equal(wakes, 1);
    await queue.receive({ max: 10, waitSeconds: 0 });
    await sleep(100);
    assert.equal(wakes, 1);
    await sleep(250);
    assert.equal(wakes, 2);
  });

  it('keeps messages, receives and dead letters over a restart, and then frees what dead holders held', async () => {
    const other = join(folder, 'other.sqlite');
    const options = { name: 'runs', time: wallClock, visibilitySeconds: 3600, maxReceiveCount: 2 };
    const first = openSqliteDb({ path: other });
    const queue = sqliteQueue<Body>({ db: first, ...options });
    await queue.sendMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await queue.send({ n: 4 }, { delaySeconds: 900 });
    const [held, late, dead] = await queue.receive({ max: 3, waitSeconds: 0 });
    if (dead) await queue.quarantine(dead, 'no');
    await queue.giveBack(late?.receipt ?? '', 600);
    queue.close();
    first.close();

    const second = openSqliteDb({ path: other });
    const again = sqliteQueue<Body>({ db: second, ...options });
    assert.deepEqual(await again.depth(), { visible: 0, inFlight: 3, dead: 1 });
    assert.equal(await again.releaseAll(), 1);
    const received = await again.receive({ max: 10, waitSeconds: 0 });
    assert.deepEqual(
      received.map(({ body, receiveCount }) => [body, receiveCount]),
      [[held?.body, 2]],
    );
    again.close();
    second.close();
  });

  it('ends waiting receives when it is closed', async () => {
    const queue = open();
    const waiting = queue.receive({ max: 1, waitSeconds: 20 });
    await sleep(20);
    queue.close();
    assert.deepEqual(await waiting, []);
  });
});

describe('the queue in SQS (fauxqs)', { skip: fauxqs.missing ?? false, concurrency: true }, () => {
  let started: Started;
  let client: SQSClient;
  before(async () => {
    dummyAws();
    started = await fauxqs.start();
    process.env.AWS_ENDPOINT_URL_SQS = started.endpoint;
    client = sqsClient();
  });
  after(async () => {
    client.destroy();
    await started.stop();
  });
  const create = async (attributes: Record<string, string>): Promise<string> => {
    const QueueName = `nova-test-${++named}`;
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName, Attributes: attributes }));
    return QueueUrl;
  };
  const given = async () => {
    const deadLetterUrl = await create({});
    const names = { QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn' as const] };
    const { Attributes } = await client.send(new GetQueueAttributesCommand(names));
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 2 });
    const url = await create({ VisibilityTimeout: '1', RedrivePolicy });
    return { queue: sqsQueue<Body>({ client, url, deadLetterUrl }), pass };
  };
  queueSuite(given);
  waitingSuite(given);
});
