/** The link to the kill switch that every mail carries: it shows, it takes a code, and it only ever stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notify } from '../../shared/jobs/notify.ts';
import type { Mail } from '../../shared/ports/outside.ts';
import { getHalt, turnHalt } from '../../shared/store/halt-store.ts';
import { stopLinksPk } from '../../shared/store/keys.ts';
import { addOperator, removeOperator } from '../../shared/store/operator-store.ts';
import { queryAll } from '../../shared/store/query-all.ts';
import {
  type ApprovalWorld,
  approvalWorld,
  ask,
  askAll,
  fetchPage,
  postJson,
  SCALE_UP,
} from '../fixtures/approval-world.ts';

type Link = { readonly id: string; readonly token: string; readonly code: string };
const NOTICE = { v: 1, kind: 'notify', subject: 'Hello', text: 'Something happened.', dedupKey: 'x' } as const;

function linkIn(mail: Mail | undefined): Link {
  const text = mail?.text ?? '';
  const [, id = '', token = ''] = /\/a\/(Z\w{25})#(\S{43})/.exec(text) ?? [];
  const code = /and type (\d{6}) there\.$/m.exec(text)?.[1] ?? '';
  assert.ok(id && token && code, text);
  for (const part of [id, token, code]) assert.ok(mail?.html.includes(part), 'the HTML has it too');
  return { id, token, code };
}

async function told(world: ApprovalWorld): Promise<Link> {
  await notify(NOTICE, world);
  return linkIn(world.mails.at(-1));
}

const isOn = async (world: ApprovalWorld): Promise<boolean> => (await getHalt(world.table, 'fleet')).on;
const other = (code: string): string => (code === '000000' ? '111111' : '000000');

async function hashOf(world: ApprovalWorld, { id, token }: Link): Promise<string> {
  return (JSON.parse((await postJson(world, `/a/${id}/view`, { token })).body) as { actionHash: string }).actionHash;
}

async function decide(world: ApprovalWorld, link: Link, change: { code?: string; decision?: string } = {}) {
  const { id, token, code } = link;
  const body = { token, decision: 'approve', actionHash: await hashOf(world, link), code, ...change };
  return postJson(world, `/a/${id}/decide`, body);
}

test('the link and its code turn the switch on, once, with the mail as the actor', async () => {
  const world = approvalWorld();
  const link = await told(world);
  const view = JSON.parse((await postJson(world, `/a/${link.id}/view`, { token: link.token })).body);
  assert.deepEqual([view.status, view.title, view.tier], ['pending', 'Stop everything', 'T0']);
  assert.equal(await isOn(world), false);
  assert.equal((await decide(world, link)).status, 303);
  const { on, by } = await getHalt(world.table, 'fleet');
  assert.deepEqual([on, by], [true, 'link:owner@example.com']);
  assert.equal((await decide(world, link)).status, 303);
  assert.equal((await getHalt(world.table, 'fleet')).version, 1, 'twice is once');
  assert.ok(world.sent.some((message) => message.kind === 'halt' && message.scope === 'fleet'));
  const after = JSON.parse((await postJson(world, `/a/${link.id}/view`, { token: link.token })).body);
  assert.match(after.outcome, /was turned on with this link/);
});

test('a link that was used does not stop again what a person let run', async () => {
  const world = approvalWorld();
  const link = await told(world);
  const actionHash = await hashOf(world, link);
  assert.equal((await decide(world, link)).status, 303);
  await turnHalt(world, { scope: 'fleet', on: false, actor: 'cli:owner', reason: 'all is well' });
  const replayed = { token: link.token, decision: 'approve', actionHash, code: link.code };
  assert.equal((await postJson(world, `/a/${link.id}/decide`, replayed)).status, 404);
  assert.equal(await isOn(world), false);
});

test('the link of somebody who was removed stops nothing and shows nothing', async () => {
  const world = approvalWorld();
  const bob = { id: 'bob', name: 'Bob', email: 'bob@example.com', roles: ['approver'], logins: [] } as const;
  await addOperator(world, bob, 'cli:owner');
  await askAll(world, { ...SCALE_UP, costImpactMicrosPerDay: 2_000_000_000 });
  const link = linkIn(world.mails.findLast(({ to }) => to === bob.email));
  const actionHash = await hashOf(world, link);
  await removeOperator(world, 'bob', 'cli:owner');
  assert.equal((await postJson(world, `/a/${link.id}/view`, { token: link.token })).status, 404);
  const body = { token: link.token, decision: 'approve', actionHash, code: link.code };
  assert.equal((await postJson(world, `/a/${link.id}/decide`, body)).status, 404);
  assert.equal(await isOn(world), false);
});

test('a scanner that opens, reloads, views and guesses trips nothing, and five guesses close the link', async () => {
  const world = approvalWorld();
  const link = await told(world);
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    for (let n = 0; n < 50; n++) await fetchPage(world, { method, path: `/a/${link.id}` });
  for (let n = 0; n < 50; n++) await postJson(world, `/a/${link.id}/view`, { token: link.token });
  const reject = await decide(world, link, { decision: 'reject' });
  assert.equal(reject.status, 403, 'the code belongs to stopping alone');
  for (let n = 0; n < 3; n++) assert.equal((await decide(world, link, { code: other(link.code) })).status, 403);
  const actionHash = await hashOf(world, link);
  await decide(world, link, { code: other(link.code) });
  const late = await postJson(world, `/a/${link.id}/decide`, {
    ...{ token: link.token, decision: 'approve', actionHash, code: link.code },
  });
  assert.equal(late.status, 404);
  assert.equal(await isOn(world), false);
});

test('a wrong token, another link’s token, an unknown and an expired link look the same', async () => {
  const world = approvalWorld();
  const [link, second] = [await told(world), await told(world)];
  const answers = [
    await postJson(world, `/a/${link.id}/view`, { token: second.token }),
    await postJson(world, `/a/Z${'0'.repeat(25)}/view`, { token: link.token }),
  ];
  world.time.advance(31 * 86_400_000);
  answers.push(await postJson(world, `/a/${link.id}/view`, { token: link.token }));
  answers.push(
    await postJson(world, `/a/${link.id}/decide`, {
      ...{ token: link.token, decision: 'approve', actionHash: 'a'.repeat(64), code: link.code },
    }),
  );
  assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size, 1);
  assert.equal(answers[0]?.status, 404);
  assert.equal(await isOn(world), false);
});

test('requests for approval carry it as well, apart from their own codes', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const link = linkIn(world.mails.at(-1));
  assert.notEqual(letter.approvalId, link.id);
  const crossed = await decide(world, { ...link, code: letter.approveCode });
  assert.equal(crossed.status, 403);
  assert.equal(await isOn(world), false);
});

test('a mail a day for a year leaves the links of a month, and each of those still works', async () => {
  const world = approvalWorld();
  const links: Link[] = [];
  for (let day = 0; day < 365; day++) {
    links.push(await told(world));
    world.time.advance(86_400_000);
  }
  const kept = await queryAll(world.table, { pk: stopLinksPk });
  assert.ok(kept.length >= 30 && kept.length <= 32, `${kept.length} links`);
  const alive = links.at(-29) ?? assert.fail();
  assert.equal((await postJson(world, `/a/${alive.id}/view`, { token: alive.token })).status, 200);
  assert.equal((await decide(world, alive)).status, 303);
  assert.equal(await isOn(world), true);
});

test('what piled up while no link was dropped is gone after a third as many mails, and nothing that lives with it', async () => {
  const world = approvalWorld();
  for (let n = 0; n < 30; n++) await told(world);
  world.time.advance(32 * 86_400_000);
  const fresh: Link[] = [];
  for (let n = 0; n < 10; n++) fresh.push(await told(world));
  const kept = await queryAll(world.table, { pk: stopLinksPk });
  assert.deepEqual(
    kept.map(({ sk }) => sk),
    fresh.map(({ id }) => id),
  );
});

test('no reason is too long to stop everything', async () => {
  const world = approvalWorld();
  const reason = `${'x'.repeat(999)}\u{1f6d1}${'漢'.repeat(300_000)}`;
  await turnHalt(world, { scope: 'fleet', on: true, actor: 'cli:owner', reason });
  const { on, reason: kept } = await getHalt(world.table, 'fleet');
  assert.deepEqual([on, kept.length, kept.isWellFormed()], [true, 1000, true]);
});
