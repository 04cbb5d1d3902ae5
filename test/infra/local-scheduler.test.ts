import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Fire,
  LocalScheduler,
  type LocalSchedulerOptions,
  type SystemSchedule,
} from '../../infra/local/scheduler/local-scheduler.ts';
import { startTicker } from '../../infra/local/scheduler/ticker.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Table } from '../../shared/ports/table.ts';

const MINUTE = 60_000;
const START = '2026-11-20T08:00:00Z';

function stand(options: Partial<LocalSchedulerOptions> = {}) {
  const clock = stillClock(Date.parse(START));
  const fired: string[] = [];
  const fire: Fire = async (target, scheduledFor) => {
    const name = target.kind === 'agent' ? `${target.agentId}-${target.instance}` : target.name;
    fired.push(`${name} ${scheduledFor.slice(11, -1)}`);
  };
  const table = options.table ?? mapTable();
  const all = { table, time: clock, fire, ...options };
  return { clock, fired, table, scheduler: new LocalScheduler(all), restart: () => new LocalScheduler(all) };
}

const every5 = (name = 'shop-0') => ({
  name,
  agentId: 'shop',
  instance: 0,
  schedule: { expression: 'rate(5 minutes)', timezone: 'UTC' },
  flexibleMinutes: 0,
});

test('after a downtime only the latest firing is made up for, and the rest are counted', async () => {
  const { clock, fired, scheduler, restart } = stand();
  await scheduler.put(every5());
  await scheduler.tick();
  clock.advance(6 * 60 * MINUTE + 2 * MINUTE);
  const again = restart();
  assert.equal(await again.tick(), Date.parse('2026-11-20T14:05:00Z'));
  assert.deepEqual(fired, ['shop-0 08:00:00', 'shop-0 14:00:00']);
  assert.deepEqual(again.counts(), { fired: 1, missed: 71, failed: 0 });
});

test('a firing more than an hour late is not made up for, but counted', async () => {
  const { clock, fired, scheduler } = stand();
  await scheduler.put({ ...every5(), schedule: { expression: 'cron(0 9 * * ? *)', timezone: 'UTC' } });
  clock.advance(2 * 60 * MINUTE + 1);
  assert.equal(await scheduler.tick(), Date.parse('2026-11-21T09:00:00Z'));
  assert.deepEqual(fired, []);
  assert.equal(scheduler.counts().missed, 1);
  clock.set(Date.parse('2026-11-21T10:00:00Z'));
  await scheduler.tick();
  assert.deepEqual(fired, ['shop-0 09:00:00']);
});

test('a thousand schedules after six hours fire once each', async () => {
  const { clock, fired, scheduler } = stand();
  for (let n = 0; n < 1000; n++) await scheduler.put(every5(`shop-${n}`));
  clock.advance(6 * 60 * MINUTE);
  await scheduler.tick();
  assert.equal(fired.length, 1000);
  assert.equal(await scheduler.tick(), Date.parse('2026-11-20T14:05:00Z'));
  assert.equal(fired.length, 1000);
});

test('a crash between delivery and the move to the next time delivers the same scheduled time again', async () => {
  const inner = mapTable();
  let crash = false;
  const table: Table = {
    ...inner,
    write: async (op) => {
      if (crash && op.op === 'update') throw new Error('killed');
      return inner.write(op);
    },
  };
  const { fired, scheduler, clock, restart } = stand({ table });
  await scheduler.put(every5());
  crash = true;
  await assert.rejects(scheduler.tick(), /killed/);
  crash = false;
  clock.advance(2 * MINUTE);
  const again = restart();
  await again.tick();
  await again.tick();
  assert.deepEqual(fired, ['shop-0 08:00:00', 'shop-0 08:00:00']);
});

test('a firing that cannot be delivered is tried again, holds up no other, and ages', async () => {
  let broken = true;
  const errors: unknown[] = [];
  const fired: string[] = [];
  const fire: Fire = async (target, scheduledFor) => {
    const agentId = target.kind === 'agent' ? target.agentId : '';
    if (broken && agentId === 'shop') throw new Error('queue is gone');
    fired.push(`${agentId} ${scheduledFor}`);
  };
  const { scheduler, clock } = stand({ fire, onError: (thrown) => errors.push(thrown) });
  await scheduler.put(every5());
  await scheduler.put({ ...every5('other-0'), agentId: 'other' });
  assert.equal(await scheduler.tick(), clock.now() + 1000);
  assert.deepEqual(fired, ['other 2026-11-20T08:00:00Z']);
  clock.advance(1000);
  await scheduler.tick();
  broken = false;
  clock.advance(1000);
  await scheduler.tick();
  assert.deepEqual(fired, ['other 2026-11-20T08:00:00Z', 'shop 2026-11-20T08:00:00Z']);
  assert.equal(errors.length, 2);
  assert.deepEqual(scheduler.counts(), { fired: 2, missed: 0, failed: 2 });
});

