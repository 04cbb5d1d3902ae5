/** The way without scripts: a pasted link, a page from the server, a form with a code; the same rules as the other way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ApprovalWorld,
  actionHashIn,
  approvalWorld,
  ask,
  attemptsOf,
  executions,
  fetchPage,
  type Letter,
  ORIGIN,
  SCALE_UP,
  stateOf,
  wrongCode,
} from '../fixtures/approval-world.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, 'sec-fetch-site': 'same-origin' };

function submit(world: ApprovalWorld, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new TextEncoder().encode(new URLSearchParams(fields).toString());
  return fetchPage(world, { method: 'POST', path: '/a/plain', headers: { ...FORM, ...headers }, body });
}

async function fieldsOf(world: ApprovalWorld, letter: Letter, decision: string, code: string) {
  return { link: letter.link, decision, code, actionHash: await actionHashIn(world, letter) };
}

test('without scripts a person pastes the link, reads, types a code and has decided, once', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const empty = await fetchPage(world, { path: '/a/plain' });
  assert.match(empty.body, /<form method="post" action="plain">/);
  assert.equal(empty.headers['referrer-policy'], 'same-origin', 'or its form would say that it comes from nowhere');
  const shown = await submit(world, { link: ` ${letter.link}\n` });
  assert.equal(shown.status, 200);
  assert.match(shown.body, /Scale shop up from 2 to 4 instances/);
  assert.match(shown.body, /\$86\.40 more per day/);
  assert.equal(shown.body.includes('<script'), false);
  const fields = await fieldsOf(
    world,
    letter,
    'approve',
    ` ${letter.approveCode.slice(0, 3)} ${letter.approveCode.slice(3)}`,
  );
  assert.match((await submit(world, fields)).body, /Recorded: approved/);
  assert.equal((await submit(world, fields)).status, 200);
  assert.equal(executions(world), 1);
  assert.match((await submit(world, { link: letter.link })).body, /Approved by whoever held the link/);
  const no = await submit(world, await fieldsOf(world, letter, 'reject', letter.rejectCode));
  assert.deepEqual([no.status, no.body.includes('This was approved before; that stands.')], [409, true]);
});

test('it asks for as much as the other way: codes are counted, other sites refused, other forms not read', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const fields = await fieldsOf(world, letter, 'approve', letter.approveCode);
  for (const headers of [
    { origin: 'null' },
    { origin: 'https://evil.example.com' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    assert.equal((await submit(world, fields, headers as Record<string, string>)).status, 403);
  }
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json', '']) {
    assert.equal((await submit(world, fields, { 'content-type': type })).status, 415);
  }
  for (const bad of [
    { ...fields, code: '12345' },
    { ...fields, code: '' },
    { ...fields, link: letter.link.replace(/#.*/, '') },
    { ...fields, decision: 'yes' },
    { ...fields, tier: 'T0' },
    { ...fields, actionHash: 'x' },
    {},
  ]) {
    assert.equal((await submit(world, bad as Record<string, string>)).status, 400, JSON.stringify(bad));
  }
  assert.equal((await submit(world, { ...fields, link: 'x'.repeat(5000) })).status, 413);
  assert.equal(await attemptsOf(world, letter), 0);
  for (let i = 0; i < 5; i++) await submit(world, { ...fields, code: wrongCode(letter) });
  assert.equal((await submit(world, fields)).status, 404);
  assert.equal((await submit(world, { link: letter.link })).status, 404);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('links that mail programs have rewritten are understood', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const safe = `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(letter.link)}&data=05%7C01&reserved=0`;
  for (const link of [safe, encodeURIComponent(encodeURIComponent(letter.link)), letter.link.replace('#', '%23')]) {
    assert.equal((await submit(world, { link })).status, 200, link);
  }
});

test('where a code does not approve, the page without scripts offers only to say no', async () => {
  const world = approvalWorld();
  const letter = await ask(world, { ...SCALE_UP, costImpactMicrosPerDay: 300_000_000 });
  const shown = await submit(world, { link: letter.link });
  assert.equal(shown.body.includes('value="approve"'), false);
  assert.match(shown.body, /Without JavaScript there are no passkeys/);
  assert.equal((await submit(world, await fieldsOf(world, letter, 'approve', letter.rejectCode))).status, 403);
  assert.match(
    (await submit(world, await fieldsOf(world, letter, 'reject', letter.rejectCode))).body,
    /Recorded: rejected/,
  );
});

test('what an agent wrote is text there as well', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const agentText = '</blockquote><form action="https://evil.example.com"><input value="<script>alert(1)</script>';
  await world.table.write({ op: 'update', key: { pk: `APPROVAL#${letter.approvalId}`, sk: 'A' }, set: { agentText } });
  const { body } = await submit(world, { link: letter.link });
  assert.equal(body.match(/<form/g)?.length, 1);
  assert.ok(body.includes('&lt;form action=&quot;https://evil.example.com&quot;&gt;'));
});
