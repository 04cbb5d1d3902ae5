/** Many agents in one pass: the fleet's budget, the order, and laws that no set of facts may break. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyse } from '../../shared/domain/decide/analyse.ts';
import { decide } from '../../shared/domain/decide/decide.ts';
import { decideFleet } from '../../shared/domain/decide/decide-fleet.ts';
import type { DecisionKind } from '../../shared/domain/decision.ts';
import { type AgentFacts, budgetExceeded, NO_MEMORY, NO_TOTALS } from '../../shared/domain/facts.ts';
import { roiBps } from '../../shared/domain/money.ts';
import { factsOf, NOW, POLICY, revenueFor } from '../fixtures/agent-facts.ts';

const RICH = { limitMicros: 1_000_000_000, spentMicros: 0, committedMicros: 0 };
/** Adds $2.40 a day when scaled. */
const winner = (id: string, roiPercent = 400): AgentFacts =>
  factsOf({ agent: { id }, totals: { revenueMicros: revenueFor(roiPercent) } });
const loser = (id: string): AgentFacts => factsOf({ agent: { id }, totals: { revenueMicros: 0 } });

test('three bad agents are retired in one pass, and the good ones beside them are scaled', () => {
  const facts = [loser('a'), winner('b'), loser('c'), winner('d'), loser('e')];
  const { verdicts } = decideFleet({ facts, policy: POLICY, budget: RICH, now: NOW });
  assert.deepEqual(
    verdicts.map(({ action }) => `${action.agentId} ${action.kind}`),
    ['a retire', 'b scale_up', 'c retire', 'd scale_up', 'e retire'],
  );
});

test('a thousand agents, three hundred to retire: each once', () => {
  const facts = Array.from({ length: 1000 }, (_, n) => (n % 10 < 3 ? loser(`agent-${n}`) : winner(`agent-${n}`, 200)));
  const { verdicts } = decideFleet({ facts, policy: POLICY, budget: RICH, now: NOW });
  assert.equal(verdicts.length, 300);
  assert.equal(new Set(verdicts.map(({ action }) => action.agentId)).size, 300);
});

test('room in the budget goes to the best return, and what does not fit is named, not forgotten', () => {
  const facts = [winner('low', 310), winner('high', 900), winner('mid', 500)];
  const budget = { limitMicros: 10_000_000, spentMicros: 4_000_000, committedMicros: 1_000_000 };
  const { verdicts, capped } = decideFleet({ facts, policy: POLICY, budget, now: NOW });
  assert.deepEqual(
    verdicts.map(({ action }) => action.agentId),
    ['high', 'mid'],
  );
  assert.deepEqual(
    capped.map(({ agentId }) => agentId),
    ['low'],
  );
  assert.match(
    capped[0]?.why ?? '',
    /\+\$2\.40\/day; more than the \$0\.20 that the fleet's budget of today has left$/,
  );
});

test('what must be asked for is asked even when it does not fit, and takes no room from the others', () => {
  const dear = factsOf({
    agent: { id: 'dear' },
    frequency: { count: 1440, days: 1 },
    totals: { revenueMicros: revenueFor(900) },
  });
  const budget = { limitMicros: 100_000_000, spentMicros: 0, committedMicros: 0 };
  const { verdicts, capped } = decideFleet({ facts: [dear, winner('small')], policy: POLICY, budget, now: NOW });
  assert.deepEqual(
    verdicts.map(({ action, needsApproval }) => [action.agentId, needsApproval]),
    [
      ['dear', true],
      ['small', false],
    ],
  );
  assert.match(verdicts[0]?.why ?? '', /\+\$144\.00\/day; more than the \$100\.00 that/);
  assert.deepEqual(capped, []);
});

