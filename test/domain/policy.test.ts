/** What a policy may be, and when a decision may still be executed under it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision, DecisionAction } from '../../shared/domain/decision.ts';
import { mayDecisionMove } from '../../shared/domain/decision-moves.ts';
import { changeOf, executionRefusal, staleness } from '../../shared/domain/execution.ts';
import { changedPolicy, DEFAULT_POLICY, type PolicyChange, policyProblems } from '../../shared/domain/policy.ts';
import { agent, POLICY } from '../fixtures/agent-facts.ts';

test('the defaults are a policy, and autonomy is off in it', () => {
  assert.deepEqual(policyProblems(DEFAULT_POLICY), []);
  assert.equal(DEFAULT_POLICY.mode, 'off');
});

const BAD: readonly (readonly [PolicyChange, RegExp])[] = [
  [{ minRuns: 0 }, /minRuns is a whole number from 1/],
  [{ minRuns: 2.5 }, /minRuns/],
  [{ retireRoiBps: 100 }, /retireRoiBps is a whole number from -10000 to 0; got 100/],
  [{ scaleFactor: 1 }, /scaleFactor/],
  [{ maxInstances: 51 }, /maxInstances/],
  [{ keepRoiBps: 40_000 }, /thresholds must rise/],
  [{ approvalImpactMicros: -1 }, /approvalImpactMicros/],
  [{ mode: 'on' as 'auto' }, /mode is off, advise, approve, auto; got "on"/],
  [{ minRuns: 0, scaleFactor: 99 }, /minRuns.*scaleFactor/],
];
for (const [change, message] of BAD) {
  test(`${JSON.stringify(change)} is refused`, () =>
    assert.throws(() => changedPolicy(DEFAULT_POLICY, change), { code: 'bad_input', message }));
}

const decision = (change: Partial<Decision> = {}): Decision =>
  ({ actionHash: 'h', rule: 'threshold@1', approvalId: null, needsApproval: false, ...change }) as Decision;

test('the mode of now decides whether a decision is still executed', () => {
  const refused = (mode: 'off' | 'advise' | 'approve' | 'auto', change?: Partial<Decision>): boolean =>
    executionRefusal(decision(change), 'h', { ...POLICY, mode }) !== null;
  assert.deepEqual([refused('auto'), refused('approve'), refused('advise'), refused('off')], [false, true, true, true]);
  const approved = { approvalId: 'a', needsApproval: true };
  assert.deepEqual(
    [refused('auto', approved), refused('approve', approved), refused('off', approved)],
    [false, false, true],
  );
  assert.equal(refused('auto', { needsApproval: true }), true, 'what needs an approval and has none');
  const runaway = { rule: 'runaway@1', needsApproval: true };
  assert.equal(refused('off', { ...runaway, approvalId: 'a' }), false, 'a stopped agent goes on when a person says so');
  assert.equal(refused('auto', runaway), true);
  assert.match(executionRefusal(decision(), 'other', POLICY) ?? '', /not the one that was decided/);
});

const id = { agentId: 'shop' } as const;
const ACTIONS: readonly (readonly [DecisionAction, assumed: readonly string[]])[] = [
  [{ kind: 'scale_up', ...id, fromInstances: 1, toInstances: 2 }, ['active']],
  [{ kind: 'scale_down', ...id, fromInstances: 1, toInstances: 2 }, ['active']],
  [{ kind: 'pause', ...id, reason: 'decision' }, ['active']],
  [{ kind: 'optimize', ...id }, ['active']],
  [{ kind: 'resume', ...id }, ['paused']],
  [{ kind: 'retire', ...id }, ['active', 'paused']],
  [{ kind: 'deploy', ...id }, ['draft']],
  [{ kind: 'budget_change', ...id, limitMicros: 1 }, ['active', 'paused']],
];
for (const [action, assumed] of ACTIONS) {
  test(`${action.kind} means something for an agent that is ${assumed.join(' or ')}, and for no other`, () => {
    for (const status of ['draft', 'active', 'paused', 'retired'] as const) {
      assert.equal(staleness(action, agent({ status })) === null, assumed.includes(status), status);
    }
  });
}

test('a scaling is void when somebody scaled meanwhile', () => {
  const action: DecisionAction = { kind: 'scale_up', ...id, fromInstances: 2, toInstances: 4 };
  assert.match(staleness(action, agent({ instances: 3 })) ?? '', /has 3 instances now, not 2/);
  assert.deepEqual(changeOf(action), { instances: 4 });
});

test('no decision leaves an end, and none is executed that was not approved', () => {
  for (const to of ['approved', 'executing', 'executed', 'superseded'] as const) {
    for (const end of ['rejected', 'expired', 'executed', 'failed', 'superseded'] as const) {
      assert.equal(mayDecisionMove(end, to), false);
    }
    assert.equal(mayDecisionMove('awaiting_approval', 'executing'), false);
    assert.equal(mayDecisionMove('proposed', 'executing'), false);
  }
  assert.equal(mayDecisionMove('approved', 'executed'), false, 'it passes through executing');
});
