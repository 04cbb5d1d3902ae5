/** A mode or a threshold that asks people for less: done at once by the only person there is, else asked of somebody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerControl } from '../../cli/control.ts';
import { autonomyChangeVerdict, loosened } from '../../shared/domain/autonomy-change.ts';
import { DEFAULT_POLICY, type PolicyChange } from '../../shared/domain/policy.ts';
import { executeDecision } from '../../shared/jobs/execute-decision.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { changeAutonomy } from '../../shared/store/autonomy-change.ts';
import { getDecision } from '../../shared/store/decision-store.ts';
import { turnHalt } from '../../shared/store/halt-store.ts';
import { addOperator } from '../../shared/store/operator-store.ts';
import { changePolicy, currentPolicy } from '../../shared/store/policy-store.ts';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';
import { Crash, crashingTable, type FleetWorld, fleetWorld } from '../fixtures/fleet-world.ts';
import { asBob, twoPeople } from '../fixtures/two-people.ts';

const LOOSER: readonly PolicyChange[] = [
  { mode: 'auto' },
  { approvalImpactMicros: 50_000_001 },
  { passkeyAboveMicros: 200_000_001 },
  { twoPeopleAboveMicros: 1_000_000_001 },
  { twoPeopleDelaySeconds: 3_599 },
];
const STRICTER: readonly PolicyChange[] = [
  { mode: 'off' },
  { mode: 'advise' },
  { mode: 'approve' },
  { approvalImpactMicros: 49_999_999 },
  { passkeyAboveMicros: 199_999_999 },
  { twoPeopleAboveMicros: 999_999_999 },
  { twoPeopleDelaySeconds: 3_601 },
];

const bob = { id: 'bob', name: 'Bob', email: 'bob@example.com', logins: ['cli:bob'] } as const;
const people = (world: FleetWorld) => addOperator(world, { ...bob, roles: ['admin', 'approver'] }, 'cli:alice');

async function waiting(cli: CliWorld, ...words: string[]): Promise<{ approvalId: string }> {
  const { code, out, err } = await nova(cli, ['autonomy', 'set', ...words, '--json']);
  assert.equal(code, 5, err);
  return JSON.parse(out) as { approvalId: string };
}

test('the only person of a workspace sets what they like at once, and a mail says what was loosened', async () => {
  for (const change of LOOSER) {
    const world = fleetWorld();
    const { policy, decision } = await changeAutonomy(world, change, 'cli:alice');
    assert.equal(decision, null);
    assert.deepEqual({ ...policy, ...change }, policy);
    const told = world.sent.filter(({ kind }) => kind === 'notify');
    assert.equal(told.length, 1, JSON.stringify(change));
  }
  const cli = cliWorld();
  await novaJson(cli, ['autonomy', 'set', 'auto']);
  await workAll(cli);
  assert.match(cli.mails.at(-1)?.text ?? '', /cli:alice lets more be done without asking:\s+mode: off → auto/);
  assert.equal((await auditChain(cli.world.table, 'policy:autonomy')).length, 1);
});

test('where there are two, what loosens waits, changes nothing, and holds once the other has approved it', async () => {
  for (const change of LOOSER) {
    const world = fleetWorld();
    await people(world);
    const { policy, decision } = await changeAutonomy(world, change, 'cli:alice');
    assert.equal(policy.version, 0);
    assert.equal(decision?.status, 'awaiting_approval', JSON.stringify(change));
    assert.deepEqual(await currentPolicy(world.table), DEFAULT_POLICY);
  }
  const cli = await twoPeople();
  const { approvalId } = await waiting(cli, '--approval-above', '80');
  const own = await decideApproval(cli.world, {
    ...{ approvalId, answer: 'approve' },
    proof: { kind: 'identity', actor: 'cli:alice' },
  });
  assert.deepEqual(own, { kind: 'refused', why: 'requester' });
  await workAll(cli);
  assert.match(cli.mails.at(-1)?.text ?? '', /Approval impact: +\$50\.00 → \$80\.00/);
  await asBob(cli, 'approve', approvalId);
  await workAll(cli);
  assert.equal((await currentPolicy(cli.world.table)).approvalImpactMicros, 80_000_000);
  const [record] = await auditChain(cli.world.table, 'policy:autonomy');
  assert.match(record?.bytes ?? '', /decision 0.*cli:alice asks for it: approvalImpactMicros/);
});

test('what is stricter holds at once, whoever is there: stopping waits for nobody', async () => {
  for (const change of STRICTER) {
    const world = fleetWorld();
    await people(world);
    await changePolicy(world, { mode: 'auto' }, 'cli:alice');
    const { policy, decision } = await changeAutonomy(world, change, 'cli:alice');
    assert.deepEqual([decision, { ...policy, ...change }], [null, policy], JSON.stringify(change));
  }
});

test('what asks for a passkey, or for two, is loosened by no less', async () => {
  const tierOf = async (change: PolicyChange) => {
    const each = fleetWorld();
    await people(each);
    const { decision } = await changeAutonomy(each, change, 'cli:alice');
    return (await getApproval(each.table, decision?.approvalId ?? ''))?.tier;
  };
  assert.equal(await tierOf({ approvalImpactMicros: 100_000_000 }), 'T0');
  assert.equal(await tierOf({ passkeyAboveMicros: 900_000_000 }), 'T1');
  assert.equal(await tierOf({ twoPeopleAboveMicros: 5_000_000_000 }), 'T2');
});

test('an approval for another version is superseded, a kill switch fails it, and a crash anywhere makes one change', async () => {
  const make = async () => {
    const world = fleetWorld();
    await people(world);
    const { decision } = await changeAutonomy(world, { mode: 'auto' }, 'cli:alice');
    const approvalId = decision?.approvalId ?? '';
    await decideApproval(world, { approvalId, answer: 'approve', proof: { kind: 'identity', actor: 'cli:bob' } });
    return { world, id: decision?.id ?? '' };
  };
  const stateOf = async ({ world, id }: Awaited<ReturnType<typeof make>>) =>
    `${(await getDecision(world.table, id))?.status} ${(await currentPolicy(world.table)).mode}`;
  const moved = await make();
  await changePolicy(moved.world, { minRuns: 30 }, 'cli:bob');
  await executeDecision({ decisionId: moved.id }, moved.world);
  assert.equal(await stateOf(moved), 'superseded off');
  const halted = await make();
  await turnHalt(halted.world, { scope: 'fleet', on: true, actor: 'cli:bob', reason: 'test' });
  await executeDecision({ decisionId: halted.id }, halted.world);
  assert.equal(await stateOf(halted), 'failed off');
  for (const when of ['before', 'after'] as const) {
    for (let write = 1; write <= 4; write++) {
      const one = await make();
      const crashing = { ...one.world, table: crashingTable(one.world.memory, { write, when }) };
      await executeDecision({ decisionId: one.id }, crashing).catch((thrown: unknown) => {
        assert.ok(thrown instanceof Crash);
      });
      await executeDecision({ decisionId: one.id }, one.world);
      assert.equal(await stateOf(one), 'executed auto');
      assert.equal((await auditChain(one.world.table, 'policy:autonomy')).length, 1);
    }
  }
});

test('somebody who is added in between is asked: the change is pinned to the people it was made by', async () => {
  const world = fleetWorld();
  let added = false;
  const late = {
    ...world.table,
    async transact(ops: Parameters<typeof world.table.transact>[0]) {
      if (!added) {
        added = true;
        await people(world);
      }
      return world.table.transact(ops);
    },
  };
  const { decision } = await changeAutonomy({ ...world, table: late }, { mode: 'auto' }, 'cli:alice');
  assert.equal(decision?.status, 'awaiting_approval');
  assert.equal((await currentPolicy(world.table)).mode, 'off');
});

test('others than admins change nothing, and more than a request can show is refused', async () => {
  const cli = await twoPeople();
  const carol = { id: 'carol', name: 'C', email: 'c@example.com', roles: ['approver'], logins: ['cli:carol'] } as const;
  await addOperator(cli.world, carol, 'cli:alice');
  const answer = await answerControl(
    { command: ['autonomy', 'set'], input: { mode: 'auto' }, actor: 'cli:carol' },
    cli,
  );
  assert.ok('error' in answer && answer.error.code === 'denied', JSON.stringify(answer));
  const many = { mode: 'auto', minRuns: 1, maxInstances: 3, reserveDays: 2, cooldownSeconds: 1 } as const;
  const wanted = { ...many, approvalImpactMicros: 60_000_000, scaleFactor: 3 };
  assert.throws(() => autonomyChangeVerdict(DEFAULT_POLICY, wanted, 'cli:alice'), /at most 6 changes/);
  assert.deepEqual(loosened(DEFAULT_POLICY, { ...DEFAULT_POLICY, minRuns: 1 }), []);
});
