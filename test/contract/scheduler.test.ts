/** One suite for the Scheduler port: this machine's own, and EventBridge's through the real SDK against its local door. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAwsApis } from '../../infra/local/aws-apis/api-server.ts';
import { awsFiring, schedulerApi } from '../../infra/local/aws-apis/scheduler-api.ts';
import { LocalScheduler } from '../../infra/local/scheduler/local-scheduler.ts';
import { schedulerClient } from '../../shared/aws/clients/scheduler.ts';
import { EventBridgeScheduler } from '../../shared/aws/eventbridge-scheduler.ts';
import { type Clock, stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Scheduler, WantedSchedule } from '../../shared/ports/outside.ts';
import { TickMessage } from '../../shared/wire/messages.ts';
import { dummyAws } from './local-aws.ts';

type Stand = {
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  /** "agent-instance scheduledFor" of every firing, in order. */
  readonly fired: string[];
  /** Moves the clock from due time to due time, as far as the given minutes. */
  pass(minutes: number): Promise<void>;
};

function local(): Stand & { engine: LocalScheduler } {
  const clock = stillClock();
  const fired: string[] = [];
  const engine = new LocalScheduler({
    table: mapTable(),
    time: clock,
    fire: async (target, scheduledFor) => {
      if (target.kind === 'agent') fired.push(`${target.agentId}-${target.instance} ${scheduledFor}`);
      if (target.kind !== 'aws') return;
      const { arn, input } = awsFiring(target, { scheduledFor, executionId: 'x', attempt: 1 });
      assert.equal(arn, 'arn:aws:sqs:local:000000000000:nova-test-runs');
      const tick = TickMessage.parse(JSON.parse(input));
      fired.push(`${tick.agentId}-${tick.instance} ${tick.scheduledFor}`);
    },
  });
  const pass = async (minutes: number): Promise<void> => {
    const until = clock.now() + minutes * 60_000;
    for (let due = await engine.nextDue(); due !== null && due <= until; due = await engine.tick())
      clock.set(Math.max(due, clock.now()));
    clock.set(until);
  };
  return { engine, scheduler: engine, clock, fired, pass };
}

async function eventBridge(): Promise<Stand> {
  const inner = local();
  const api = schedulerApi({ book: inner.engine.book, groups: ['nova-test'] });
  const server = await startAwsApis([api]);
  dummyAws();
  process.env.AWS_ENDPOINT_URL_SCHEDULER = server.url;
  const client = schedulerClient();
  after(async () => {
    client.destroy();
    await server.stop();
  });
  const scheduler = new EventBridgeScheduler(client, {
    group: 'nova-test',
    queueArn: 'arn:aws:sqs:local:000000000000:nova-test-runs',
    roleArn: 'arn:aws:iam::000000000000:role/nova-test-schedules',
    deadLetterArn: 'arn:aws:sqs:local:000000000000:nova-test-schedules-dead',
  });
  return { ...inner, scheduler };
}

const wanted = (agentId: string, instance: number, expression: string, extra?: Partial<WantedSchedule>) => ({
  name: `${agentId}-${instance}`,
  agentId,
  instance,
  schedule: { expression, timezone: 'UTC' },
  flexibleMinutes: 0,
  ...extra,
});

const STANDS: readonly [name: string, make: () => Promise<Stand>][] = [
  ['local', async () => local()],
  ['EventBridge over its local API', eventBridge],
];

