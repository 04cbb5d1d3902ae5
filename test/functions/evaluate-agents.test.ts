/** A decision pass over the table: modes, memory, isolation, and the report that people and scripts read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AutonomyMode } from '../../shared/domain/policy.ts';
import { evaluateAgents } from '../../shared/jobs/evaluate-agents.ts';
import type { EvaluationReport } from '../../shared/jobs/evaluation-report.ts';
import { changeAgent, getAgent } from '../../shared/store/agent-store.ts';
import { openApprovals } from '../../shared/store/approval-store.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { getDecision, openDecisions, recentDecisions } from '../../shared/store/decision-store.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { currentPolicy } from '../../shared/store/policy-store.ts';
import {
  deployed,
  type FleetWorld,
  fleetWorld,
  hasRun,
  OPERATOR,
  returning,
  setPolicy,
  work,
} from '../fixtures/fleet-world.ts';

const pass = (world: FleetWorld, dryRun = false): Promise<EvaluationReport> =>
  evaluateAgents(world, { dryRun, actor: OPERATOR });
const brief = ({ decisions }: EvaluationReport): string[] =>
  decisions.map(({ target, type, status }) => `${target} ${type} ${status}`).sort();

/** A winner, a loser and one that crashes. */
async function trio(mode: AutonomyMode): Promise<FleetWorld> {
  const world = fleetWorld();
  for (const name of ['winner', 'loser', 'crasher']) await deployed(world, { name });
  await hasRun(world, 'winner', returning(400));
  await hasRun(world, 'loser', returning(-100));
  await hasRun(world, 'crasher', { runs: 5, crashed: 5, costMicros: 500_000, crashStreak: 5 });
  if (mode !== 'off') await setPolicy(world, { mode });
  return world;
}

test('auto: the winner is scaled, the loser retired, the crasher paused, and the world follows', async () => {
  const world = await trio('auto');
  const report = await pass(world);
  assert.deepEqual(brief(report), ['crasher pause approved', 'loser retire approved', 'winner scale_up approved']);
  assert.deepEqual(await work(world), [
    'execute-decision',
    'execute-decision',
    'execute-decision',
    'reconcile',
    'reconcile',
    'reconcile',
  ]);
  const states = await Promise.all(['winner', 'loser', 'crasher'].map((id) => getAgent(world.table, id)));
  assert.deepEqual(
    states.map((agent) => `${agent?.status} ${agent?.pauseReason} ${agent?.instances}`),
    ['active null 2', 'retired null 1', 'paused crash_limit 1'],
  );
  assert.deepEqual([...world.schedules.keys()].sort(), ['winner-0', 'winner-1']);
  assert.deepEqual(
    (await recentDecisions(world, 1)).map(({ status }) => status),
    ['executed', 'executed', 'executed'],
  );
  assert.deepEqual(await openDecisions(world.table), []);
});

test('a second pass repeats nothing, nor does a third after the cooldown without new runs', async () => {
  const world = await trio('auto');
  await pass(world);
  assert.deepEqual(brief(await pass(world)), [], 'while they are open');
  await work(world);
  assert.deepEqual(brief(await pass(world)), [], 'in the cooldown');
  world.time.advance(7 * 3_600_000);
  assert.deepEqual(brief(await pass(world)), [], 'nothing new is known');
  await hasRun(world, 'winner', {
    ...returning(400),
    runs: 50,
    succeeded: 50,
    costMicros: 5_000_000,
    revenueMicros: 25_000_000,
  });
  assert.deepEqual(brief(await pass(world)), ['winner scale_up approved']);
});

test('ten passes at the same moment make one decision each', async () => {
  const world = await trio('auto');
  const reports = await Promise.all(Array.from({ length: 10 }, () => pass(world)));
  assert.deepEqual(reports.flatMap(brief).sort(), [
    'crasher pause approved',
    'loser retire approved',
    'winner scale_up approved',
  ]);
});

