/** The kill switch under crashes and races: every step may be the last, every neighbour may come in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../shared/domain/decision.ts';
import { closeScope, followHalt } from '../../shared/jobs/halt-scope.ts';
import { runEnvironment } from '../../shared/jobs/launch-run.ts';
import { settleAgent } from '../../shared/jobs/reconcile-agent.ts';
import type { Table } from '../../shared/ports/table.ts';
import { changeAgent, getAgent } from '../../shared/store/agent-store.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { expireDue } from '../../shared/store/approval-expiry.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { verifyEntity } from '../../shared/store/audit-verify.ts';
import { createDecision, getDecision } from '../../shared/store/decision-store.ts';
import { getHalt, publishTurn, readGate, turnHalt } from '../../shared/store/halt-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { publishLeftovers } from '../../shared/store/outbox-store.ts';
import {
  Crash,
  crashingTable,
  deployed,
  type FleetWorld,
  fleetWorld,
  OPERATOR,
  work,
} from '../fixtures/fleet-world.ts';

const ON = { scope: 'fleet', on: true, actor: OPERATOR, reason: 'test' };
const OFF = { ...ON, on: false };
const DEAD = { runs: { send: async () => {} }, revenue: { send: async () => {} } };

const VERDICT: Verdict = {
  action: { kind: 'scale_up', agentId: 'shop', fromInstances: 1, toInstances: 2 },
  ...{ why: 'it earns', risk: 'low', confidenceBps: 10_000, expectedRoiBps: null },
  ...{ costImpactMicrosPerDay: 1, needsApproval: true, evidence: {} },
};

/** As the command does it, and as far as it gets. */
async function turn(world: FleetWorld, order: typeof ON): Promise<void> {
  const { halt, posted } = await turnHalt(world, order);
  if (order.on) await closeScope(world, halt);
  await publishTurn(world, posted);
}

async function asFarAs(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    if (thrown instanceof Crash) return false;
    throw thrown;
  }
}

/** The sweep and the queue take up what was left: a message whose job died comes again. */
async function recovered(world: FleetWorld): Promise<void> {
  world.sent.push({ v: 1, kind: 'halt', scope: 'fleet' });
  await publishLeftovers({ ...world, ...DEAD } as never, Number.MAX_SAFE_INTEGER);
  await work(world);
}

async function standing(world: FleetWorld): Promise<string> {
  const instances = await listInstances(world.table, 'shop');
  const { settledAt, stopped } = await getHalt(world.table, 'fleet');
  const done = settledAt === null ? 'under way' : 'settled';
  return `${instances.map(({ status }) => status)} ${[...world.schedules.keys()]} ${done} ${stopped}`;
}

for (const when of ['before', 'after'] as const) {
  test(`turned on and off again with a crash ${when} every single write, it ends where it should`, async () => {
    let writes = 0;
    for (let write = 1; write <= Math.max(1, writes); write++) {
      const world = fleetWorld();
      await deployed(world);
      const crashing = () => ({ ...world, table: crashingTable(world.memory, { write, when }) });
      if (writes === 0) {
        const dry = fleetWorld();
        await deployed(dry);
        const seen = crashingTable(dry.memory, { write: 0, when });
        await turn({ ...dry, table: seen }, ON);
        await work({ ...dry, table: seen });
        writes = seen.writes();
        assert.ok(writes > 5, `${writes} writes`);
      }
      const during = crashing();
      await asFarAs(async () => {
        await turn(during, ON);
        await work(during);
      });
      assert.ok(during.table.writes() >= write, `write ${write} was never reached`);
      if (!(await getHalt(world.table, 'fleet')).on) await turn(world, ON);
      await recovered(world);
      assert.equal(await standing(world), 'halted  settled shop', `on, ${when} write ${write}`);
      const back = crashing();
      await asFarAs(async () => {
        await turn(back, OFF);
        await work(back);
      });
      if ((await getHalt(world.table, 'fleet')).on) await turn(world, OFF);
      await recovered(world);
      assert.equal(await standing(world), 'active shop-0 settled shop', `off, ${when} write ${write}`);
      const proof = await verifyEntity(world, 'halt:fleet');
      assert.deepEqual([proof.fault, proof.records], [null, 2]);
    }
  });
}

