/** The people of a workspace: the owner first, everybody on record, never without an admin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyChain } from '../../shared/domain/audit.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import {
  addOperator,
  allOperators,
  changeOperator,
  getOperator,
  listOperators,
  operatorOf,
  removeOperator,
} from '../../shared/store/operator-store.ts';
import { approvalWorld, OWNER } from '../fixtures/approval-world.ts';
import { cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';

const ALICE = {
  id: 'alice',
  name: 'Alice',
  email: 'alice@example.com',
  roles: ['approver'],
  logins: ['cli:alice'],
} as const;
const BOB = {
  id: 'bob',
  name: 'Bob',
  email: 'bob@example.com',
  roles: ['admin', 'approver'],
  logins: ['cli:bob'],
} as const;

test('before anybody was added the owner of the settings is there, with every role, and whoever reaches it is that', async () => {
  const world = approvalWorld();
  const [owner, ...others] = await listOperators(world);
  assert.deepEqual(others, []);
  assert.deepEqual([owner?.id, owner?.email], ['owner', OWNER]);
  assert.deepEqual(owner?.roles, ['admin', 'approver', 'operator', 'viewer']);
  assert.equal((await operatorOf(world, 'cli:anyone'))?.id, 'owner');
  assert.equal((await operatorOf(world, `link:${OWNER}`))?.id, 'owner');
  assert.equal(await operatorOf(world, 'system:sweep'), null);
  assert.equal(await operatorOf(world, 'run:shop.0.abc'), null);
  assert.equal([...world.table.items()].length, 0, 'reading writes nothing');
});

test('the first addition writes the owner down under the login that made it; strangers are nobody from then on', async () => {
  const world = approvalWorld();
  await addOperator(world, ALICE, 'cli:owner-at-home');
  assert.deepEqual(
    (await listOperators(world)).map(({ id }) => id),
    ['owner', 'alice'],
  );
  assert.equal((await operatorOf(world, 'cli:owner-at-home'))?.id, 'owner');
  assert.equal((await operatorOf(world, 'cli:alice'))?.id, 'alice');
  assert.equal((await operatorOf(world, 'passkey:alice'))?.id, 'alice');
  assert.equal((await operatorOf(world, 'link:ALICE@example.com'))?.id, 'alice');
  assert.equal(await operatorOf(world, 'cli:anyone'), null);
});

test('every change is on record in a chain that can be proved', async () => {
  const world = approvalWorld();
  await addOperator(world, ALICE, 'cli:root');
  await changeOperator(world, 'alice', { roles: ['approver', 'viewer'] }, { actor: 'cli:root' });
  await removeOperator(world, 'alice', 'cli:root');
  const records = await auditChain(world.table, 'operator:alice');
  const alice = (await allOperators(world)).find(({ id }) => id === 'alice');
  const head = { seq: alice?.auditSeq ?? 0, hash: alice?.auditHash ?? '' };
  assert.equal(verifyChain(records, head, world.hashing.sha256), null);
  assert.deepEqual(
    records.map(({ bytes }) => (JSON.parse(bytes) as { action: string }).action),
    ['operator.added', 'operator.changed', 'operator.removed'],
  );
});

test('the last admin stays, whether removed or stripped of the role', async () => {
  const world = approvalWorld();
  await addOperator(world, ALICE, 'cli:root');
  await assert.rejects(removeOperator(world, 'owner', 'cli:root'), { code: 'conflict' });
  await assert.rejects(changeOperator(world, 'owner', { roles: ['viewer'] }, { actor: 'cli:root' }), {
    code: 'conflict',
  });
  await addOperator(world, BOB, 'cli:root');
  await removeOperator(world, 'owner', 'cli:bob');
  await assert.rejects(removeOperator(world, 'bob', 'cli:bob'), { code: 'conflict' });
  assert.deepEqual(
    (await listOperators(world)).map(({ id }) => id),
    ['alice', 'bob'],
  );
});

test('two admins who remove each other at the same moment leave one', async () => {
  for (let round = 0; round < 20; round++) {
    const world = approvalWorld();
    await addOperator(world, BOB, 'cli:root');
    const results = await Promise.allSettled([
      removeOperator(world, 'owner', 'cli:bob'),
      removeOperator(world, 'bob', 'cli:root'),
    ]);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await listOperators(world)).length, 1);
  }
});

test('first additions at the same moment all count, and the owner is written once', async () => {
  const world = approvalWorld();
  await Promise.all([addOperator(world, ALICE, 'cli:root'), addOperator(world, BOB, 'cli:root')]);
  assert.deepEqual((await listOperators(world)).map(({ id }) => id).sort(), ['alice', 'bob', 'owner']);
});

test('an id is given once, a login and an address belong to one person, and a removed person is nobody', async () => {
  const world = approvalWorld();
  await addOperator(world, ALICE, 'cli:root');
  await assert.rejects(addOperator(world, { ...BOB, logins: ['cli:alice'] }, 'cli:root'), { code: 'conflict' });
  await assert.rejects(addOperator(world, { ...BOB, email: 'Alice@Example.com' }, 'cli:root'), { code: 'conflict' });
  await removeOperator(world, 'alice', 'cli:root');
  assert.equal(await operatorOf(world, 'cli:alice'), null);
  assert.equal(await getOperator(world, 'alice'), null);
  await assert.rejects(addOperator(world, ALICE, 'cli:root'), { code: 'conflict' });
  await assert.rejects(changeOperator(world, 'alice', { roles: ['admin'] }, { actor: 'cli:root' }), {
    code: 'not_found',
  });
});

test('an address that would break a mail header, an unknown role and an odd login are refused with every reason', async () => {
  const world = approvalWorld();
  for (const email of ['a@b.c\r\nBcc: x@y.z', 'a b@c.d', '<a@b.c>', 'a@b.c, d@e.f', 'nobody', 'ü@example.com']) {
    await assert.rejects(addOperator(world, { ...ALICE, email }, 'cli:root'), { code: 'bad_input' }, email);
  }
  await assert.rejects(addOperator(world, { ...ALICE, roles: ['root' as 'admin'] }, 'cli:root'), /a role is admin/);
  await assert.rejects(addOperator(world, { ...ALICE, logins: ['system:sweep'] }, 'cli:root'), /a login looks like/);
  await addOperator(world, { ...ALICE, name: '\u202EecilA\u200b\r\nx' }, 'cli:root');
  assert.equal((await getOperator(world, 'alice'))?.name, 'ecilA x');
});

test('the owner moves with the address of the settings', async () => {
  const world = approvalWorld();
  await addOperator(world, ALICE, 'cli:root');
  const moved = { ...world, settings: { ...world.settings, ownerEmail: 'new@example.com' } };
  assert.equal((await getOperator(moved, 'owner'))?.email, 'new@example.com');
});

test('the commands add, show, change and remove people', async () => {
  const cli = cliWorld();
  const add = [
    'operator',
    'add',
    'bob',
    '--email',
    'bob@example.com',
    '--roles',
    'approver,viewer',
    '--login',
    'cli:bob',
  ];
  assert.deepEqual(((await novaJson(cli, add)) as { roles: string[] }).roles, ['approver', 'viewer']);
  assert.match((await nova(cli, ['operator', 'list'])).out, /bob@example\.com +approver viewer/);
  await novaJson(cli, ['operator', 'role', 'bob', 'admin']);
  assert.match((await nova(cli, ['operator', 'show', 'bob'])).out, /roles +admin\n/);
  assert.equal((await nova(cli, ['operator', 'remove', 'bob'])).code, 0);
  assert.equal((await nova(cli, ['operator', 'remove', 'owner'])).code, 5);
  assert.equal((await nova(cli, ['operator', 'role', 'owner', 'king'])).code, 2);
  assert.equal(((await novaJson(cli, ['audit', 'verify'])) as { valid: boolean }).valid, true);
});