test('off: it analyses, records nothing, and says so', async () => {
  const world = await trio('off');
  const report = await pass(world);
  assert.equal(report.enabled, false);
  assert.deepEqual(report.decisions, []);
  assert.deepEqual(
    report.analyses.map(({ id, verdict, suggestion }) => [id, verdict, suggestion]),
    [
      ['crasher', 'failing', 'pause'],
      ['loser', 'failing', 'retire'],
      ['winner', 'excellent', 'scale_up'],
    ],
  );
  assert.deepEqual(await openDecisions(world.table), []);
});

test('a dry run says in any mode what would be done, and writes nothing', async () => {
  for (const mode of ['off', 'approve', 'auto'] as const) {
    const world = await trio(mode);
    const before = [...world.memory.items()].length;
    const report = await pass(world, true);
    assert.deepEqual(brief(report), ['crasher pause proposed', 'loser retire proposed', 'winner scale_up proposed']);
    assert.deepEqual(
      report.decisions.map(({ id }) => id),
      ['dry-run:crasher:pause', 'dry-run:loser:retire', 'dry-run:winner:scale_up'],
    );
    assert.equal([...world.memory.items()].length, before);
  }
});

test('approve: everything is asked for', async () => {
  const world = await trio('approve');
  const report = await pass(world);
  assert.deepEqual(brief(report), [
    'crasher pause awaiting_approval',
    'loser retire awaiting_approval',
    'winner scale_up awaiting_approval',
  ]);
  assert.equal(report.pendingApprovals, 3);
  assert.deepEqual(await work(world), ['request-approval', 'request-approval', 'request-approval']);
  assert.equal(world.mails.length, 3);
  assert.deepEqual(brief(await pass(world)), [], 'three passes are not nine mails');
});

test('auto: a step above $50 a day goes to the owner, the others do not wait for it', async () => {
  const world = await trio('auto');
  await deployed(world, { name: 'dear', schedule: { expression: 'rate(1 minute)', timezone: 'UTC' } });
  await hasRun(world, 'dear', returning(400));
  const report = await pass(world);
  assert.deepEqual(brief(report), [
    'crasher pause approved',
    'dear scale_up awaiting_approval',
    'loser retire approved',
    'winner scale_up approved',
  ]);
  const dear = report.decisions.find(({ target }) => target === 'dear');
  assert.equal(dear?.costImpactMicrosPerDay, 144_000_000);
  assert.match(
    dear?.why ?? '',
    /^ROI 400 % over 25 runs \(≥ 300 %\), success 100 %: 1 → 2 instances, \+\$144\.00\/day/,
  );
  assert.deepEqual(
    (await openApprovals(world.table)).map(({ agentId }) => agentId),
    ['dear'],
  );
});

test('advise: proposals stand while they hold, and give way when they do not or when the mode changes', async () => {
  const world = await trio('advise');
  const first = await pass(world);
  assert.deepEqual(brief(first), ['crasher pause proposed', 'loser retire proposed', 'winner scale_up proposed']);
  assert.deepEqual(await work(world), []);
  const second = await pass(world);
  assert.deepEqual(
    second.decisions.map(({ id }) => id).sort(),
    first.decisions.map(({ id }) => id).sort(),
    'the same ones',
  );
  await hasRun(world, 'loser', returning(200));
  assert.deepEqual(brief(await pass(world)), ['crasher pause proposed', 'winner scale_up proposed']);
  await setPolicy(world, { mode: 'auto' });
  assert.deepEqual(brief(await pass(world)), ['crasher pause approved', 'winner scale_up approved']);
  const ended = (await recentDecisions(world, 1)).filter(({ status }) => status === 'superseded');
  assert.equal(ended.length, 3);
});

test('a bad agent cannot stop the rest, and is named', async () => {
  const world = await trio('auto');
  await world.memory.write({ op: 'update', key: { pk: 'AGENTS', sk: 'loser' }, set: { status: 'confused' } });
  await deployed(world, { name: 'odd' });
  await world.memory.write({ op: 'update', key: { pk: 'AGENTS', sk: 'odd' }, set: { specVersion: 9 } });
  const report = await pass(world);
  assert.deepEqual(brief(report), ['crasher pause approved', 'winner scale_up approved']);
  assert.deepEqual(
    report.errors.map(({ agentId }) => agentId),
    ['loser', 'odd'],
  );
});

