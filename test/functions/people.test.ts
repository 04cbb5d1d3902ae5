/** What people may use of a stage, against what the command does: every command, as the least of those who may do it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type AnyWorldCommand, nameOf } from '../../cli/command.ts';
import { allCommands } from '../../cli/registry.ts';
import { grantedTable } from '../../infra/local/granted.ts';
import { PERSON_ROLES, type PersonRole, rightsOf } from '../../infra/people.ts';
import { type Access, ENTITIES, type Entity } from '../../infra/topology.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Op } from '../../shared/ports/table.ts';
import { nova, novaJson, workAll } from '../fixtures/cli-world.ts';
import { lifeOf, SAYING, stage } from '../fixtures/people-life.ts';
import { NOT_FOR_ROLES, POLICY_OF, rolesFor, withRights } from '../fixtures/people-rights.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-people-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('every command is carried out with the rights of the least role that may, and none lacks one', async () => {
  const cli = stage();
  const done = new Set<string>();
  for (const line of lifeOf(folder)) {
    const words = typeof line === 'string' ? line.split(' ') : typeof line === 'function' ? await line(cli) : line;
    const name = words.slice(0, 2).join(' ');
    const { code, err, out } = await nova(cli, ['--stage', 'prod', ...words], { stdin: 'SG.key\n' });
    assert.ok(code === 0 || code === SAYING[name], `nova ${words.join(' ')}: ${code} ${err}${out}`);
    done.add(words[0] === 'status' ? 'status' : name);
    await workAll(cli);
  }
  const missing = (await allCommands())
    .filter((command): command is AnyWorldCommand => command.needs === 'world')
    .map(nameOf)
    .filter((name) => !done.has(name) && !(name in NOT_FOR_ROLES));
  assert.deepEqual(missing, []);
});

const within = (less: readonly unknown[] = [], more: readonly unknown[] = []): boolean =>
  more.includes('*') || less.every((one) => more.includes(one));

test('whoever has more may do all that whoever has less may', () => {
  for (const [at, role] of PERSON_ROLES.slice(1).entries()) {
    const [less, more] = [rightsOf(PERSON_ROLES[at] ?? role), rightsOf(role)];
    for (const [entity, accesses] of Object.entries(less.table) as [Entity, readonly Access[]][]) {
      assert.ok(within(accesses, more.table[entity]), `${role} ${entity}`);
      const narrow = more.attributes?.[entity];
      if (narrow && accesses.includes('update')) assert.ok(within(less.attributes?.[entity], narrow), entity);
    }
    for (const word of [...LISTS, 'secrets', 'writesSecrets'] as const)
      assert.ok(within(less[word], more[word]), `${role} ${word}`);
  }
});

const LISTS = ['index', 'sends', 'counts', 'redrives', 'backups', 'auditRoots'] as const;

const WRITES: readonly Access[] = ['put', 'update', 'delete'];
const written = (role: PersonRole): Entity[] =>
  (Object.entries(rightsOf(role).table) as [Entity, readonly Access[]][])
    .filter(([, accesses]) => accesses.some((access) => WRITES.includes(access)))
    .map(([entity]) => entity);

test('a viewer writes nothing, sends nothing, moves nothing and learns no secret', () => {
  const { sends, redrives, secrets, writesSecrets, backups } = rightsOf('viewer');
  assert.deepEqual(written('viewer'), []);
  assert.deepEqual([sends, redrives, secrets, writesSecrets], [[], [], [], []]);
  assert.deepEqual(backups, ['list']);
});

test('an operator changes no policy, no person, no channel, no allowance, and no secret but an address that is made', async () => {
  const operator = written('operator');
  for (const entity of [
    'operator',
    'enrolment',
    'channel',
    'budget',
    'calendar',
    'anchor',
    'page',
    'state',
    'stopLink',
  ])
    assert.ok(!operator.includes(entity as Entity), entity);
  const table = grantedTable(mapTable(), { name: 'operator', uses: rightsOf('operator') });
  const forbidden: Op[] = [
    { op: 'put', item: { pk: 'POLICY', sk: 'current', mode: 'auto' } },
    { op: 'update', key: { pk: 'POLICY', sk: 'current' }, set: { mode: 'auto' } },
    { op: 'update', key: { pk: 'POLICY', sk: 'current' }, set: { version: 2, passkeyAboveMicros: 1 } },
    { op: 'update', key: { pk: 'POLICY', sk: 'rules' }, set: { rulesSha256: 'mine' } },
    { op: 'update', key: { pk: 'OPERATOR', sk: 'owner' }, set: { roles: ['admin'] } },
    { op: 'update', key: { pk: 'BUDGET#fleet', sk: 'usd-day#x' }, set: { available: 1 } },
    { op: 'delete', key: { pk: 'LIMITS', sk: 'fleet#usd-day' } },
  ];
  for (const op of forbidden) await assert.rejects(table.transact([op]), /may not/, JSON.stringify(op));
  const { secrets = [], writesSecrets } = rightsOf('operator');
  assert.ok(!secrets.includes('approval-pepper') && !secrets.includes('*'));
  assert.deepEqual(writesSecrets, ['gumroad-ping-secret']);
});

test('nobody, an admin neither, updates or deletes a record, an anchor or what a run left, or deletes an entry', () => {
  for (const role of PERSON_ROLES) {
    const { table, auditRoots } = rightsOf(role);
    assert.deepEqual(table.anchor, ['read']);
    assert.ok(!table.audit?.includes('update'));
    for (const [entity, accesses] of Object.entries(table))
      assert.ok(!accesses.includes('delete') || entity === 'outbox', `${role} deletes ${entity}`);
    for (const entity of ['page', 'day', 'receipt', 'state', 'late', 'pulse', 'stopLink'] as const)
      assert.ok(!written(role).includes(entity), `${role} writes ${entity}`);
    assert.deepEqual(auditRoots, ['read']);
    for (const entity of Object.keys(table)) assert.ok(entity in ENTITIES, entity);
  }
});

test('rights that are missing are seen, also where a command takes the refusal for an answer', async () => {
  const cli = stage();
  await novaJson(cli, ['agent', 'list']);
  const { reach, lacks } = withRights({ ...cli, actor: 'cli:alice' }, 'viewer');
  await assert.rejects(reach.world.table.write({ op: 'delete', key: { pk: 'AUDIT#x', sk: '1' } }), /may not delete/);
  await assert.rejects(reach.world.secrets.get('approval-pepper'), /may not/);
  await assert.rejects(reach.world.work.send({ v: 1, kind: 'reconcile', agentId: 'x' }), /may not send to work/);
  await assert.rejects(async () => reach.admin.queues.runs?.redrive(1), /may not redrive/);
  await assert.rejects(reach.admin.secrets.set('stripe-api-key', 'x'), /may not set/);
  await assert.rejects(async () => reach.admin.backups?.make('x'), /may not make/);
  await assert.rejects(reach.world.stripe.mode(), /may not/);
  assert.equal(lacks.length, 7);
});

test('the rules and the rights speak of the same roles: only an admin sets a secret, every role but a viewer stops', async () => {
  const commands = (await allCommands()).filter((one): one is AnyWorldCommand => one.needs === 'world');
  const rolesOf = (name: string) => rolesFor(commands.find((one) => nameOf(one) === name) ?? assert.fail(name), {});
  assert.deepEqual(await rolesOf('secret set'), ['admin']);
  assert.deepEqual(await rolesOf('approval approve'), ['approver', 'admin']);
  assert.deepEqual(await rolesOf('killswitch on'), ['operator', 'approver', 'admin']);
  assert.deepEqual(await rolesOf('agent list'), ['viewer', 'operator', 'approver', 'admin']);
  assert.deepEqual(Object.keys(POLICY_OF).length, 4);
});
