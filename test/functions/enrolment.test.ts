/** Making a passkey: a link by mail and a code from the terminal, good once, for the person who was invited. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invite, mailEnrolment } from '../../shared/store/enrolment-store.ts';
import { addOperator, getOperator, removeOperator } from '../../shared/store/operator-store.ts';
import { type ApprovalWorld, approvalWorld, OWNER, postJson } from '../fixtures/approval-world.ts';
import { cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';
import { type Saying, softPasskey } from '../fixtures/soft-passkey.ts';

const HERE = { origin: 'https://nova.example.com', rpId: 'nova.example.com' };

async function invited(world: ApprovalWorld, operatorId = 'owner') {
  const { id, code } = await invite(world, { operatorId, label: 'phone', actor: 'cli:root' });
  await mailEnrolment(world, id);
  const [, token = ''] = /\/passkey#(\S{43})/.exec(world.mails.at(-1)?.text ?? '') ?? [];
  return { id, code, token };
}
type Invited = Awaited<ReturnType<typeof invited>>;

async function make(world: ApprovalWorld, { id, code, token }: Invited, saying: Partial<Saying> = {}) {
  const offer = await postJson(world, `/a/${id}/enrol-offer`, { token, code });
  if (offer.status !== 200) return offer.status;
  const { nonce } = JSON.parse(offer.body) as { nonce: string };
  const attestation = softPasskey().make({ enrolmentId: id, nonce }, { ...HERE, ...saying });
  return (await postJson(world, `/a/${id}/enrol`, { token, nonce, attestation })).status;
}

const keysOf = async (world: ApprovalWorld, id = 'owner') => (await getOperator(world, id))?.passkeys ?? [];

test('who has the link and the code makes one passkey, bound to this host, and it is told', async () => {
  const world = approvalWorld();
  const invitation = await invited(world);
  assert.equal(world.mails.at(-1)?.to, OWNER);
  assert.equal((world.mails.at(-1)?.text ?? '').includes(invitation.code), false, 'the mail has no code');
  assert.equal(await make(world, invitation), 200);
  const [key] = await keysOf(world);
  assert.deepEqual([key?.label, key?.rpId, key?.counter], ['phone', 'nova.example.com', 0]);
  assert.match(JSON.stringify(world.sent.at(-1)), /A passkey was made for owner/);
  assert.equal(await make(world, invitation), 404, 'the link is used up');
  assert.equal((await keysOf(world)).length, 1);
});

test('the link alone makes nothing: five wrong codes close it, strangers use no try up', async () => {
  const world = approvalWorld();
  const invitation = await invited(world);
  const wrong = invitation.code === '000000' ? '111111' : '000000';
  for (let i = 0; i < 20; i++) {
    const token = world.ids.token(32);
    assert.equal((await postJson(world, `/a/${invitation.id}/enrol-offer`, { token, code: wrong })).status, 404);
  }
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push(Number(await make(world, { ...invitation, code: wrong })));
  assert.deepEqual(statuses, [403, 403, 403, 403, 404]);
  assert.equal(await make(world, invitation), 404);
  assert.deepEqual(await keysOf(world), []);
});

test('an invitation ends after an hour, and a nonce that was not given for it is worth nothing', async () => {
  const world = approvalWorld();
  const invitation = await invited(world);
  const other = await invited(world);
  const offer = await postJson(world, `/a/${other.id}/enrol-offer`, { token: other.token, code: other.code });
  const { nonce } = JSON.parse(offer.body) as { nonce: string };
  const attestation = softPasskey().make({ enrolmentId: invitation.id, nonce }, HERE);
  const sent = { token: invitation.token, nonce, attestation };
  assert.equal((await postJson(world, `/a/${invitation.id}/enrol`, sent)).status, 403);
  world.time.advance(3_600_000);
  assert.equal(await make(world, invitation), 404);
  assert.deepEqual(await keysOf(world), []);
});

test('a key made elsewhere, or without a verified user, is not taken', async () => {
  for (const lie of [
    { origin: 'https://evil.example.com' },
    { rpId: 'evil.example.com' },
    { userVerified: false },
    { crossOrigin: true },
    { type: 'webauthn.get' },
  ]) {
    const world = approvalWorld();
    assert.equal(await make(world, await invited(world), lie), 403, JSON.stringify(lie));
    assert.deepEqual(await keysOf(world), []);
  }
});

test('two who use one link at once make one key between them', async () => {
  const world = approvalWorld();
  const invitation = await invited(world);
  const statuses = await Promise.all([make(world, invitation), make(world, invitation), make(world, invitation)]);
  assert.ok(statuses.includes(200), String(statuses));
  assert.equal((await keysOf(world)).length, 1);
});

test('a person who is removed before using the link makes nothing', async () => {
  const world = approvalWorld();
  const draft = { id: 'bob', name: 'Bob', email: 'bob@example.com', roles: ['approver'], logins: [] } as const;
  await addOperator(world, draft, 'cli:root');
  const invitation = await invited(world, 'bob');
  await removeOperator(world, 'bob', 'cli:root');
  assert.equal(await make(world, invitation), 404);
});

test('the command shows the code, mails the link, lists the key without its secret parts and takes it away', async () => {
  const cli = cliWorld();
  const added = (await novaJson(cli, ['operator', 'passkey', 'add', 'owner', '--label', 'phone'])) as {
    invitation: { code: string; to: string };
  };
  assert.match(added.invitation.code, /^\d{6}$/);
  await workAll(cli);
  const mail = cli.mails.at(-1);
  assert.equal(mail?.subject, 'Make a passkey for NovaOS');
  assert.match(mail?.text ?? '', /http:\/\/localhost:8787\/a\/\w{26}\/passkey#\S{43}/);
  assert.equal((mail?.text ?? '').includes(added.invitation.code), false);
  const dump = JSON.stringify([...cli.world.table.items()]);
  const token = /#(\S{43})/.exec(mail?.text ?? '')?.[1] ?? 'none';
  assert.equal(dump.includes(token) || dump.includes(added.invitation.code), false);
  assert.equal((await nova(cli, ['operator', 'passkey', 'list', 'owner'])).out.trim(), 'no passkey');
  assert.equal((await nova(cli, ['operator', 'passkey', 'remove', 'owner'])).code, 2);
  assert.equal((await nova(cli, ['operator', 'passkey', 'remove', 'owner', '--key', 'x'])).code, 3);
  assert.equal((await nova(cli, ['operator', 'passkey', 'add', 'nobody'])).code, 3);
});

test('who is removed while the page is open makes no passkey, and hears nothing but that the link opens nothing', async () => {
  const world = approvalWorld();
  const bob = { id: 'bob', name: 'Bob', email: 'bob@example.com', roles: ['approver'], logins: [] } as const;
  await addOperator(world, bob, 'cli:root');
  const { id, code, token } = await invited(world, 'bob');
  const offer = await postJson(world, `/a/${id}/enrol-offer`, { token, code });
  const { nonce } = JSON.parse(offer.body) as { nonce: string };
  await removeOperator(world, 'bob', 'cli:root');
  const attestation = softPasskey().make({ enrolmentId: id, nonce }, HERE);
  const { status, body } = await postJson(world, `/a/${id}/enrol`, { token, nonce, attestation });
  assert.deepEqual([status, (JSON.parse(body) as { error: string }).error], [404, 'not_available']);
});