test('a schedule changed while it fires keeps its new form', async () => {
  const changed = { ...every5(), schedule: { expression: 'cron(0 12 * * ? *)', timezone: 'UTC' } };
  const fire: Fire = async () => inner.scheduler.put(changed);
  const inner = stand({ fire });
  await inner.scheduler.put(every5());
  assert.equal(await inner.scheduler.tick(), Date.parse('2026-11-20T12:00:00Z'));
  assert.deepEqual(await inner.scheduler.list('shop'), [changed]);
});

test('a rate changed in the second in which it fires counts by its new period', async () => {
  const hourly = { ...every5(), schedule: { expression: 'rate(1 hour)', timezone: 'UTC' } };
  const fire: Fire = async () => inner.scheduler.put(hourly);
  const inner = stand({ fire });
  await inner.scheduler.put(every5());
  await inner.scheduler.tick();
  assert.equal(await inner.scheduler.tick(), Date.parse('2026-11-20T09:00:00Z'));
});

test('a schedule deleted while it fires stays deleted', async () => {
  const fire: Fire = async () => inner.scheduler.delete('shop-0');
  const inner = stand({ fire });
  await inner.scheduler.put(every5());
  assert.equal(await inner.scheduler.tick(), null);
  assert.deepEqual(await inner.scheduler.list('shop'), []);
});

const SYSTEM: readonly SystemSchedule[] = [
  { name: 'sweep', expression: 'rate(1 minute)', timezone: 'UTC', target: 'sweep', maxAgeSeconds: 60 },
  { name: 'evaluate', everySeconds: 10, timezone: 'UTC', target: 'evaluate-agents' },
];

test('the system runs its own schedules, also by the second, and keeps their rhythm over a restart', async () => {
  const { scheduler, restart, clock, fired } = stand({ system: SYSTEM });
  await scheduler.prepare();
  for (let i = 0; i < 7; i++) {
    await scheduler.tick();
    clock.advance(5000);
  }
  const again = restart();
  await again.prepare();
  await again.tick();
  clock.advance(5000);
  await again.tick();
  assert.deepEqual(
    fired.filter((line) => line.startsWith('evaluate')),
    ['evaluate 08:00:00', 'evaluate 08:00:10', 'evaluate 08:00:20', 'evaluate 08:00:30', 'evaluate 08:00:40'],
  );
  assert.deepEqual(
    fired.filter((line) => line.startsWith('sweep')),
    ['sweep 08:00:00'],
  );
});

test('a system schedule that is no longer named goes, and agents keep theirs', async () => {
  const { scheduler, table, clock } = stand({ system: SYSTEM });
  await scheduler.prepare();
  await scheduler.put({ ...every5(), schedule: { expression: 'cron(0 12 * * ? *)', timezone: 'UTC' } });
  const next = new LocalScheduler({ table, time: clock, fire: async () => {}, system: [] });
  await next.prepare();
  assert.equal(await next.nextDue(), Date.parse('2026-11-20T12:00:00Z'));
});

test('instances in a flexible window start at different times, each always at the same', async () => {
  const { scheduler, clock } = stand();
  const window = 15 * MINUTE;
  const dues = new Set<number>();
  for (let n = 0; n < 40; n++) {
    const name = `shop-${n}`;
    const hourly = { expression: 'cron(0 * * * ? *)', timezone: 'UTC' };
    await scheduler.put({ ...every5(name), instance: n, schedule: hourly, flexibleMinutes: 15 });
    const due = await scheduler.nextDue();
    await scheduler.delete(name);
    assert.ok(due !== null && due >= Date.parse('2026-11-20T09:00:00Z') && due < clock.now() + 60 * MINUTE + window);
    dues.add(due);
  }
  assert.ok(dues.size > 35);
});

test('a ticker fires a new rate at once and later ones by the clock', async () => {
  const fired: number[] = [];
  const time = { now: () => Date.now() };
  const table = mapTable();
  const scheduler = new LocalScheduler({ table, time, fire: async () => void fired.push(time.now()), system: [] });
  const ticker = startTicker(scheduler, time);
  const before = time.now();
  await scheduler.put(every5());
  while (fired.length < 1 && time.now() < before + 2000) await sleep(5);
  await ticker.stop();
  assert.ok(Number(fired[0]) - before < 500, `fired after ${Number(fired[0]) - before} ms`);
  const bySecond = [{ name: 'beat', everySeconds: 1, timezone: 'UTC', target: 'beat' }];
  const beating = new LocalScheduler({ table, time, fire: async () => void fired.push(time.now()), system: bySecond });
  await beating.prepare();
  const second = startTicker(beating, time);
  await sleep(1150);
  await second.stop();
  const count = fired.length;
  assert.ok(count >= 2 && count <= 4, `${count} firings`);
  await sleep(50);
  assert.equal(fired.length, count);
});
