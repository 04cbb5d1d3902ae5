/** When a tick that never came is missed, and what is waited for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '../../shared/domain/agent.ts';
import { MISSED_MS, missedTick } from '../../shared/domain/alert/missed-tick.ts';
import type { Instance } from '../../shared/domain/instance.ts';
import { tickSlot } from '../../shared/domain/run.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Noon in UTC, one o'clock in Berlin. */
const NOON = Date.UTC(2026, 10, 20, 12);

const agentOf = (expression: string | null, change: Partial<Agent> = {}): Agent =>
  ({
    ...{ id: 'a', status: 'active', instances: 1, updatedAt: NOON - 48 * HOUR },
    schedule: expression && { expression, timezone: 'Europe/Berlin' },
    ...change,
  }) as Agent;
const instanceOf = (lastMs: number | null, change: Partial<Instance> = {}): Instance =>
  ({
    ...{ number: 0, status: 'active', coolingUntil: 0, run: null, floor: 0, tries: {}, journal: [] },
    recent: lastMs === null ? [] : [tickSlot(lastMs)],
    ...change,
  }) as Instance;
type Look = {
  readonly agent: Agent;
  readonly instances: readonly Instance[];
  readonly now: number;
  readonly turnedAt?: number;
  readonly watchedSince?: number;
};
const missed = ({ turnedAt = 0, watchedSince = 0, ...look }: Look): string => {
  const found = missedTick({ ...look, turnedAt, watchedSince });
  return found ? `${new Date(found.at).toISOString().slice(11, 16)} ${found.instances}/${found.of}` : 'none';
};

test('a tick of a rate is missed half an hour after a whole period without one', () => {
  const look = { agent: agentOf('rate(1 hour)'), instances: [instanceOf(NOON)] };
  assert.equal(missed({ ...look, now: NOON + HOUR + MISSED_MS - 1 }), 'none');
  assert.equal(missed({ ...look, now: NOON + HOUR + MISSED_MS }), '13:00 1/1');
});

test('a tick of a cron is missed at its hour in the zone of its agent', () => {
  const look = { agent: agentOf('cron(0 14 * * ? *)'), instances: [instanceOf(NOON - 23 * HOUR)] };
  assert.equal(missed({ ...look, now: NOON + HOUR + MISSED_MS - 1 }), 'none');
  assert.equal(missed({ ...look, now: NOON + HOUR + MISSED_MS }), '13:00 1/1');
  assert.equal(missed({ ...look, instances: [instanceOf(NOON + HOUR)], now: NOON + 20 * HOUR }), 'none');
});

test('a single tick is missed when it never came, and never again once it has', () => {
  const agent = agentOf('at(2026-11-20T12:30:00)');
  assert.equal(missed({ agent, instances: [instanceOf(null)], now: NOON + MISSED_MS }), '11:30 1/1');
  assert.equal(missed({ agent, instances: [instanceOf(NOON - 30 * MINUTE)], now: NOON + 9 * HOUR }), 'none');
});

test('what was changed, resumed or let go by the kill switch is given a period from then', () => {
  const now = NOON + 5 * HOUR;
  const instances = [instanceOf(NOON)];
  assert.equal(missed({ agent: agentOf('rate(1 hour)'), instances, now }), '13:00 1/1');
  assert.equal(missed({ agent: agentOf('rate(1 hour)', { updatedAt: now - HOUR }), instances, now }), 'none');
  assert.equal(missed({ agent: agentOf('rate(1 hour)'), instances, now, turnedAt: now - HOUR }), 'none');
});

test('nothing is awaited of who does not tick, is stopped, is at work or cools down', () => {
  const now = NOON + 5 * HOUR;
  const late = instanceOf(NOON);
  assert.equal(missed({ agent: agentOf(null), instances: [late], now }), 'none');
  for (const status of ['paused', 'retired', 'draft'] as const)
    assert.equal(missed({ agent: agentOf('rate(1 hour)', { status }), instances: [late], now }), 'none');
  for (const change of [
    { status: 'halted' },
    { coolingUntil: now + 1 },
    { run: { slot: tickSlot(NOON), leaseUntil: now + 1 } },
    { number: 1 },
  ])
    assert.equal(
      missed({ agent: agentOf('rate(1 hour)'), instances: [{ ...late, ...change } as Instance], now }),
      'none',
      JSON.stringify(change),
    );
});