for (const [name, make] of STANDS) {
  test(`${name}: what was put is listed as it was put, for its agent alone`, async () => {
    const { scheduler } = await make();
    const zoned = { schedule: { expression: 'cron(0 9 ? * MON-FRI *)', timezone: 'Europe/Berlin' } };
    const shop = [wanted('shop', 0, 'rate(5 minutes)'), wanted('shop', 1, '', { ...zoned, flexibleMinutes: 7 })];
    for (const one of shop) await scheduler.put(one);
    await scheduler.put(wanted('shop-1', 0, 'rate(1 hour)'));
    await scheduler.put(wanted('shopper', 0, 'rate(1 hour)'));
    assert.deepEqual(await scheduler.list('shop'), shop);
    assert.deepEqual(await scheduler.list('shop-1'), [wanted('shop-1', 0, 'rate(1 hour)')]);
    assert.deepEqual(await scheduler.list('nobody'), []);
  });

  test(`${name}: more schedules than a page of the API are all listed`, async () => {
    const { scheduler } = await make();
    for (let n = 0; n < 120; n++) await scheduler.put(wanted('fleet', n, 'rate(1 hour)'));
    const numbers = (await scheduler.list('fleet')).map(({ instance }) => instance).sort((a, b) => a - b);
    assert.deepEqual(numbers, [...Array(120).keys()]);
  });

  test(`${name}: a rate fires at once and then every period, told in whole seconds`, async () => {
    const { scheduler, pass, fired } = await make();
    await scheduler.put(wanted('shop', 3, 'rate(5 minutes)'));
    await pass(11);
    assert.deepEqual(fired, [
      'shop-3 2026-11-20T08:00:00Z',
      'shop-3 2026-11-20T08:05:00Z',
      'shop-3 2026-11-20T08:10:00Z',
    ]);
  });

  test(`${name}: putting the same again does not disturb a rate, putting another starts it anew`, async () => {
    const { scheduler, pass, fired } = await make();
    await scheduler.put(wanted('shop', 0, 'rate(5 minutes)'));
    await pass(3);
    await scheduler.put(wanted('shop', 0, 'rate(5 minutes)'));
    await pass(3);
    await scheduler.put(wanted('shop', 0, 'rate(1 hour)'));
    await pass(30);
    const times = fired.map((line) => line.slice(-9, -4));
    assert.deepEqual(times, ['08:00', '08:05', '08:06']);
    assert.equal((await scheduler.list('shop')).length, 1);
  });

  test(`${name}: a cron waits for its time in its zone, and a deleted one is silent`, async () => {
    const { scheduler, pass, fired } = await make();
    await scheduler.put(
      wanted('shop', 0, '', { schedule: { expression: 'cron(30 9 * * ? *)', timezone: 'Europe/Berlin' } }),
    );
    await pass(60);
    assert.deepEqual(fired, ['shop-0 2026-11-20T08:30:00Z']);
    await scheduler.delete('shop-0');
    await scheduler.delete('shop-0');
    await pass(48 * 60);
    assert.equal(fired.length, 1);
    assert.deepEqual(await scheduler.list('shop'), []);
  });

  test(`${name}: at fires once and stays listed`, async () => {
    const { scheduler, pass, fired } = await make();
    await scheduler.put(wanted('shop', 0, 'at(2026-11-20T08:30:00)'));
    await pass(120);
    assert.deepEqual(fired, ['shop-0 2026-11-20T08:30:00Z']);
    assert.equal((await scheduler.list('shop')).length, 1);
  });

  test(`${name}: a flexible window delays the firing, not the time it is for`, async () => {
    const { scheduler, pass, fired, clock } = await make();
    await scheduler.put(wanted('shop', 2, 'cron(0 10 * * ? *)', { flexibleMinutes: 15 }));
    await pass(119);
    assert.deepEqual(fired, []);
    await pass(16);
    assert.deepEqual(fired, ['shop-2 2026-11-20T10:00:00Z']);
    assert.equal(clock.now(), Date.parse('2026-11-20T10:15:00Z'));
  });

  test(`${name}: a schedule that AWS would refuse is refused, and nothing is kept`, async () => {
    const { scheduler } = await make();
    const bad = [
      wanted('shop', 0, 'cron(0 10 * * * *)'),
      wanted('shop', 0, 'rate(0 minutes)'),
      wanted('shop', 0, 'every(5 seconds)'),
      wanted('shop', 0, '', { schedule: { expression: 'rate(1 day)', timezone: 'Mars/Olympus' } }),
      wanted('shop', 0, 'rate(1 day)', { flexibleMinutes: 1441 }),
      wanted('shop', 0, 'rate(1 day)', { name: 'shop 0' }),
    ];
    for (const one of bad) await assert.rejects(scheduler.put(one), { code: 'bad_input' }, JSON.stringify(one));
    assert.deepEqual(await scheduler.list('shop'), []);
  });

  test(`${name}: ten writers of one schedule leave one schedule`, async () => {
    const { scheduler } = await make();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => scheduler.put(wanted('shop', 0, 'rate(5 minutes)'))),
    );
    assert.deepEqual(
      outcomes.filter(({ status }) => status === 'rejected'),
      [],
    );
    assert.deepEqual(await scheduler.list('shop'), [wanted('shop', 0, 'rate(5 minutes)')]);
  });
}
