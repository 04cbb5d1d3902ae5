/** Whatever is audited anywhere can be proved: each kind has its head where the proof looks for it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditKind } from '../../shared/domain/audit.ts';
import type { Item } from '../../shared/ports/table.ts';
import type { World } from '../../shared/ports/world.ts';
import { answerAlert, moveAlert } from '../../shared/store/alert-store.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { verifyEntity, verifyTrail } from '../../shared/store/audit-verify.ts';
import { addChannel, listChannels, noteProblem, removeChannel } from '../../shared/store/channel-store.ts';
import { getDecision } from '../../shared/store/decision-store.ts';
import { setEmergencyLimit } from '../../shared/store/emergency-store.ts';
import { alertsPk, channelKey } from '../../shared/store/keys.ts';
import { requestPolicyChange } from '../../shared/store/policy-request.ts';
import { queryAll } from '../../shared/store/query-all.ts';
import { changeTargets } from '../../shared/store/targets-store.ts';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';
import { Crash, crashingTable } from '../fixtures/fleet-world.ts';

const ACTOR = 'cli:alice';
const FINDING = { rule: 'dead_letters', subject: 'revenue', message: 'one message' } as const;

/** One change of everything that is audited. */
async function changedAll(): Promise<CliWorld> {
  const cli = cliWorld();
  const { world } = cli;
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', '{"outcomes":[{"ok":true}]}']);
  await novaJson(cli, ['budget', 'set', 'fleet', '90']);
  await novaJson(cli, ['autonomy', 'set', 'advise']);
  const bob = ['--email', 'bob@example.com', '--roles', 'approver', '--login', 'cli:bob'];
  await novaJson(cli, ['operator', 'add', 'bob', ...bob]);
  const { id } = await requestPolicyChange(world, { change: () => ({ operationMicros: 1 }), actor: ACTOR });
  const approvalId = (await getDecision(world.table, id))?.approvalId ?? '';
  await decideApproval(world, { approvalId, answer: 'approve', proof: { kind: 'identity', actor: 'cli:bob' } });
  await workAll(cli);
  await nova(cli, ['killswitch', 'on', '--why', 'a drill', '--wait', '0']);
  await novaJson(cli, ['killswitch', 'off', '--why', 'it is over']);
  await setEmergencyLimit(world, 200_000_000, ACTOR);
  await novaJson(cli, ['ledger', 'add', '--amount', '12', '--kind', 'cost', '--reason', 'hosting']);
  await changeTargets(world, { start: '2026-12' }, ACTOR);
  await nova(cli, ['secret', 'set', 'stripe-api-key'], { stdin: 'sk_test' });
  assert.ok(await moveAlert(world, { do: 'raise', finding: FINDING, before: null }));
  await novaJson(cli, ['alert', 'ack', 'dead_letters:revenue']);
  await novaJson(cli, ['alert', 'resolve', 'dead_letters:revenue']);
  await novaJson(cli, ['channel', 'add', 'partner', '--to', 'partner@example.com']);
  await novaJson(cli, ['channel', 'remove', 'partner']);
  await novaJson(cli, ['channel', 'add', 'partner', '--to', 'other@example.com']);
  await novaJson(cli, ['channel', 'remove', 'bus']);
  await novaJson(cli, ['channel', 'add', 'bus']);
  await workAll(cli);
  return cli;
}

/** All chains there are, whoever wrote them. */
const chains = (cli: CliWorld): string[] => [
  ...new Set(
    [...cli.world.table.items()].filter(({ pk }) => pk.startsWith('AUDIT#')).map(({ pk }) => pk.slice('AUDIT#'.length)),
  ),
];

// Spelled out: a kind that is missing here does not compile, and one that nothing writes is found below.
const KINDS: { readonly [kind in AuditKind]: true } = {
  ...{ agent: true, alert: true, approval: true, budget: true, channel: true, decision: true },
  ...{ halt: true, ledger: true, operator: true, policy: true, secret: true, targets: true },
};

