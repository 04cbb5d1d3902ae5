/**
 * Every secret of a whole story is a canary. Afterwards everything the story left behind is searched for them: database,
 * logs, mails, answers, errors, exports, in the spellings a leak may take.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerControl } from '../../cli/control.ts';
import { makeBackup } from '../../infra/local/backups.ts';
import { startEngine } from '../../infra/local/engine.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { type Artefact, CANARIES, filesIn, leaks, spellings } from './canaries.ts';
import { settled, stageOf, temporaryHome } from './engine-stage.ts';
import { approveStory, readMail, tellStory } from './story.ts';

const CHANNEL = { to: '', account: '', from: '', severity: 'warning', standsBehind: false, inside: false };
/** Channels that hear of an alert, each with a secret of its own; none of them can be reached. */
const TOLD: readonly (readonly [words: string, input: JsonObject])[] = [
  ['channel add', { ...CHANNEL, id: 'ops', kind: 'slack' }],
  ['channel add', { ...CHANNEL, id: 'n8n', kind: 'webhook', to: 'https://127.0.0.1:9/hook', inside: true }],
  ['channel add', { ...CHANNEL, id: 'partner', kind: 'email', to: 'partner@example.com' }],
  ['channel test', { id: 'ops' }],
  ['channel test', { id: 'n8n' }],
  ['channel test', { id: 'partner' }],
];

const ASKED: readonly (readonly [words: string, input: JsonObject])[] = [
  ['channel list', {}],
  ['alert list', {}],
  ['status', {}],
  ['secret list', {}],
  ['audit list', { days: 30, limit: 1000 }],
  ['audit export', {}],
  ['audit verify', { days: 30 }],
  ['ledger export', { format: 'json' }],
  ['ledger export', { format: 'csv' }],
  ['finance export', { format: 'csv' }],
  ['finance export', { format: 'json' }],
  ['connector list', {}],
  ['connector test', { id: 'stripe' }],
  ['connector test', { id: 'gumroad' }],
  ['ledger reconcile', {}],
  ['secret rotate', { name: 'ledger-hook-secret', finish: true }],
  ['queue list', {}],
  ['decision list', {}],
  ['approval list', { status: 'all' }],
  ['run list', {}],
];