test('a try that was lost and a closed floor count as heard of, a run by hand does not', () => {
  const agent = agentOf('rate(1 hour)');
  const now = NOON + 2 * HOUR;
  const tries = { [tickSlot(NOON + HOUR)]: { attempts: 1, lostMicros: 0 } };
  assert.equal(missed({ agent, instances: [instanceOf(NOON, { tries })], now }), 'none');
  assert.equal(missed({ agent, instances: [instanceOf(null, { floor: NOON + HOUR })], now }), 'none');
  assert.equal(
    missed({
      agent,
      instances: [instanceOf(NOON, { tries: { 'mreq-1': tries[tickSlot(NOON + HOUR)] } as never })],
      now,
    }),
    '13:00 1/1',
  );
});

test('of several instances it says how many, and the oldest time', () => {
  const agent = agentOf('rate(1 hour)', { instances: 3 });
  const instances = [NOON, NOON + 30 * MINUTE, NOON + 4 * HOUR].map((last, number) => instanceOf(last, { number }));
  assert.equal(missed({ agent, instances, now: NOON + 5 * HOUR }), '13:00 2/3');
});

test('ticks that wait for a long run are given half an hour after its end, and after a cooldown', () => {
  const agent = agentOf('rate(1 hour)');
  const now = NOON + 6 * HOUR;
  const ended = { journal: [{ startedAt: NOON, durationMs: 6 * HOUR }] as unknown as Instance['journal'] };
  const cooled = { coolingUntil: now };
  for (const change of [ended, cooled]) {
    const instances = [instanceOf(NOON, change)];
    assert.equal(missed({ agent, instances, now: now + MISSED_MS - 1 }), 'none');
    assert.equal(missed({ agent, instances, now: now + MISSED_MS }), '13:00 1/1');
  }
});

test('a machine that was off is given half an hour to do what is left, and then says what it was not there for', () => {
  const morning = NOON + 19 * HOUR;
  const look = {
    agent: agentOf('cron(0 3 * * ? *)'),
    instances: [instanceOf(NOON - 10 * HOUR)],
    watchedSince: morning,
  };
  assert.equal(missed({ ...look, now: morning + MISSED_MS - 1 }), 'none');
  assert.equal(missed({ ...look, now: morning + MISSED_MS }), '02:00 1/1');
});

test('in the night of 23 hours nothing is missed at the hour that was not, in that of 25 one run is enough', () => {
  const agent = agentOf('cron(30 2 * * ? *)', { updatedAt: 0 });
  const march27 = Date.UTC(2027, 2, 27, 1, 30);
  assert.equal(missed({ agent, instances: [instanceOf(march27)], now: Date.UTC(2027, 2, 28, 20) }), 'none');
  const march29 = Date.UTC(2027, 2, 29, 0, 30);
  assert.equal(missed({ agent, instances: [instanceOf(march27)], now: march29 + MISSED_MS }), '00:30 1/1');
  const october25 = Date.UTC(2026, 9, 25, 0, 30);
  assert.equal(missed({ agent, instances: [instanceOf(october25)], now: october25 + 10 * HOUR }), 'none');
  const evening = { agent, instances: [instanceOf(october25 - 24 * HOUR)], now: october25 + 10 * HOUR };
  assert.equal(missed(evening), '00:30 1/1');
});

test('a clock that was set back or forth rings for nobody', () => {
  const agent = agentOf('rate(5 minutes)');
  const instances = [instanceOf(NOON)];
  assert.equal(missed({ agent, instances, now: NOON - 3 * HOUR }), 'none');
  assert.equal(missed({ agent, instances, now: NOON + 3 * HOUR, watchedSince: NOON + 3 * HOUR }), 'none');
});
