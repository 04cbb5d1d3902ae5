/** Execution: at most once, only what was decided, only while it still means something, whatever crashes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyChain } from '../../shared/domain/audit.ts';
import type { Decision, Verdict } from '../../shared/domain/decision.ts';
import { executeDecision } from '../../shared/jobs/execute-decision.ts';
import { reconcileAgent } from '../../shared/jobs/reconcile-agent.ts';
import type { Table, Value } from '../../shared/ports/table.ts';
import { changeAgent, getAgent } from '../../shared/store/agent-store.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { getLimit } from '../../shared/store/budget-store.ts';
import { decisionMemory } from '../../shared/store/decision-lock.ts';
import { createDecision, getDecision } from '../../shared/store/decision-store.ts';
import { turnHalt } from '../../shared/store/halt-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { outboxPk } from '../../shared/store/keys.ts';
import { queryAll } from '../../shared/store/query-all.ts';
import { SCALE_UP } from '../fixtures/approval-world.ts';
import {
  Crash,
  crashingTable,
  deployed,
  echoingTable,
  type FleetWorld,
  fleetWorld,
  hasRun,
  OPERATOR,
  setPolicy,
  work,
} from '../fixtures/fleet-world.ts';

const DOUBLE: Verdict = {
  ...SCALE_UP,
  needsApproval: false,
  // Small enough to be done unasked, which is checked again when it is.
  costImpactMicrosPerDay: 43_200_000,
  action: { kind: 'scale_up', agentId: 'shop', fromInstances: 1, toInstances: 2 },
};

async function decided(
  world: FleetWorld,
  verdict: Verdict = DOUBLE,
  status: 'approved' | 'awaiting_approval' = 'approved',
) {
  const decision = await createDecision(world, {
    verdict,
    status,
    rule: 'threshold@1',
    actor: 'system:evaluate-agents',
  });
  assert.ok(decision);
  return decision;
}

async function autoWorld(): Promise<FleetWorld> {
  const world = fleetWorld();
  await deployed(world);
  await setPolicy(world, { mode: 'auto' });
  return world;
}

const run = (world: FleetWorld, { id }: Decision): Promise<undefined> => executeDecision({ decisionId: id }, world);
const stateOf = async (world: FleetWorld, { id }: Decision): Promise<string> => {
  const decision = await getDecision(world.table, id);
  return `${decision?.status}: ${decision?.outcome}`;
};

test('it changes the agent and ends in one transaction, and leaves the lock and its memory behind', async () => {
  const world = await autoWorld();
  const decision = await decided(world);
  await run(world, decision);
  assert.match(await stateOf(world, decision), /^executed: ROI 400 %/);
  assert.equal((await getAgent(world.table, 'shop'))?.instances, 2);
  const memory = await decisionMemory(world.table, 'shop');
  assert.deepEqual(memory.openKinds, []);
  assert.equal(memory.lastExecuted?.kind, 'scale_up');
  assert.equal(memory.lastExecuted?.totals.runs, 96);
});

test('a hundred deliveries at once execute it once', async () => {
  const world = await autoWorld();
  const decision = await decided(world);
  await Promise.all(Array.from({ length: 100 }, () => run(world, decision).catch(() => undefined)));
  await run(world, decision);
  assert.equal((await getAgent(world.table, 'shop'))?.version, 2);
  const actions = (await auditChain(world.table, `decision:${decision.id}`)).map(
    ({ bytes }) => JSON.parse(bytes).action,
  );
  assert.deepEqual(actions, ['decision.made', 'decision.executing', 'decision.executed']);
});

const KINDS: readonly (readonly [Verdict['action'], expected: string])[] = [
  [{ kind: 'scale_up', agentId: 'shop', fromInstances: 1, toInstances: 4 }, 'active null 4'],
  [{ kind: 'pause', agentId: 'shop', reason: 'crash_limit' }, 'paused crash_limit 1'],
  [{ kind: 'retire', agentId: 'shop' }, 'retired null 1'],
  [{ kind: 'optimize', agentId: 'shop' }, 'active null 1'],
];
for (const [action, expected] of KINDS) {
  test(`${action.kind} leaves the agent ${expected}`, async () => {
    const world = await autoWorld();
    const decision = await decided(world, { ...DOUBLE, action, evidence: { ...DOUBLE.evidence, roiBps: -2_000 } });
    await run(world, decision);
    const agent = await getAgent(world.table, 'shop');
    assert.equal(`${agent?.status} ${agent?.pauseReason} ${agent?.instances}`, expected);
    assert.match(await stateOf(world, decision), /^executed/);
  });
}

test('a change of budget sets the limit once, also when it is done again', async () => {
  const world = await autoWorld();
  const decision = await decided(world, {
    ...DOUBLE,
    action: { kind: 'budget_change', agentId: 'shop', limitMicros: 7_000_000 },
  });
  await run(world, decision);
  await run(world, decision);
  assert.equal((await getLimit(world.table, 'agent:shop')).limitMicros, 7_000_000);
  assert.equal((await auditChain(world.table, 'budget:agent:shop')).length, 1);
});

const SEVEN: Verdict = { ...DOUBLE, action: { kind: 'budget_change', agentId: 'shop', limitMicros: 7_000_000 } };

test('a kill switch turned at the last moment leaves the limit as it was, and its decision failed', async () => {
  const world = await autoWorld();
  const decision = await decided(world, SEVEN);
  let turned = false;
  const late: Table = {
    ...world.table,
    async transact(ops) {
      const last = ops.some((op) => op.op !== 'check' && 'set' in op && op.set?.status === 'executed');
      if (last && !turned) {
        turned = true;
        await turnHalt(world, { scope: 'fleet', on: true, actor: OPERATOR, reason: 'test' });
      }
      return world.table.transact(ops);
    },
  };
  await executeDecision({ decisionId: decision.id }, { ...world, table: late });
  assert.ok(turned, 'the moment was met');
  assert.match(await stateOf(world, decision), /^failed: the kill switch is on/);
  assert.equal((await getLimit(world.table, 'agent:shop')).limitMicros, 50_000_000);
  assert.equal((await auditChain(world.table, 'budget:agent:shop')).length, 0);
});

test('a change of budget that dies before or after any write, then comes again, is one change', async () => {
  let crashes = 0;
  for (const when of ['before', 'after'] as const) {
    for (let write = 1; write <= 8; write++) {
      const world = await autoWorld();
      const decision = await decided(world, SEVEN);
      const crashing = { ...world, table: crashingTable(world.memory, { write, when }) };
      await run(crashing, decision).catch((thrown: unknown) => {
        assert.ok(thrown instanceof Crash);
        crashes++;
      });
      const { limitMicros } = await getLimit(world.table, 'agent:shop');
      const done = (await stateOf(world, decision)).startsWith('executed');
      assert.equal(limitMicros === 7_000_000, done, `the limit and its decision are one (${when} ${write})`);
      await run(world, decision);
      assert.match(await stateOf(world, decision), /^executed/);
      assert.equal((await getLimit(world.table, 'agent:shop')).limitMicros, 7_000_000);
      assert.equal((await auditChain(world.table, 'budget:agent:shop')).length, 1);
    }
  }
  assert.ok(crashes >= 4, `${crashes} crashes were real`);
});

test('what no longer means anything is superseded, and asks for nothing', async () => {
  const changes = [{ instances: 3 }, { status: 'paused' }, { status: 'retired' }] as const;
  for (const change of changes) {
    const world = await autoWorld();
    const decision = await decided(world);
    await changeAgent(world, 'shop', change, { actor: OPERATOR, why: 'meanwhile' });
    const before = await getAgent(world.table, 'shop');
    await run(world, decision);
    assert.match(
      await stateOf(world, decision),
      /^superseded: the agent (has 3 instances now, not 1|is paused now|is retired now)$/,
    );
    assert.deepEqual(await getAgent(world.table, 'shop'), before);
    assert.equal((await decisionMemory(world.table, 'shop')).lastEnd, null, 'it does not start a cooldown');
  }
});

test('a decision that was tampered with after it was made is not executed', async () => {
  const world = await autoWorld();
  const decision = await decided(world);
  const action = { ...decision.action, toInstances: 50 };
  await world.memory.write({ op: 'update', key: { pk: `DECISION#${decision.id}`, sk: 'D' }, set: { action } });
  await run(world, decision);
  assert.equal(await stateOf(world, decision), 'failed: its action is not the one that was decided');
  assert.equal((await getAgent(world.table, 'shop'))?.instances, 1);
});

test('the mode at execution counts: off stops even what was approved', async () => {
  const world = await autoWorld();
  const first = await decided(world);
  await setPolicy(world, { mode: 'off' });
  await run(world, first);
  assert.equal(await stateOf(world, first), 'failed: autonomy was switched off before it was executed');
  await setPolicy(world, { mode: 'approve' });
  const second = await decided(world);
  await run(world, second);
  assert.equal(await stateOf(world, second), 'failed: autonomy is approve now, and nobody has approved it');
  assert.equal((await getAgent(world.table, 'shop'))?.instances, 1);
});

test('what waits for an approval is not executed before it, and once after it', async () => {
  const world = await autoWorld();
  const decision = await decided(world, { ...DOUBLE, needsApproval: true }, 'awaiting_approval');
  await run(world, decision);
  assert.match(await stateOf(world, decision), /^awaiting_approval/);
  const proof = { kind: 'identity', actor: OPERATOR } as const;
  await decideApproval(world, { approvalId: decision.approvalId ?? '', answer: 'approve', proof });
  await work(world);
  assert.match(await stateOf(world, decision), /^executed/);
  assert.equal((await getAgent(world.table, 'shop'))?.instances, 2);
});

test('an approval that was given for something else is none', async () => {
  const world = await autoWorld();
  const decision = await decided(world, { ...DOUBLE, needsApproval: true }, 'awaiting_approval');
  const proof = { kind: 'identity', actor: OPERATOR } as const;
  await decideApproval(world, { approvalId: decision.approvalId ?? '', answer: 'approve', proof });
  await world.memory.write({
    op: 'update',
    key: { pk: `APPROVAL#${decision.approvalId}`, sk: 'A' },
    set: { actionHash: 'other' },
  });
  await work(world);
  assert.equal(await stateOf(world, decision), 'failed: its approval is not for this action');
});

type Between = (world: FleetWorld, decision: Decision) => Promise<unknown>;
const alter = (world: FleetWorld, key: { pk: string; sk: string }, set: { [attr: string]: Value }) =>
  world.memory.write({ op: 'update', key, set });
const BETWEEN: readonly (readonly [sentence: string, between: Between, outcome: RegExp])[] = [
  [
    'the parameters are edited (A21)',
    (world, { id, action }) =>
      alter(world, { pk: `DECISION#${id}`, sk: 'D' }, { action: { ...action, toInstances: 9 } }),
    /^failed: its action is not the one that was decided/,
  ],
  [
    'its cost is edited',
    (world, { id }) => alter(world, { pk: `DECISION#${id}`, sk: 'D' }, { costImpactMicrosPerDay: 90_000_000 }),
    /^failed: it would cost \$90.00 a day, and \$43.20 were approved/,
  ],
  [
    'the mode is switched off (A22)',
    (world) => setPolicy(world, { mode: 'off' }),
    /^failed: autonomy was switched off/,
  ],
  [
    'the budget of the day is used up (A23)',
    (world) => hasRun(world, 'shop', { runs: 1, succeeded: 1, costMicros: 100_000_000 }),
    /^failed: the fleet has spent \$100.00 of its \$100.00 today/,
  ],
  [
    'the kill switch is turned on (A24)',
    (world) => turnHalt(world, { scope: 'fleet', on: true, actor: OPERATOR, reason: 'test' }),
    /^failed: the kill switch is on/,
  ],
  [
    'a day and a second pass',
    async (world) => world.time.advance(86_401_000),
    /^failed: its approval was not used in time/,
  ],
  [
    'the approval is used for something',
    (world, { approvalId }) => alter(world, { pk: `APPROVAL#${approvalId}`, sk: 'A' }, { grantUsedAt: 1 }),
    /^failed: its approval has been used/,
  ],
];

for (const [sentence, between, outcome] of BETWEEN) {
  test(`between the approval and its execution ${sentence}: it is refused, the state says why, and the trail has it`, async () => {
    const world = await autoWorld();
    const decision = await decided(world, { ...DOUBLE, needsApproval: true }, 'awaiting_approval');
    const proof = { kind: 'identity', actor: OPERATOR } as const;
    await decideApproval(world, { approvalId: decision.approvalId ?? '', answer: 'approve', proof });
    await between(world, decision);
    await run(world, decision);
    assert.match(await stateOf(world, decision), outcome);
    assert.equal((await getAgent(world.table, 'shop'))?.instances, 1);
    const verbs = (await auditChain(world.table, `decision:${decision.id}`)).map(
      ({ bytes }) => JSON.parse(bytes).action,
    );
    assert.equal(verbs.at(-1), 'decision.failed');
  });
}

test('two decisions about one agent at once: both end, and the second one sees the first', async () => {
  const world = await autoWorld();
  const up = await decided(world);
  const down = await decided(world, { ...DOUBLE, action: { kind: 'pause', agentId: 'shop', reason: 'crash_limit' } });
  await Promise.all([run(world, up), run(world, down)]);
  const agent = await getAgent(world.table, 'shop');
  assert.equal(agent?.status, 'paused');
  assert.match(await stateOf(world, down), /^executed/);
  assert.match(await stateOf(world, up), agent?.instances === 2 ? /^executed/ : /^superseded/);
});

/** All that must hold when a story has been told to its end, however often it was interrupted. */
async function mustBeWhole(world: FleetWorld, decision: Decision): Promise<void> {
  const agent = await getAgent(world.memory, 'shop');
  const done = await getDecision(world.memory, decision.id);
  assert.ok(agent && done);
  assert.equal(done.status, 'executed');
  assert.deepEqual([agent.instances, agent.version], [2, 2], 'changed once');
  assert.equal((await listInstances(world.memory, 'shop')).length, 2);
  assert.deepEqual([...world.schedules.keys()].sort(), ['shop-0', 'shop-1']);
  for (const [entity, head] of [
    ['agent:shop', agent],
    [`decision:${done.id}`, done],
  ] as const) {
    const chain = await auditChain(world.memory, entity);
    assert.equal(verifyChain(chain, { seq: head.auditSeq, hash: head.auditHash }, world.hashing.sha256), null, entity);
  }
}

