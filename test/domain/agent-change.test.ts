/** Desired state: which change is allowed, which is none, and which is refused with a reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '../../shared/domain/agent.ts';
import { type AgentChange, changedAgent, verbOfChange } from '../../shared/domain/agent-change.ts';
import { agent, HOURLY, NOW } from '../fixtures/agent-facts.ts';

const PAUSED: Partial<Agent> = { status: 'paused', pauseReason: 'operator' };
const ROOM = { now: NOW, budgetExceeded: false };
const SPENT = { now: NOW, budgetExceeded: true };

type Allowed = readonly [
  sentence: string,
  before: Partial<Agent>,
  change: AgentChange,
  after: Partial<Agent> | null,
  verb?: string,
];
const ALLOWED: readonly Allowed[] = [
  ['a draft becomes active', { status: 'draft' }, { status: 'active' }, { status: 'active' }, 'agent.activated'],
  ['an active one is paused by a person', {}, { status: 'paused' }, PAUSED, 'agent.paused'],
  [
    'a reason is kept',
    {},
    { status: 'paused', pauseReason: 'budget' },
    { status: 'paused', pauseReason: 'budget' },
    'agent.paused',
  ],
  [
    'a paused one is resumed and forgets why',
    PAUSED,
    { status: 'active' },
    { status: 'active', pauseReason: null },
    'agent.resumed',
  ],
  [
    'a person resumes after crashes',
    { status: 'paused', pauseReason: 'crash_limit' },
    { status: 'active' },
    { status: 'active', pauseReason: null },
    'agent.resumed',
  ],
  ['an active one is retired', {}, { status: 'retired' }, { status: 'retired' }, 'agent.retired'],
  ['a paused one is retired', PAUSED, { status: 'retired' }, { status: 'retired', pauseReason: null }, 'agent.retired'],
  ['a draft is retired', { status: 'draft' }, { status: 'retired' }, { status: 'retired' }, 'agent.retired'],
  ['it is scaled', {}, { instances: 3 }, { instances: 3 }, 'agent.scaled'],
  ['a paused one is scaled and stays paused', PAUSED, { instances: 3 }, { ...PAUSED, instances: 3 }, 'agent.scaled'],
  [
    'it gets another schedule',
    {},
    { schedule: { ...HOURLY, timezone: 'Europe/Berlin' } },
    { schedule: { ...HOURLY, timezone: 'Europe/Berlin' } },
    'agent.rescheduled',
  ],
  ['it loses its schedule', {}, { schedule: null }, { schedule: null }, 'agent.rescheduled'],
  ['activating what is active is no change', {}, { status: 'active' }, null],
  ['pausing what is paused is no change', PAUSED, { status: 'paused' }, null],
  ['retiring what is retired is no change', { status: 'retired' }, { status: 'retired' }, null],
  ['the same number is no change', {}, { instances: 1 }, null],
  ['the same schedule is no change', {}, { schedule: { ...HOURLY } }, null],
  ['nothing asked is no change', {}, {}, null],
  [
    'the pause of a person outlives that for a budget',
    { status: 'paused', pauseReason: 'budget' },
    { status: 'paused' },
    PAUSED,
    'agent.paused',
  ],
  ['a pause for a budget does not weaken that of a person', PAUSED, { status: 'paused', pauseReason: 'budget' }, null],
  [
    'scaling does not turn a budget pause into another',
    { status: 'paused', pauseReason: 'budget' },
    { instances: 2 },
    { instances: 2, status: 'paused', pauseReason: 'budget' },
    'agent.scaled',
  ],
];

for (const [sentence, before, change, after, verb] of ALLOWED) {
  test(sentence, () => {
    const was = agent(before);
    const is = changedAgent(was, change, ROOM);
    if (after === null) return assert.equal(is, null);
    assert.deepEqual(is, { ...was, ...after, version: 2, updatedAt: NOW });
    assert.equal(verbOfChange(was, is ?? was), verb);
  });
}

const REFUSED: readonly (readonly [sentence: string, before: Partial<Agent>, change: AgentChange, message: RegExp])[] =
  [
    [
      'what is retired is never resumed',
      { status: 'retired' },
      { status: 'active' },
      /shop is retired, which is final/,
    ],
    ['what is retired is not paused', { status: 'retired' }, { status: 'paused' }, /retired, which is final/],
    ['what is retired is not scaled', { status: 'retired' }, { instances: 2 }, /retired, which is final/],
    ['a draft is not paused', { status: 'draft' }, { status: 'paused' }, /is draft and cannot become paused/],
    ['nothing goes back to draft', {}, { status: 'draft' }, /is active and cannot become draft/],
    ['no instances is not a scale', {}, { instances: 0 }, /1 to 50 instances, got 0; to stop it, pause or retire it/],
    ['more than fifty is not either', {}, { instances: 51 }, /got 51/],
    ['nor is a half', {}, { instances: 1.5 }, /got 1.5/],
  ];
for (const [sentence, before, change, message] of REFUSED) {
  test(sentence, () => assert.throws(() => changedAgent(agent(before), change, ROOM), { name: 'NovaError', message }));
}

test('a pause for the budget ends when there is room, not before', () => {
  const paused = agent({ status: 'paused', pauseReason: 'budget' });
  assert.throws(() => changedAgent(paused, { status: 'active' }, SPENT), {
    code: 'conflict',
    message: /budget of today is spent/,
  });
  assert.equal(changedAgent(paused, { status: 'active' }, ROOM)?.status, 'active');
  assert.equal(changedAgent(agent(PAUSED), { status: 'active' }, SPENT)?.status, 'active', 'other pauses do not ask');
});