test('however it meets a scaling up, step by step, nothing is active when it is acknowledged', async () => {
  for (let step = 0; step < 24; step++) {
    const world = fleetWorld();
    await deployed(world);
    let count = 0;
    let acknowledged = false;
    // Just before the given operation of the scaling, the switch is turned and acknowledged.
    const between = async <T>(operation: () => Promise<T>): Promise<T> => {
      if (count++ === step) {
        acknowledged = true;
        await turn({ ...world, table: world.memory }, ON);
      }
      const result = await operation();
      if (acknowledged) assert.deepEqual(await activeOnes(world), [], `step ${step}, operation ${count}`);
      return result;
    };
    const table: Table = {
      get: (key) => between(() => world.memory.get(key)),
      query: (query) => between(() => world.memory.query(query)),
      write: (op) => between(() => world.memory.write(op)),
      transact: (ops) => between(() => world.memory.transact(ops)),
    };
    const racing = { ...world, table };
    await changeAgent(racing, 'shop', { instances: 3 }, { actor: OPERATOR, why: 'more' }).catch(() => undefined);
    await settleAgent(racing, 'shop');
    if (!acknowledged) {
      assert.ok(step > 8, `only ${step} steps`);
      return;
    }
  }
});

const activeOnes = async (world: FleetWorld) =>
  (await listInstances(world.memory, 'shop')).filter(({ status }) => status === 'active');

async function asked(world: FleetWorld): Promise<{ decisionId: string; approvalId: string }> {
  const order = { verdict: VERDICT, status: 'awaiting_approval', rule: 'threshold@1', actor: 'system:test' } as const;
  const decision = await createDecision(world, order);
  if (!decision?.approvalId) throw new Error('nothing was asked');
  return { decisionId: decision.id, approvalId: decision.approvalId };
}

const yes = (world: FleetWorld, approvalId: string) =>
  decideApproval(world, { approvalId, answer: 'approve', proof: { kind: 'identity', actor: OPERATOR } });

test('kill comes before expiry, and both before a yes, whichever of them is first by a step', async () => {
  for (let step = 0; step < 40; step++) {
    const world = fleetWorld();
    await deployed(world);
    const { decisionId, approvalId } = await asked(world);
    let count = 0;
    let fired = false;
    const between = async <T>(operation: () => Promise<T>): Promise<T> => {
      if (count++ === step) {
        fired = true;
        await turn({ ...world, table: world.memory }, ON);
      }
      return operation();
    };
    const table: Table = {
      get: (key) => between(() => world.memory.get(key)),
      query: (query) => between(() => world.memory.query(query)),
      write: (op) => between(() => world.memory.write(op)),
      transact: (ops) => between(() => world.memory.transact(ops)),
    };
    const result = await yes({ ...world, table }, approvalId);
    await work({ ...world, table });
    await recovered(world);
    if (!fired) {
      assert.ok(step > 12, `only ${step} steps`);
      return;
    }
    const [decision, agent] = [await getDecision(world.table, decisionId), await getAgent(world.table, 'shop')];
    const executed = decision?.status === 'executed';
    assert.equal(agent?.instances, executed ? 2 : 1, `step ${step}`);
    if (result.kind === 'refused') assert.equal(decision?.status, 'superseded', `step ${step}`);
    assert.ok(['superseded', 'failed', 'executed'].includes(decision?.status ?? ''), `${decision?.status}`);
    assert.deepEqual(await activeOnes(world), [], `step ${step}`);
  }
});