test('A25: a crash before or after any write, then redelivery: executed once, followed once, nothing broken', async () => {
  let crashes = 0;
  for (const when of ['before', 'after'] as const) {
    for (let write = 1; write <= 12; write++) {
      const world = await autoWorld();
      const decision = await decided(world);
      const crashing = { ...world, table: crashingTable(world.memory, { write, when }) };
      // What the queue does: the same messages again until each has gone through.
      const deliver = async (step: (on: FleetWorld) => Promise<unknown>): Promise<void> => {
        try {
          await step(crashing);
        } catch (thrown) {
          assert.ok(thrown instanceof Crash);
          crashes++;
          await step(world);
        }
      };
      await deliver((on) => run(on, decision));
      // The order to reconcile is in the queue, or in the outbox where the sweep finds it.
      const left = await queryAll(world.memory, { pk: outboxPk });
      assert.ok(left.length > 0 || world.sent.some(({ kind }) => kind === 'reconcile'));
      await deliver((on) => reconcileAgent({ agentId: 'shop' }, on));
      await mustBeWhole(world, decision);
    }
  }
  assert.ok(crashes >= 6, `${crashes} crashes were real`);
});

test('making a decision is all or nothing: with its lock, its record and its order, or not there', async () => {
  for (const when of ['before', 'after'] as const) {
    const world = await autoWorld();
    const crashing = { ...world, table: crashingTable(world.memory, { write: 1, when }) };
    const order = { verdict: DOUBLE, status: 'approved', rule: 'threshold@1', actor: OPERATOR } as const;
    await assert.rejects(createDecision(crashing, order), Crash);
    const outbox = await queryAll(world.memory, { pk: outboxPk });
    const { openKinds } = await decisionMemory(world.memory, 'shop');
    assert.deepEqual([outbox.length, openKinds.length], when === 'before' ? [0, 0] : [1, 1]);
    assert.equal(
      (await createDecision(world, order)) === null,
      when === 'after',
      'the lock is held by the one that stands',
    );
  }
});

test('a decision whose answers are all lost is made once and executed once', async () => {
  const world = fleetWorld((table) => echoingTable(table));
  await deployed(world);
  await setPolicy(world, { mode: 'auto' });
  const decision = await decided(world);
  await work(world);
  await mustBeWhole(world, decision);
});
