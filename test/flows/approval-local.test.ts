/** The approval page on one machine: behind the front, which anybody on the machine (or a page of the world) can reach. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Front, openFront } from '../../infra/local/front.ts';
import { mailCatcher } from '../../infra/local/mail-catcher.ts';
import { changeOperator } from '../../shared/store/operator-store.ts';
import {
  type ApprovalWorld,
  approvalWorld,
  ask,
  executions,
  fetchPage,
  type Letter,
  SCALE_UP,
  stateOf,
} from '../fixtures/approval-world.ts';
import { rememberingLog } from '../fixtures/ledger-world.ts';
import { softPasskey } from '../fixtures/soft-passkey.ts';

const folder = await mkdtemp(join(tmpdir(), 'nova-approval-local-'));
const fronts: Front[] = [];
after(async () => {
  for (const front of fronts) await front.close().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

/** One world behind a front, which can be closed and opened again as another process would. */
function stage() {
  let base = '';
  const settled = approvalWorld({ baseOf: () => base });
  const open = async (port: number, token: string): Promise<Front> => {
    const front = await openFront({
      ...{ port, token, log: rememberingLog(), mailKey: async () => 'mail key' },
      mails: mailCatcher({ folder: join(folder, 'mails'), time: settled.time }),
      web: (request) => (request.path.startsWith('/a/') ? fetchPage(settled, request) : Promise.resolve(null)),
      control: async () => ({ value: 'done' }),
    });
    fronts.push(front);
    base = front.url;
    return front;
  };
  return { world: settled, open };
}

type Heard = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** As bytes on a socket: any Host, any Origin. */
function raw(port: number, path: string, headers: Record<string, string>, body?: string): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject).end(body);
  });
}

async function answerFor(world: ApprovalWorld, letter: Letter, code = letter.approveCode): Promise<string> {
  const view = await fetchPage(world, {
    ...{ method: 'POST', path: `/a/${letter.approvalId}/view`, headers: { 'content-type': 'application/json' } },
    body: new TextEncoder().encode(JSON.stringify({ token: letter.token })),
  });
  const { actionHash } = JSON.parse(view.body) as { actionHash: string };
  return JSON.stringify({ token: letter.token, decision: 'approve', actionHash, code });
}

const JSON_TYPE = { 'content-type': 'application/json' };

test('L1: a Host that is not ours is refused before anything else, so no page of the world gets here by DNS', async () => {
  const { world, open } = stage();
  const { port } = await open(0, 'token');
  const letter = await ask(world);
  const path = `/a/${letter.approvalId}`;
  const body = await answerFor(world, letter);
  for (const host of [
    'evil.example.com',
    `evil.example.com:${port}`,
    '127.0.0.1.nip.io',
    `localhost:${port + 1}`,
    'localhost.',
    '[::1]',
  ]) {
    assert.equal((await raw(port, path, { host })).status, 403, host);
    const origin = `http://${host}`;
    assert.equal((await raw(port, `${path}/decide`, { ...JSON_TYPE, host, origin }, body)).status, 403, host);
  }
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
  const host = `localhost:${port}`;
  const origin = `http://${host}`;
  assert.equal((await raw(port, `${path}/decide`, { ...JSON_TYPE, host, origin }, body)).status, 303);
});

test("L2: another user's browser on this machine finds a shell, and no mail, no command, no way to send either", async () => {
  const { world, open } = stage();
  const front = await open(0, 'token');
  const letter = await ask(world);
  const { port } = front;
  const host = `localhost:${port}`;
  const shell = await raw(port, `/a/${letter.approvalId}`, { host });
  const other = await raw(port, `/a/${'0'.repeat(26)}`, { host });
  assert.deepEqual([shell.status, shell.body], [200, other.body]);
  for (const path of ['/mail', '/mail/', '/mail/0000000000000000000000', '/a/', '/control', '/local.json']) {
    assert.equal((await raw(port, path, { host })).status, 404, path);
  }
  const command = JSON.stringify({
    command: ['approval', 'approve'],
    input: { id: letter.approvalId },
    actor: 'cli:me',
  });
  for (const authorization of ['', 'Bearer ', 'Bearer guess']) {
    assert.equal((await raw(port, '/control/command', { ...JSON_TYPE, host, authorization }, command)).status, 403);
    assert.equal((await raw(port, '/v3/mail/send', { ...JSON_TYPE, host, authorization }, '{}')).status, 401);
  }
  const body = await answerFor(world, letter);
  for (const origin of ['http://localhost:9', 'http://127.0.0.1', `https://localhost:${port}`, 'null']) {
    const answer = await raw(port, `/a/${letter.approvalId}/decide`, { ...JSON_TYPE, host, origin }, body);
    assert.equal(answer.status, 403, origin);
  }
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('L3: after a restart on the same port what the old engine gave away is dead, and what was mailed still answers, once', async () => {
  const { world, open } = stage();
  const first = await open(0, 'old token');
  const { port } = first;
  const letter = await ask(world);
  const oldInbox = new URL(first.mailUrl).pathname;
  const host = `localhost:${port}`;
  assert.equal((await raw(port, oldInbox, { host })).status, 200);
  await first.close();
  const second = await open(port, 'new token');
  assert.equal((await raw(port, oldInbox, { host })).status, 404);
  assert.equal(
    (await raw(port, '/control/command', { ...JSON_TYPE, host, authorization: 'Bearer old token' }, '{}')).status,
    403,
  );
  const body = await answerFor(world, letter);
  const headers = { ...JSON_TYPE, host, origin: second.url };
  assert.equal((await raw(port, `/a/${letter.approvalId}/decide`, headers, body)).status, 303);
  assert.equal((await raw(port, `/a/${letter.approvalId}/decide`, headers, body)).status, 303);
  assert.equal(executions(world), 1);
});

test('L3: on another port the page of whoever has the old one is another place: its requests and its passkeys are refused', async () => {
  const { world, open } = stage();
  const first = await open(0, 'token');
  await first.close();
  const { port, url } = await open(0, 'token');
  const key = softPasskey();
  await changeOperator(world, 'owner', { passkeys: [key.kept('localhost')] }, { actor: 'cli:root' });
  const letter = await ask(world, { ...SCALE_UP, costImpactMicrosPerDay: 300_000_000 });
  const path = `/a/${letter.approvalId}`;
  const host = `localhost:${port}`;
  const post = (verb: string, body: object, origin: string): Promise<Heard> =>
    raw(port, `${path}/${verb}`, { ...JSON_TYPE, host, origin }, JSON.stringify({ token: letter.token, ...body }));
  const { nonce } = JSON.parse((await post('challenge', {}, url)).body) as { nonce: string };
  const { actionHash } = JSON.parse((await post('view', {}, url)).body) as { actionHash: string };
  const of = {
    answer: 'approve',
    actionHash,
    decisionId: letter.decisionId,
    approvalId: letter.approvalId,
    nonce,
  } as const;
  const signedAt = (origin: string) => ({
    decision: 'approve',
    actionHash,
    nonce,
    assertion: key.answer(of, { origin, rpId: 'localhost' }),
  });
  const old = `http://localhost:${first.port}`;
  assert.equal((await post('decide', signedAt(url), old)).status, 403, 'a request of the old place');
  assert.equal((await post('decide', signedAt(old), url)).status, 403, 'a passkey of the old place');
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
  assert.equal((await post('decide', signedAt(url), url)).status, 303);
});