test('an unreadable policy decides nothing', async () => {
  const world = await trio('auto');
  await world.memory.write({ op: 'update', key: { pk: 'POLICY', sk: 'current' }, set: { mode: 'everything' } });
  await assert.rejects(pass(world), { code: 'corrupt' });
  assert.deepEqual(await openDecisions(world.table), []);
});

test('the policy is versioned, and every edit is in the trail', async () => {
  const world = fleetWorld();
  assert.equal((await currentPolicy(world.table)).version, 0);
  await setPolicy(world, { mode: 'auto', minRuns: 30 });
  await setPolicy(world, { mode: 'auto', minRuns: 30 });
  const policy = await setPolicy(world, { mode: 'off' });
  assert.deepEqual([policy.version, policy.minRuns], [2, 30]);
  assert.deepEqual(policy, await currentPolicy(world.table));
  const chain = await auditChain(world.table, 'policy:autonomy');
  assert.deepEqual(
    chain.map(({ bytes }) => JSON.parse(bytes).details),
    [
      { version: 1, modeBefore: 'off', modeAfter: 'auto', minRunsBefore: 20, minRunsAfter: 30 },
      { version: 2, modeBefore: 'auto', modeAfter: 'off' },
    ],
  );
  await assert.rejects(setPolicy(world, { minRuns: 0 }), { code: 'bad_input' });
});

test('what earned only just now is not retired before it is booked', async () => {
  const world = await trio('auto');
  await hasRun(world, 'loser', { ...returning(-100), earnedMicros: 12_500_000 });
  const report = await pass(world);
  const [analysis] = report.analyses.filter(({ id }) => id === 'loser');
  assert.deepEqual(
    [analysis?.verdict, analysis?.why],
    ['insufficient_data', '$12.50 of declared revenue is not booked yet'],
  );
  assert.ok(!brief(report).some((line) => line.startsWith('loser')));
});

test('a spent budget pauses the agent, and the next day a pass resumes it', async () => {
  const world = fleetWorld();
  await deployed(world);
  await setPolicy(world, { mode: 'auto' });
  await setLimit(world, { scope: 'agent:shop', limitMicros: 1_000_000 }, OPERATOR);
  await hasRun(world, 'shop', { runs: 10, succeeded: 10, costMicros: 1_000_000 });
  assert.deepEqual(brief(await pass(world)), ['shop pause approved']);
  await work(world);
  assert.equal((await getAgent(world.table, 'shop'))?.pauseReason, 'budget');
  assert.deepEqual(brief(await pass(world)), []);
  world.time.advance(86_400_000);
  assert.deepEqual(brief(await pass(world)), ['shop resume approved']);
  await work(world);
  assert.equal((await getAgent(world.table, 'shop'))?.status, 'active');
});

test('the report holds money of today, and each decision what a script needs', async () => {
  const world = await trio('auto');
  await setLimit(world, { scope: 'fleet', limitMicros: 20_000_000 }, OPERATOR);
  const report = await pass(world);
  assert.equal(report.budgetSpentTodayMicros, 5_500_000);
  assert.equal(report.budgetRemainingMicros, 14_500_000);
  assert.equal(report.timestamp, '2026-11-20T08:00:00.000Z');
  for (const decision of report.decisions) {
    assert.equal((await getDecision(world.table, decision.id))?.agentId, decision.target);
    assert.ok(decision.why.length > 0 && Number.isSafeInteger(decision.costImpactMicrosPerDay));
  }
});

test('what a person paused is not resumed, and what he resumed has time to show itself', async () => {
  const world = await trio('auto');
  await pass(world);
  await work(world);
  await changeAgent(world, 'crasher', { status: 'active' }, { actor: OPERATOR, why: 'fixed' });
  assert.deepEqual(brief(await pass(world)), [], 'before the reconciler has been by');
  await work(world);
  assert.deepEqual(brief(await pass(world)), []);
});
