import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attemptedMicros,
  emergencyLimitMicros,
  emergencyOf,
  haltOver,
  isUnder,
  NO_EMERGENCY,
} from '../../shared/domain/halt.ts';
import { judge } from '../../shared/domain/protocol/judge.ts';
import { reconcile } from '../../shared/domain/reconcile.ts';
import { manualSlot } from '../../shared/domain/run.ts';
import { agent as agentOf, HOURLY, instance as instanceOf } from '../fixtures/agent-facts.ts';
import { RESTING, WISH } from '../fixtures/instances.ts';

const SHOP = { id: 'shop', department: 'sales' };

test('the widest switch that is on holds an agent, and a switch of others does not', () => {
  const over = (...scopes: string[]) => haltOver({ version: 1, scopes }, SHOP);
  assert.equal(over(), null);
  assert.equal(over('agent:other', 'department:lab'), null);
  assert.equal(over('agent:shop'), 'agent:shop');
  assert.equal(over('agent:shop', 'department:sales'), 'department:sales');
  assert.equal(over('department:sales', 'fleet'), 'fleet');
  assert.equal(isUnder('department:sale', SHOP), false);
});

test('the emergency limit is $150 against the daily budget of $100, half as much again as a larger one, or what is set', () => {
  assert.equal(emergencyLimitMicros(NO_EMERGENCY, 100_000_000), 150_000_000);
  assert.equal(emergencyLimitMicros(NO_EMERGENCY, 500_000_000), 750_000_000);
  assert.equal(emergencyLimitMicros(NO_EMERGENCY, 5_000_000), 150_000_000);
  assert.equal(emergencyLimitMicros({ ...NO_EMERGENCY, limitMicros: 20 }, 100_000_000), 20);
});

test('it warns once a day at 90 %, trips at 100 %, and counts anew from where a person cleared it', () => {
  const day = { date: '2026-11-20', limitMicros: 100 };
  const at = (attempted: number, change = {}) =>
    emergencyOf({ ...NO_EMERGENCY, ...change }, { ...day, attemptedMicros: attempted });
  assert.deepEqual(
    [89, 90, 99, 100].map((n) => at(n)),
    ['calm', 'warn', 'warn', 'trip'],
  );
  assert.equal(at(95, { warned: day.date }), 'calm');
  assert.equal(at(100, { warned: day.date }), 'trip');
  const cleared = { cleared: { date: day.date, micros: 100 } };
  assert.deepEqual(
    [100, 189, 190, 200].map((n) => at(n, cleared)),
    ['calm', 'calm', 'warn', 'trip'],
  );
  assert.equal(at(100, { cleared: { date: '2026-11-19', micros: 100 } }), 'trip');
});

test('what is attempted is what was spent, held and refused today', () => {
  const spent = { ...RESTING, refusedMicros: 7, day: { ...RESTING.day, costMicros: 100 } };
  const old = { ...spent, slice: { ...spent.slice, period: '2020-01-01' } };
  assert.equal(attemptedMicros([spent, spent, old], RESTING.slice.period), 214);
});

test('under the switch an agent has halted instances and no schedule, and new ones are not made', () => {
  const agent = agentOf({ instances: 3 });
  const instances = [instanceOf({ number: 0 }), instanceOf({ number: 1, status: 'paused' })];
  const schedules = [{ name: 'shop-0', agentId: 'shop', instance: 0, schedule: HOURLY, flexibleMinutes: 0 }];
  const steps = reconcile(agent, { instances, schedules, intervalSeconds: 3600, halted: true });
  assert.deepEqual(
    steps.map((step) => ('status' in step ? `${step.number} ${step.status}` : step.do)),
    ['0 halted', '1 halted', 'delete_schedule'],
  );
});

test('when it is off, what was halted is active again, its crashes not forgiven', () => {
  const agent = agentOf({ instances: 1, schedule: null });
  const steps = reconcile(agent, {
    instances: [instanceOf({ status: 'halted' })],
    schedules: [],
    intervalSeconds: null,
  });
  assert.deepEqual(steps, [{ do: 'set_instance', number: 0, status: 'active', clearCrashes: false }]);
});

test('a halted instance refuses a tick and parks what a person asked for', () => {
  const halted = { ...RESTING, status: 'halted' } as const;
  assert.deepEqual(judge(halted, WISH), { do: 'refuse', reason: 'halted' });
  assert.deepEqual(judge(halted, { ...WISH, slot: manualSlot('abc', 0) }), { do: 'park' });
});
