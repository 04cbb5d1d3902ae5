/** What the address of an approval answers before anything is decided: pages, headers, and refusals in their order. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { DONE_PAGE, PAGE_POLICY, PASSKEY_PAGE, REQUEST_PAGE } from '../../shared/runtime/approval-page.ts';
import type { WebResponse } from '../../shared/runtime/job.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { addOperator, removeOperator } from '../../shared/store/operator-store.ts';
import {
  approvalWorld,
  ask,
  askAll,
  attemptsOf,
  fetchPage,
  ORIGIN,
  OWNER,
  postJson,
  press,
  SCALE_UP,
  stateOf,
  wrongCode,
} from '../fixtures/approval-world.ts';

const SCANNERS = ['Mozilla/5.0 (compatible; SafeLinks)', 'BarracudaLinkProtect', 'GoogleImageProxy', 'curl/8.5'];

test('a thousand GET, HEAD and OPTIONS requests of scanners decide nothing and use no attempt (A1)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const before = JSON.stringify(await getApproval(world.table, letter.approvalId));
  for (let i = 0; i < 1000; i++) {
    const method = ['GET', 'HEAD', 'OPTIONS'][i % 3] ?? 'GET';
    const verb = ['', '/done', '/view', '/decide'][i % 4] ?? '';
    const headers = { 'user-agent': SCANNERS[i % SCANNERS.length] ?? '', 'x-http-method-override': 'POST' };
    const { status } = await fetchPage(world, { method, path: `/a/${letter.approvalId}${verb}`, headers });
    assert.equal(status, i % 4 >= 2 ? 405 : method === 'OPTIONS' ? 204 : 200);
  }
  assert.equal(JSON.stringify(await getApproval(world.table, letter.approvalId)), before);
});

test('the page is the same for every id, real, unknown or mangled by a mail scanner (A5)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const real = await fetchPage(world, { path: `/a/${letter.approvalId}` });
  const mangled = [`${letter.approvalId}%23${letter.token}`, `${letter.approvalId}%2523x`, '0'.repeat(26), 'x'];
  for (const id of mangled) assert.deepEqual(await fetchPage(world, { path: `/a/${id}` }), real);
  assert.equal(real.body.includes(letter.approvalId), false);
  assert.equal((await fetchPage(world, { path: `/a/${letter.approvalId}/else` })).status, 404);
});

test('every answer carries the headers that keep it out of frames, caches and referrers (A28, A29)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const answers = [
    await fetchPage(world, { path: `/a/${letter.approvalId}` }),
    await fetchPage(world, { path: `/a/${letter.approvalId}/done` }),
    await fetchPage(world, { path: `/a/${letter.approvalId}`, method: 'DELETE' }),
    await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token }),
    await postJson(world, `/a/${letter.approvalId}/view`, '{'),
    await press(world, letter, 'approve', { code: wrongCode(letter) }),
    await press(world, letter, 'approve'),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 405, 200, 400, 403, 303],
  );
  for (const { headers } of answers) {
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(
      headers['permissions-policy'],
      'publickey-credentials-get=(self), publickey-credentials-create=(self)',
    );
    assert.equal(headers['x-robots-tag'], 'noindex, nofollow');
    assert.match(headers['strict-transport-security'] ?? '', /^max-age=\d{8,}$/);
    assert.match(
      headers['content-security-policy'] ?? '',
      /default-src 'none'.*base-uri 'none'; frame-ancestors 'none'$/,
    );
    assert.equal('set-cookie' in headers, false);
    assert.equal('access-control-allow-origin' in headers, false);
  }
});

test('the policy allows exactly the scripts and the style that are in the pages, and nothing is loaded from elsewhere', () => {
  const hashes = [REQUEST_PAGE, PASSKEY_PAGE, DONE_PAGE].flatMap((page) =>
    [...page.matchAll(/<(?:script|style)>([\s\S]*?)<\/(?:script|style)>/g)].map(
      ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    ),
  );
  assert.equal(new Set(hashes).size, 3);
  for (const hash of hashes) assert.ok(PAGE_POLICY.includes(hash));
  assert.equal(/unsafe|https?:/.test(PAGE_POLICY), false);
  for (const page of [REQUEST_PAGE, PASSKEY_PAGE, DONE_PAGE]) {
    // The one link there is leads to the way without scripts, on our own host.
    assert.equal(/\b(?:src|href|style|on\w+|action)=/.test(page.replace('href="plain"', '')), false);
    assert.equal(/innerHTML|insertAdjacent|document\.write|eval\(|localStorage|cookie/.test(page), false);
  }
});

test('requests of other sites are refused before their body is looked at (A26)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const path = `/a/${letter.approvalId}/view`;
  const from = (headers: Record<string, string>) => postJson(world, path, { token: letter.token }, headers);
  assert.equal((await from({ origin: 'null' })).status, 403);
  assert.equal((await from({ origin: 'https://evil.example' })).status, 403);
  assert.equal((await from({ origin: 'http://nova.example.com' })).status, 403);
  assert.equal((await from({ 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await from({ 'sec-fetch-site': 'same-site' })).status, 403);
  assert.equal((await from({ 'sec-fetch-site': 'none' })).status, 403);
  const bare = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' };
  const body = new TextEncoder().encode(JSON.stringify({ token: letter.token }));
  assert.equal((await fetchPage(world, { method: 'POST', path, headers: bare, body })).status, 403);
  assert.equal((await from({})).status, 200);
});

test('only JSON is read: what a form can send without asking is refused (A27, A38)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const types = [
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/json, text/plain',
    'application/jsonx',
    '',
  ];
  for (const type of types) {
    const answer = await postJson(world, `/a/${letter.approvalId}/decide`, '_method=POST', { 'content-type': type });
    assert.equal(answer.status, 415, type);
  }
  const charset = { 'content-type': 'application/json; charset=UTF-8' };
  assert.equal((await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token }, charset)).status, 200);
});

test('bodies of another size or shape are refused without an exception and without an attempt (A10, A37)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const path = `/a/${letter.approvalId}/decide`;
  const good = { token: letter.token, decision: 'approve', actionHash: 'a'.repeat(64), code: '123456' };
  const bad: unknown[] = [
    { ...good, token: `${letter.token}=` },
    { ...good, token: ` ${letter.token}` },
    { ...good, token: encodeURIComponent(`${letter.token}\n`) },
    { ...good, token: [letter.token] },
    { ...good, tier: 'T0' },
    { ...good, approvalId: letter.approvalId },
    { ...good, code: 123456 },
    { ...good, code: '12345' },
    { ...good, code: '１２３４５６' },
    { ...good, decision: 'APPROVE' },
    { ...good, actionHash: '' },
    { token: letter.token, decision: 'approve', code: '123456' },
    [good],
    null,
    '{"token":',
    '',
    '[[[[',
  ];
  for (const body of bad) {
    const answer = await postJson(world, path, typeof body === 'string' ? body : JSON.stringify(body));
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(answer.body.includes(letter.token), false);
  }
  assert.equal((await postJson(world, path, { ...good, token: 'x'.repeat(13_000) })).status, 413);
  const huge = new Uint8Array(10 * 1024 * 1024).fill(120);
  const headers = { 'content-type': 'application/json', origin: ORIGIN };
  assert.equal((await fetchPage(world, { method: 'POST', path, headers, body: huge })).status, 413);
  const notText = new Uint8Array([0xff, 0xfe, 0x22]);
  assert.equal((await fetchPage(world, { method: 'POST', path, headers, body: notText })).status, 400);
  assert.equal(await attemptsOf(world, letter), 0);
});

test('a token with any character changed opens nothing (A8), and only its canonical spelling is one (A9)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const statuses = new Set<number>();
  for (let at = 0; at < 43; at++) {
    for (const char of alphabet) {
      if (char === letter.token[at]) continue;
      const token = letter.token.slice(0, at) + char + letter.token.slice(at + 1);
      const { status } = await postJson(world, `/a/${letter.approvalId}/view`, { token });
      statuses.add(status);
      if (at === 42) assert.equal(status, alphabet.indexOf(char) % 4 === 0 ? 404 : 400);
    }
  }
  assert.deepEqual([...statuses].sort(), [400, 404]);
  assert.equal((await getApproval(world.table, letter.approvalId))?.views, 0);
});

test('viewing shows what the server knows, is audited once and counted after that, and decides nothing', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const looks = await Promise.all(
    Array.from({ length: 20 }, () => postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token })),
  );
  for (let i = 0; i < 5; i++)
    looks.push(await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token }));
  assert.ok(looks.every(({ body }) => body === looks[0]?.body));
  const view = JSON.parse(looks[0]?.body ?? '') as { [name: string]: unknown };
  assert.equal(view.title, 'Scale shop up from 2 to 4 instances');
  assert.equal(view.askedOf, OWNER);
  assert.match(String(view.ifIgnored), /21 Nov 2026, 09:00 \(Europe\/Zurich\) and then counts as rejected/);
  assert.deepEqual(Object.keys(view).sort(), [
    'actionHash',
    'agentText',
    'askedOf',
    'decisionId',
    'ifIgnored',
    'lines',
    'locked',
    'outcome',
    'standing',
    'status',
    'tier',
    'title',
    'waits',
  ]);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
  const approval = await getApproval(world.table, letter.approvalId);
  assert.equal(approval?.views, 25);
  // Requested, mailed, viewed.
  assert.equal(approval?.auditSeq, 3);
});

test('an unknown id, another request, a wrong token, an expired and a locked request look the same (A7, A33)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const other = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'shop' } });
  const wrong = letter.token.startsWith('A') ? `B${letter.token.slice(1)}` : `A${letter.token.slice(1)}`;
  const answers: WebResponse[] = [];
  const both = async (id: string, token: string): Promise<void> => {
    answers.push(await postJson(world, `/a/${id}/view`, { token }));
    const body = { token, decision: 'approve', actionHash: 'a'.repeat(64), code: letter.approveCode };
    answers.push(await postJson(world, `/a/${id}/decide`, body));
  };
  await both('01ARZ3NDEKTSV4RRFFQ69G5FAV', letter.token);
  await both('nothing-like-an-id', letter.token);
  await both(letter.approvalId, wrong);
  await both(other.approvalId, letter.token);
  for (let i = 0; i < 5; i++) await press(world, other, 'approve', { code: wrongCode(other) });
  await both(other.approvalId, other.token);
  world.time.advance(24 * 3_600_000);
  await both(letter.approvalId, letter.token);
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.equal(answers[0]?.status, 404);
});

test('nothing that is secret reaches a log, an answer or the table in plain (A30)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const answers = [
    await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token }),
    await press(world, letter, 'reject', { code: letter.approveCode }),
    await press(world, letter, 'approve'),
    await press(world, letter, 'reject'),
  ];
  const secrets = [letter.token, letter.approveCode, letter.rejectCode, 'secret of approval-pepper'];
  const kept = [...world.table.items()].map((item) => JSON.stringify(item));
  const texts = [
    ...answers.map((one) => JSON.stringify(one)),
    JSON.stringify(world.log.said),
    JSON.stringify(world.sent),
  ];
  for (const secret of secrets) {
    // As a word: six digits may well occur within a hash.
    const word = new RegExp(`(?<![\\w-])${secret}(?![\\w-])`);
    assert.deepEqual(
      [...kept, ...texts].filter((text) => word.test(text)),
      [],
    );
  }
  const approval = await getApproval(world.table, letter.approvalId);
  const hashes = approval?.credentials.flatMap((one) => [one.tokenHash, one.approveCodeHash, one.rejectCodeHash]) ?? [];
  assert.equal(hashes.length, 3);
  for (const hash of hashes) assert.equal(texts.filter((text) => text.includes(hash)).length, 0);
});

test('A39: whatever a request says its host is, links, origins and hosts of passkeys are the configured one', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const spoofed = {
    ...{ host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com', 'x-forwarded-proto': 'http' },
    ...{ forwarded: 'host=evil.example.com', 'x-original-host': 'evil.example.com' },
  };
  const path = `/a/${letter.approvalId}`;
  const view = await postJson(world, `${path}/view`, { token: letter.token }, spoofed);
  const offer = await postJson(world, `${path}/challenge`, { token: letter.token }, spoofed);
  assert.equal((JSON.parse(offer.body) as { rpId: string }).rpId, 'nova.example.com');
  for (const { body, headers } of [view, offer, await fetchPage(world, { path, headers: spoofed })]) {
    assert.equal(`${body}${JSON.stringify(headers)}`.includes('evil'), false);
  }
  const from = { ...spoofed, origin: 'https://evil.example.com' };
  assert.equal((await postJson(world, `${path}/view`, { token: letter.token }, from)).status, 403);
  const next = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'next' } });
  assert.equal(new URL(next.link).origin, ORIGIN);
});

test('who was removed sees nothing more of what they were asked, and their look is not taken for the owner’s', async () => {
  const world = approvalWorld();
  const bob = { id: 'bob', name: 'Bob', email: 'bob@example.com', roles: ['approver'], logins: [] } as const;
  await addOperator(world, bob, 'cli:owner');
  const letters = await askAll(world, { ...SCALE_UP, costImpactMicrosPerDay: 2_000_000_000 });
  const letter = letters.find(({ to }) => to === bob.email) ?? assert.fail();
  await removeOperator(world, 'bob', 'cli:owner');
  const { status, body } = await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token });
  assert.equal(status, 404);
  assert.equal(body.includes(OWNER), false);
  assert.equal((await getApproval(world.table, letter.approvalId))?.views, 0);
});