test('every kind that is audited is written by somebody, and each of its chains is proved, listed and exported', async () => {
  const cli = await changedAll();
  const written = chains(cli);
  const kinds = new Set(written.map((entity) => entity.split(':')[0]));
  assert.deepEqual([...kinds].sort(), Object.keys(KINDS).sort());
  for (const entity of written) {
    const { records, fault } = await verifyEntity(cli.world, entity);
    assert.ok(records > 0 && fault === null, `${entity}: ${JSON.stringify(fault)}`);
  }
  assert.deepEqual((await verifyTrail(cli.world, { days: 1 })).faults, []);
  // What can be listed is proved without the records of its day as well.
  const later = await verifyTrail(cli.world, { days: 0 });
  const dated = (entity: string): boolean => /^(decision|approval):/.test(entity);
  const missing = written.filter((entity) => !dated(entity) && !later.chains.some((one) => one.entity === entity));
  assert.deepEqual(missing, []);
  const exported = await nova(cli, ['audit', 'export']);
  for (const entity of written) assert.ok(exported.out.includes(`"entity":"${entity}"`), entity);
});

test('no source writes a record of an entity that is spelled around the type', () => {
  const folder = join(import.meta.dirname, '../../shared');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const name of files) {
    const text = readFileSync(join(folder, name), 'utf8');
    if (/\baudited\(/.test(text)) assert.doesNotMatch(text, /entity:[^,;]* as |as AuditEnt(ry|ity)/, name);
  }
});

test('whoever takes an alert on, or a channel away, stands in its chain, with what it was about', async () => {
  const cli = await changedAll();
  const said = async (entity: string) =>
    (await auditChain(cli.world.table, entity)).map(({ bytes }) => {
      const { action, actor, details } = JSON.parse(bytes);
      return `${action} ${actor} ${details.to ?? details.message ?? ''}`.trim();
    });
  assert.deepEqual(await said('alert:dead_letters:revenue'), [
    'alert.acked cli:alice one message',
    'alert.resolved cli:alice one message',
  ]);
  assert.deepEqual(await said('channel:partner'), [
    'channel.added cli:alice partner@example.com',
    'channel.removed cli:alice partner@example.com',
    'channel.added cli:alice other@example.com',
  ]);
  assert.deepEqual(await said('channel:bus'), ['channel.removed cli:alice', 'channel.restored cli:alice']);
});

test('a channel that was taken away keeps its chain alone: no address, no problem, and it is told nothing', async () => {
  const { world } = await changedAll();
  const [partner] = (await listChannels(world.table)).filter(({ name }) => name === 'partner');
  assert.ok(partner);
  await removeChannel(world, 'partner', ACTOR);
  await noteProblem(world.table, partner, 'late news');
  const item = (await world.table.get(channelKey('partner'))) ?? {};
  assert.deepEqual(Object.keys(item).sort(), ['auditHash', 'auditSeq', 'off', 'pk', 'sk', 'v']);
  assert.equal((await verifyEntity(world, 'channel:partner')).fault, null);
  assert.equal((await listChannels(world.table)).length, 2);
});

test('an answer and its record are one: crashes, and fifty at once, leave one of each', async () => {
  const channel = { name: 'ops', kind: 'email', to: 'a@example.com', account: '', from: '' } as const;
  const rest = { severity: 'warning', quiet: null, standsBehind: false, inside: false, problem: '' } as const;
  for (const when of ['before', 'after'] as const) {
    const { world } = cliWorld();
    await moveAlert(world, { do: 'raise', finding: FINDING, before: null });
    const crashing = () => ({ ...world, table: crashingTable(world.table, { write: 1, when }) });
    const ack = (on: Pick<World, 'table' | 'time' | 'hashing'>) =>
      answerAlert(on, 'dead_letters:revenue', { state: 'acked', by: ACTOR });
    await assert.rejects(ack(crashing()), Crash);
    await assert.rejects(addChannel(crashing(), { ...channel, ...rest }, ACTOR), Crash);
    await Promise.all(Array.from({ length: 50 }, () => ack(world)));
    await Promise.allSettled(Array.from({ length: 50 }, () => addChannel(world, { ...channel, ...rest }, ACTOR)));
    for (const entity of ['alert:dead_letters:revenue', 'channel:ops']) {
      const { records, fault } = await verifyEntity(world, entity);
      assert.deepEqual([records, fault], [1, null], `${entity} ${when}`);
    }
    const [alert] = (await queryAll(world.table, { pk: alertsPk })) as [Item];
    assert.deepEqual([alert.state, alert.ackedBy], ['acked', ACTOR]);
  }
});