/** A vendor that says back whatever it was sent, as careless ones do in their errors. */
async function echo() {
  const server = createServer((request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    const message = `bad key: ${request.headers.authorization}`;
    response.end(JSON.stringify({ success: false, message, error: { type: 'invalid_request_error', message } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test('no secret of a whole story is in anything that the story leaves behind', async () => {
  const home = temporaryHome();
  const vendor = await echo();
  process.env.NOVA_STRIPE_URL = vendor.url;
  process.env.NOVA_GUMROAD_URL = vendor.url;
  mkdirSync(home.path, { recursive: true });
  writeFileSync(join(home.path, 'secrets.json'), JSON.stringify(CANARIES), { mode: 0o600 });
  const engine = await startEngine({ home: home.path, port: 0, version: 'test', control: answerControl });
  const said: Artefact[] = [];
  let mailed: ReturnType<typeof readMail>;
  try {
    const stage = stageOf(engine);
    const told = await tellStory(stage);
    mailed = readMail(told);
    await approveStory(stage, told);
    for (const [words, input] of [...TOLD, ...ASKED]) {
      if (words === 'channel list') await settled(engine);
      const asked = { command: words.includes(' ') ? words.split(' ') : ['', words], input, actor: 'cli:tester' };
      said.push({ name: `nova ${words}`, text: JSON.stringify(await answerControl(asked, engine)) });
    }
    for (const { path, headers, body } of knocks()) {
      const answer = await fetch(`${engine.place.url}${path}`, { method: 'POST', headers, body });
      said.push({ name: `the answer of ${path.slice(0, 15)}`, text: `${await answer.text()}${[...answer.headers]}` });
    }
    const made = { id: 'b1', at: Date.now(), version: 'test', withSecrets: false };
    assert.ok(makeBackup(home.path, made).files.length > 0);
    const token = JSON.parse(readFileSync(join(home.path, 'local.json'), 'utf8')).token as string;
    const kept = filesIn(home.path).filter(({ name }) => name !== 'secrets.json');
    const artefacts = [...kept, ...said];
    const misunderstood = said.filter(({ text }) => /"code":"bad_input"/.test(text));
    assert.deepEqual(misunderstood, []);
    assert.match(said.map(({ text }) => text).join(), /refuses stripe-api-key/);
    assert.ok(kept.some(({ name, text }) => name.startsWith('nova.sqlite') && text.includes('big-winner')));
    assert.ok(kept.some(({ name }) => name.startsWith('mail')) && kept.some(({ name }) => name === 'engine.log'));
    assert.ok(
      kept.some(({ name }) => name.startsWith('backups')),
      'a backup without secrets is among them',
    );
    assert.match(said.find(({ name }) => name === 'nova channel list')?.text ?? '', /"id":"ops".*"problem":"[^"]+/);
    assert.ok(kept.some(({ name, text }) => name.startsWith('mail') && text.includes('partner@example.com')));
    assert.deepEqual(leaks(artefacts, CANARIES), []);
    // The key of the engine is in one file; a link and its codes in the mail they were sent with, and nowhere else.
    assert.deepEqual(leaks(artefacts, { token }), ['token is in local.json']);
    const unmailed = artefacts.filter(({ name }) => !name.startsWith('mail'));
    assert.deepEqual(leaks(unmailed, { link: mailed.token }), []);
    const codes = { approve: `"${mailed.approve}"`, reject: `"${mailed.reject}"` };
    assert.deepEqual(leaks(unmailed, codes), []);
    // The search itself: what is planted is found, in every spelling.
    for (const text of spellings(CANARIES['stripe-api-key'] ?? '')) {
      assert.deepEqual(leaks([{ name: 'planted', text }], CANARIES), ['stripe-api-key is in planted']);
    }
  } finally {
    await engine.stop();
    vendor.close();
    delete process.env.NOVA_STRIPE_URL;
    delete process.env.NOVA_GUMROAD_URL;
  }
  const left = filesIn(home.path).filter(({ name }) => name !== 'secrets.json');
  home.remove();
  assert.deepEqual(leaks(left, CANARIES), []);
});

type Knock = { readonly path: string; readonly headers: Record<string, string>; readonly body: string };

/** Genuine, forged and broken requests: what each leaves in the log must not say with what it was checked. */
function knocks(): Knock[] {
  const json = { 'content-type': 'application/json' };
  const seconds = Math.floor(Date.now() / 1000);
  const event = JSON.stringify({ id: 'evt_1', object: 'event', type: 'x', data: { object: {} } });
  const v1 = createHmac('sha256', CANARIES['stripe-webhook-secret'] ?? '')
    .update(`${seconds}.${event}`)
    .digest('hex');
  return [
    { path: '/hooks/stripe', headers: { ...json, 'stripe-signature': `t=${seconds},v1=${v1}` }, body: event },
    { path: '/hooks/stripe', headers: { ...json, 'stripe-signature': 't=1,v1=00' }, body: event },
    { path: `/hooks/gumroad/${CANARIES['gumroad-ping-secret']}`, headers: json, body: 'not a form at all' },
    { path: `/hooks/gumroad/${CANARIES['gumroad-ping-secret']}x`, headers: json, body: 'sale_id=1' },
    { path: '/hooks/ledger', headers: { ...json, 'x-nova-signature': '00', 'x-nova-timestamp': 'x' }, body: '{}' },
    { path: '/hooks/sendgrid', headers: json, body: '[]' },
    { path: '/control/command', headers: { ...json, authorization: 'Bearer wrong' }, body: '{}' },
    { path: '/v3/mail/send', headers: { ...json, authorization: 'Bearer wrong' }, body: '{}' },
  ];
}