test('an overspent fleet scales nothing and still stops its losers', () => {
  const budget = { limitMicros: 1, spentMicros: 5_000_000, committedMicros: 0 };
  const { verdicts } = decideFleet({ facts: [winner('a'), loser('b')], policy: POLICY, budget, now: NOW });
  assert.deepEqual(
    verdicts.map(({ action }) => action.kind),
    ['retire'],
  );
});

const KINDS: readonly DecisionKind[] = ['scale_up', 'scale_down', 'pause', 'resume', 'retire', 'optimize'];
const small = fc.nat({ max: 400 });
const money = fc.oneof(fc.constant(0), fc.nat({ max: 5_000_000_000 }));

const totals = fc
  .record({
    succeeded: small,
    failed: small,
    crashed: small,
    costMicros: money,
    revenueMicros: money,
    back: money,
    unbookedMicros: fc.oneof(fc.constant(0), money),
  })
  .map(({ back, ...sums }) => ({
    ...sums,
    runs: sums.succeeded + sums.failed + sums.crashed,
    revenueMicros: sums.revenueMicros - back,
  }));

const memory = fc
  .record({
    openKinds: fc.subarray([...KINDS]),
    end: fc.option(fc.record({ kind: fc.constantFrom(...KINDS), ageMs: fc.nat({ max: 100_000_000 }) })),
    executed: fc.option(fc.record({ kind: fc.constantFrom(...KINDS), totals })),
  })
  .map(({ openKinds, end, executed }) => ({
    openKinds,
    lastEnd: end && { kind: end.kind, status: 'executed' as const, at: NOW - end.ageMs },
    lastExecuted: executed && { kind: executed.kind, at: NOW - 1, totals: { ...NO_TOTALS, ...executed.totals } },
  }));

const anyFacts: fc.Arbitrary<AgentFacts> = fc
  .record({
    id: fc.nat({ max: 10_000 }).map((n) => `agent-${n}`),
    status: fc.constantFrom(
      'active' as const,
      'active' as const,
      'paused' as const,
      'retired' as const,
      'draft' as const,
    ),
    pauseReason: fc.constantFrom('operator' as const, 'budget' as const, 'crash_limit' as const, 'decision' as const),
    instances: fc.integer({ min: 1, max: 50 }),
    totals,
    memory: fc.oneof(fc.constant(NO_MEMORY), memory),
    crashStreak: fc.nat({ max: 7 }),
    state: fc.constantFrom(
      'healthy' as const,
      'healthy' as const,
      'degraded' as const,
      'unhealthy' as const,
      'unknown' as const,
    ),
    count: fc.nat({ max: 72_000 }),
    days: fc.integer({ min: 1, max: 364 }),
    limitMicros: money,
    spentMicros: fc.oneof(fc.constant(0), money),
  })
  .map(({ id, status, pauseReason, instances, state, count, days, limitMicros, spentMicros, ...rest }) =>
    factsOf({
      agent: { id, status, pauseReason: status === 'paused' ? pauseReason : null, instances },
      health: { state, reasons: [] },
      frequency: { count, days },
      budget: { limitMicros, spentMicros },
      ...rest,
    }),
  );

const RUNS = { numRuns: 3000 };

test('no agent whose life did not lose money is ever retired', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const verdict = decide(facts, POLICY, NOW);
      if (verdict?.action.kind !== 'retire') return;
      const life = roiBps(facts.totals.revenueMicros, facts.totals.costMicros);
      assert.ok(life !== null && life < 0);
      const settled = roiBps(facts.totals.revenueMicros + facts.totals.unbookedMicros, facts.totals.costMicros);
      assert.ok(settled !== null && settled < 0, 'nor one that only waits for its revenue to be booked');
    }),
    RUNS,
  );
});

test('below the least number of runs nothing is decided but for crashes and budgets', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const verdict = decide(facts, POLICY, NOW);
      if (!verdict || facts.totals.runs >= POLICY.minRuns) return;
      const { action } = verdict;
      if (action.kind === 'resume') assert.ok(!budgetExceeded(facts.budget));
      else assert.ok(action.kind === 'pause' && action.reason !== 'decision');
    }),
    RUNS,
  );
});

