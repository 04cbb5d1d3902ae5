/** Desired state in the table: deployed once, changed by version, followed by the reconciler. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyChain } from '../../shared/domain/audit.ts';
import { reconcileAgent } from '../../shared/jobs/reconcile-agent.ts';
import { reconcileAgents } from '../../shared/jobs/reconcile-agents.ts';
import type { Op } from '../../shared/ports/table.ts';
import { changeAgent, countInstances, getAgent, getSpec, listAgents } from '../../shared/store/agent-store.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { deployAgent } from '../../shared/store/deploy-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import {
  deployed,
  echoingTable,
  type FleetWorld,
  fleetWorld,
  hasRun,
  interruptedTable,
  NEW_AGENT,
  OPERATOR,
  work,
} from '../fixtures/fleet-world.ts';

const BY = { actor: OPERATOR, why: 'a test' };
const statuses = async (world: FleetWorld, agentId = 'shop'): Promise<string> =>
  (await listInstances(world.table, agentId)).map(({ number, status }) => `${number}:${status}`).join(' ');
const ticking = (world: FleetWorld): string => [...world.schedules.keys()].sort().join(' ');

test('a deployed agent has its spec, its audit record, its instances and its schedules', async () => {
  const world = fleetWorld();
  const agent = await deployed(world, { name: 'Der Läden!', instances: 2, config: { rate: 0.5 } });
  assert.equal(agent.id, 'der-la-den');
  assert.deepEqual(await getAgent(world.table, agent.id), agent);
  assert.deepEqual((await getSpec(world.table, agent.id, 1)).config, { rate: 0.5 });
  assert.equal(await statuses(world, agent.id), '0:active 1:active');
  assert.equal(ticking(world), `${agent.id}-0 ${agent.id}-1`);
  assert.equal(
    verifyChain(await auditChain(world.table, `agent:${agent.id}`), chainHead(agent), world.hashing.sha256),
    null,
  );
});

const chainHead = ({ auditSeq, auditHash }: { auditSeq: number; auditHash: string }) => ({
  seq: auditSeq,
  hash: auditHash,
});

test('a name is given once: neither a twin nor the heir of a retired agent gets it', async () => {
  const world = fleetWorld();
  await deployed(world);
  await assert.rejects(deployAgent(world, { ...NEW_AGENT, name: 'SHOP' }, OPERATOR), {
    code: 'conflict',
    message: /"shop" already/,
  });
  await changeAgent(world, 'shop', { status: 'retired' }, BY);
  await assert.rejects(deployAgent(world, NEW_AGENT, OPERATOR), { code: 'conflict' });
  assert.equal((await listAgents(world.table)).length, 1);
});

test('fifty deployments of one name at once make one agent', async () => {
  const world = fleetWorld();
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => deployAgent(world, NEW_AGENT, OPERATOR)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal((await auditChain(world.table, 'agent:shop')).length, 1);
});

test('a change keeps its before and after in a chain that verifies', async () => {
  const world = fleetWorld();
  await deployed(world);
  await changeAgent(world, 'shop', { instances: 3 }, BY);
  await changeAgent(world, 'shop', { status: 'paused' }, BY);
  const agent = await changeAgent(world, 'shop', { status: 'active' }, BY);
  assert.equal(agent.version, 4);
  const chain = await auditChain(world.table, 'agent:shop');
  assert.deepEqual(
    chain.map(({ bytes }) => JSON.parse(bytes).action),
    ['agent.deployed', 'agent.scaled', 'agent.paused', 'agent.resumed'],
  );
  assert.deepEqual(JSON.parse(chain[1]?.bytes ?? '').details, { why: 'a test', instancesBefore: 1, instancesAfter: 3 });
  assert.equal(verifyChain(chain, chainHead(agent), world.hashing.sha256), null);
});

test('what changes nothing writes nothing', async () => {
  const world = fleetWorld();
  const agent = await deployed(world);
  assert.deepEqual(await changeAgent(world, 'shop', { instances: 1, status: 'active' }, BY), agent);
  assert.equal((await auditChain(world.table, 'agent:shop')).length, 1);
  assert.deepEqual(world.sent, []);
});

test('seven people scaling at once all succeed, one after another, in one unbroken chain', async () => {
  const world = fleetWorld();
  await deployed(world);
  const changes = Array.from({ length: 7 }, (_, n) => changeAgent(world, 'shop', { instances: n + 2 }, BY));
  await Promise.all(changes);
  const agent = await getAgent(world.table, 'shop');
  assert.ok(agent);
  assert.equal(agent.version, 8);
  assert.equal(verifyChain(await auditChain(world.table, 'agent:shop'), chainHead(agent), world.hashing.sha256), null);
});

test('an unknown agent is not found, and a retired one stays so', async () => {
  const world = fleetWorld();
  await assert.rejects(changeAgent(world, 'nobody', { instances: 2 }, BY), { code: 'not_found' });
  await deployed(world);
  await changeAgent(world, 'shop', { status: 'retired' }, BY);
  await assert.rejects(changeAgent(world, 'shop', { status: 'active' }, BY), { code: 'conflict' });
  await work(world);
  assert.equal(await statuses(world), '0:retired');
  assert.equal(ticking(world), '');
});

test('scaling and pausing are followed: instances stop, schedules go, and come back', async () => {
  const world = fleetWorld();
  await deployed(world);
  await changeAgent(world, 'shop', { instances: 3 }, BY);
  await work(world);
  assert.equal(await statuses(world), '0:active 1:active 2:active');
  assert.equal(ticking(world), 'shop-0 shop-1 shop-2');
  assert.deepEqual(
    [...world.schedules.values()].map(({ flexibleMinutes }) => flexibleMinutes),
    [0, 15, 15],
  );
  await changeAgent(world, 'shop', { instances: 1 }, BY);
  await work(world);
  assert.equal(await statuses(world), '0:active 1:paused 2:paused');
  assert.equal(ticking(world), 'shop-0');
  await changeAgent(world, 'shop', { status: 'paused' }, BY);
  await work(world);
  assert.equal(await statuses(world), '0:paused 1:paused 2:paused');
  assert.equal(ticking(world), '');
});

test('resuming forgets the crashes, so that the next run is not a probe', async () => {
  const world = fleetWorld();
  await deployed(world);
  await hasRun(world, 'shop', { runs: 5, crashed: 5, crashStreak: 5, coolingUntil: world.time.now() + 1e6, probes: 2 });
  await changeAgent(world, 'shop', { status: 'paused', pauseReason: 'crash_limit' }, BY);
  await work(world);
  await changeAgent(world, 'shop', { status: 'active' }, BY);
  await work(world);
  const [instance] = await listInstances(world.table, 'shop');
  assert.deepEqual(
    [instance?.status, instance?.crashStreak, instance?.coolingUntil, instance?.probes],
    ['active', 0, 0, 0],
  );
});

test('a pause for the budget refuses to end today, ends by itself tomorrow, or by a raise', async () => {
  const world = fleetWorld();
  await deployed(world);
  await setLimit(world, { scope: 'agent:shop', limitMicros: 2_500_000 }, OPERATOR);
  await hasRun(world, 'shop', { runs: 25, costMicros: 2_500_000 });
  await changeAgent(world, 'shop', { status: 'paused', pauseReason: 'budget' }, BY);
  await work(world);
  await assert.rejects(changeAgent(world, 'shop', { status: 'active' }, BY), {
    code: 'conflict',
    message: /budget of today is spent/,
  });
  await reconcileAgents(world);
  await work(world);
  assert.equal((await getAgent(world.table, 'shop'))?.status, 'paused');
  world.time.advance(86_400_000);
  await reconcileAgents(world);
  await work(world);
  assert.equal((await getAgent(world.table, 'shop'))?.status, 'active');
  assert.equal(await statuses(world), '0:active');
});

test('the hourly pass puts right what somebody changed behind our back, and one broken agent stops no other', async () => {
  const world = fleetWorld();
  await deployed(world, { name: 'a' });
  await deployed(world, { name: 'b' });
  await deployed(world, { name: 'c' });
  world.schedules.clear();
  await world.memory.write({
    op: 'update',
    key: { pk: 'AGENTS', sk: 'b' },
    set: { schedule: { expression: 'rate(x)', timezone: 'UTC' } },
  });
  assert.deepEqual(await reconcileAgents(world), { agents: 3, steps: 2, failed: 1 });
  assert.equal(ticking(world), 'a-0 c-0');
});

test('the count of instances that a run shares its work by is remembered for half a minute', async () => {
  const world = fleetWorld();
  await deployed(world);
  assert.equal(await countInstances(world, 'shop'), 1);
  await changeAgent(world, 'shop', { instances: 4 }, BY);
  assert.equal(await countInstances(world, 'shop'), 1);
  world.time.advance(30_000);
  assert.equal(await countInstances(world, 'shop'), 4);
  assert.equal(await countInstances(world, 'nobody'), 1);
});

test('a slow reconciler cannot undo what a faster one did for a newer state', async () => {
  const world = fleetWorld();
  await deployAgent(world, { ...NEW_AGENT, instances: 2 }, OPERATOR);
  await work(world);
  await changeAgent(world, 'shop', { status: 'paused' }, BY);
  await work(world);
  await changeAgent(world, 'shop', { status: 'active' }, BY);
  // It has read "active" and is about to wake the instances; meanwhile a person pauses the agent again.
  const slow = interruptedTable(world.memory, async () => {
    await changeAgent(world, 'shop', { status: 'paused' }, BY);
    await reconcileAgent({ agentId: 'shop' }, world);
    assert.equal(await statuses(world), '0:paused 1:paused');
  });
  const seen: string[] = [];
  const watched = {
    ...slow,
    transact: async (ops: readonly Op[]) => {
      const result = await slow.transact(ops);
      seen.push(await statuses(world));
      return result;
    },
  };
  await reconcileAgent({ agentId: 'shop' }, { ...world, table: watched });
  assert.ok(
    seen.every((state) => state === '0:paused 1:paused'),
    seen.join(' | '),
  );
  assert.equal(ticking(world), '');
});

test('a change whose answer was lost is known as one’s own, and is done once', async () => {
  const world = fleetWorld((table) => echoingTable(table));
  await deployed(world);
  const agent = await changeAgent(world, 'shop', { instances: 2 }, BY);
  assert.deepEqual([agent.version, (await auditChain(world.table, 'agent:shop')).length], [2, 2]);
  await assert.rejects(deployAgent(world, NEW_AGENT, OPERATOR), { code: 'conflict' }, 'a twin is still a twin');
});

test('a name carries nothing that cannot be seen into tables and mails', async () => {
  const world = fleetWorld();
  const agent = await deployed(world, { name: 'Shop\u001b[2J\u202e one\nactive\u200b' });
  assert.deepEqual([agent.id, agent.name], ['shop-2j-one-active', 'Shop[2J one active']);
});

test('a department that no limit and no kill switch could name is refused before anything is written', async () => {
  const world = fleetWorld();
  for (const department of [
    'Größe',
    'a#usd-day',
    'sales\n',
    'a\u001b[2J',
    ' sales',
    '',
    'x'.repeat(61),
    'x; rm -rf ~',
    '$(id)',
    "it's",
    'R & D',
    '-x',
  ]) {
    await assert.rejects(deployAgent(world, { ...NEW_AGENT, department }, OPERATOR), { code: 'bad_input' }, department);
  }
  assert.deepEqual(await listAgents(world.table), []);
  const { id } = await deployAgent(world, { ...NEW_AGENT, department: 'R and D_2.1-x' }, OPERATOR);
  await setLimit(world, { scope: 'department:R and D_2.1-x', limitMicros: 1_000_000 }, OPERATOR);
  assert.equal((await getAgent(world.table, id))?.department, 'R and D_2.1-x');
});