test('an approval is void under the switch: no yes, no expiry of its own, and none afterwards either', async () => {
  const world = fleetWorld();
  await deployed(world);
  const { decisionId, approvalId } = await asked(world);
  await turnHalt(world, ON);
  assert.deepEqual(await yes(world, approvalId), { kind: 'refused', why: 'halted' });
  await work(world);
  await publishLeftovers({ ...world, ...DEAD } as never, Number.MAX_SAFE_INTEGER);
  await work(world);
  assert.equal((await getApproval(world.table, approvalId))?.status, 'expired');
  assert.equal((await getDecision(world.table, decisionId))?.status, 'superseded');
  await turn(world, OFF);
  await work(world);
  world.time.advance(200 * 3_600_000);
  await expireDue(world as never, world.time.now());
  assert.deepEqual(await yes(world, approvalId), { kind: 'refused', why: 'expired' });
  assert.equal((await getAgent(world.table, 'shop'))?.instances, 1);
});

test('the effects come in one order: gate, instances, schedules, tasks, approvals, and only then "settled"', async () => {
  const world = fleetWorld();
  await deployed(world);
  const { approvalId } = await asked(world);
  await world.memory.write({
    op: 'update',
    key: { pk: 'SPEC#shop', sk: 'v000001' },
    set: { task: { kind: 'fargate', cpuUnits: 256, memoryMb: 1024, gpus: 0, spot: true, nanosPerSecond: 1 } },
  });
  const ticket = { agentId: 'shop', number: 0, slot: 's', fence: 1, holder: 'h' };
  const task = {
    taskId: 't1',
    status: 'RUNNING',
    stopping: false,
    stoppingAt: null,
    createdAt: 0,
    environment: runEnvironment(ticket),
  };
  const other = { ...task, taskId: 't2', environment: runEnvironment({ ...ticket, agentId: 'other' }) };
  const listed = { family: 'agent-runner', clientToken: '', size: undefined, stopReason: null };
  world.launcher.tasks.push({ ...task, ...listed }, { ...other, ...listed });
  const order: string[] = [];
  const seen = (name: string) => {
    if (order.at(-1) !== name) order.push(name);
  };
  const watched: Table = {
    ...world.memory,
    get: (key) => world.memory.get(key),
    query: (query) => world.memory.query(query),
    write: async (op) => {
      const key = op.op === 'put' ? op.item : op.key;
      if (key.pk.startsWith('FLEET#')) seen('instance');
      if (key.pk === 'HALT' && op.op === 'update' && op.set?.settledAt) seen('settled');
      return world.memory.write(op);
    },
    transact: async (ops) => {
      const keys = ops.flatMap((op) => (op.op === 'update' ? [op.key] : []));
      if (keys.some(({ sk }) => sk === 'gate')) seen('gate');
      if (keys.some(({ pk }) => pk.startsWith('APPROVAL#'))) seen('approval');
      return world.memory.transact(ops);
    },
  };
  const scheduler = {
    ...world.scheduler,
    delete: async (name: string) => {
      seen('schedule');
      return world.scheduler.delete(name);
    },
  };
  const launcher = {
    ...world.launcher,
    stopTask: async (taskId: string, reason: string) => {
      seen('task');
      await world.launcher.stopTask(taskId, reason);
    },
  };
  const aws = { ...world, table: watched, scheduler, launcher };
  await turn(aws, ON);
  await followHalt({ scope: 'fleet' }, aws);
  assert.deepEqual(order, ['gate', 'instance', 'schedule', 'task', 'approval', 'settled']);
  const left = world.launcher.tasks.filter(({ stopping }) => !stopping).map(({ taskId }) => taskId);
  assert.deepEqual(left, ['t2'], 'the task of nobody we know is left alone');
  assert.equal((await getApproval(world.table, approvalId))?.status, 'expired');
  await followHalt({ scope: 'fleet' }, aws);
  assert.equal(order.length, 6, 'a second delivery does nothing');
});

test('two people who turn it at the same time leave one turn and one mail', async () => {
  const world = fleetWorld();
  await deployed(world);
  const turns = await Promise.all(Array.from({ length: 8 }, () => turnHalt(world, ON)));
  assert.equal(turns.filter(({ fresh }) => fresh).length, 1);
  assert.deepEqual(await readGate(world.table), { version: 1, scopes: ['fleet'] });
});