test('only what runs is changed, one kind at a time, never one that is open', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const verdict = decide(facts, POLICY, NOW);
      if (!verdict) return;
      assert.equal(facts.agent.status, verdict.action.kind === 'resume' ? 'paused' : 'active');
      assert.ok(!facts.memory.openKinds.includes(verdict.action.kind));
    }),
    RUNS,
  );
});

test('no step is larger than the factor, none leaves 1 to the most instances, and growth alone adds cost', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const verdict = decide(facts, POLICY, NOW);
      if (!verdict) return;
      assert.ok(Number.isSafeInteger(verdict.costImpactMicrosPerDay));
      const { action } = verdict;
      if (action.kind === 'scale_up') {
        assert.ok(action.toInstances > action.fromInstances);
        assert.ok(action.toInstances <= Math.min(action.fromInstances * POLICY.scaleFactor, POLICY.maxInstances));
        assert.equal(verdict.needsApproval, verdict.costImpactMicrosPerDay > POLICY.approvalImpactMicros);
      } else {
        assert.ok(verdict.costImpactMicrosPerDay <= 0);
        if (action.kind === 'scale_down')
          assert.ok(action.toInstances >= 1 && action.toInstances < action.fromInstances);
      }
    }),
    RUNS,
  );
});

test('within the cooldown nothing is decided but for crashes and budgets', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const recent = { kind: 'optimize', status: 'executed', at: NOW - POLICY.cooldownSeconds * 1000 + 1 } as const;
      const verdict = decide({ ...facts, memory: { ...facts.memory, lastEnd: recent } }, POLICY, NOW);
      if (!verdict || verdict.action.kind === 'resume') return;
      assert.ok(verdict.action.kind === 'pause' && verdict.action.reason !== 'decision');
    }),
    RUNS,
  );
});

const fleet = fc.uniqueArray(anyFacts, { selector: ({ agent }) => agent.id, maxLength: 12 });
const budgets = fc.record({ limitMicros: money, spentMicros: money, committedMicros: money });

test('the order in which agents are looked at changes nothing, nor does looking twice', () => {
  fc.assert(
    fc.property(fleet, budgets, fc.nat(), (facts, budget, turn) => {
      const cut = facts.length === 0 ? 0 : turn % facts.length;
      const turned = [...facts.slice(cut), ...facts.slice(0, cut)].reverse();
      const pass = { policy: POLICY, budget, now: NOW };
      assert.deepEqual(decideFleet({ facts: turned, ...pass }), decideFleet({ facts, ...pass }));
    }),
    { numRuns: 500 },
  );
});

test('what is decided unasked in one pass never costs more than the fleet has left, and each agent has one verdict', () => {
  fc.assert(
    fc.property(fleet, budgets, (facts, budget) => {
      const { verdicts, capped } = decideFleet({ facts, policy: POLICY, budget, now: NOW });
      const added = verdicts.filter((one) => !one.needsApproval).map((one) => Math.max(0, one.costImpactMicrosPerDay));
      const room = budget.limitMicros - budget.spentMicros - budget.committedMicros;
      assert.ok(added.reduce((sum, micros) => sum + micros, 0) <= Math.max(0, room));
      const named = [...verdicts.map(({ action }) => action.agentId), ...capped.map(({ agentId }) => agentId)];
      assert.equal(new Set(named).size, named.length);
    }),
    { numRuns: 500 },
  );
});

test('an analysis always has a sentence, and says of an agent that is to be left alone why', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { why, successBps, confidenceBps } = analyse(facts, POLICY);
      assert.ok(why.length > 0 && !/undefined|NaN/.test(why));
      assert.ok(successBps >= 0 && successBps <= 10_000 && confidenceBps >= 0 && confidenceBps <= 10_000);
    }),
    RUNS,
  );
});
