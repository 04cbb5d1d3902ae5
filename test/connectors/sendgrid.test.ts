/** Mail through @sendgrid/mail: what goes over the wire, what is refused, and what the catcher keeps. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mailCatcher } from '../../infra/local/mail-catcher.ts';
import { sendgridMailer } from '../../shared/connectors/sendgrid.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import type { Mail } from '../../shared/ports/outside.ts';
import { approvalWorld, ask } from '../fixtures/approval-world.ts';
import { type Schema, schemaFaults } from '../fixtures/json-schema.ts';

const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

async function serve(listener: Listener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const KEY = 'SG.local.0123456789abcdef';
const mailerTo = (baseUrl: string, timeoutMs?: number) =>
  sendgridMailer({
    apiKey: async () => KEY,
    sender: 'nova@example.com',
    baseUrl,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

const MAIL: Mail = { to: 'owner@example.com', subject: 'Hello', text: 'Hi', html: '<p>Hi</p>', dedupKey: 'k-1' };

async function realMail(): Promise<Mail> {
  const world = approvalWorld();
  await ask(world);
  const [mail] = world.mails;
  if (!mail) throw new Error('no mail');
  return mail;
}

async function freshCatcher() {
  const folder = await mkdtemp(join(tmpdir(), 'nova-mail-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const time = stillClock();
  const catcher = mailCatcher({ folder: join(folder, 'mail'), time });
  return { ...catcher, time, folder: join(folder, 'mail'), url: await serve(catcher.listener) };
}

test("what is sent is what SendGrid's own description asks for, with every kind of tracking off (A6)", async () => {
  const bodies: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const url = await serve(async (request, response) => {
    headers.push(request.headers);
    let text = '';
    for await (const chunk of request) text += String(chunk);
    bodies.push(text);
    response.writeHead(202).end();
  });
  const mail = await realMail();
  await mailerTo(url).send(mail);
  const body = JSON.parse(bodies[0] ?? '') as { [name: string]: unknown };
  const fixture = await readFile(join(import.meta.dirname, '../fixtures/sendgrid-mail-send.json'), 'utf8');
  const { schema } = JSON.parse(fixture) as { schema: Schema };
  assert.deepEqual(schemaFaults(schema, body), []);
  assert.notDeepEqual(schemaFaults(schema, { ...body, subject: '' }), []);
  assert.notDeepEqual(schemaFaults(schema, { ...body, custom_args: { dedupKey: 'x' } }), []);
  assert.deepEqual(body.tracking_settings, {
    click_tracking: { enable: false, enable_text: false },
    open_tracking: { enable: false },
    subscription_tracking: { enable: false },
    ganalytics: { enable: false },
  });
  assert.deepEqual(body.personalizations, [
    { to: [{ email: 'owner@example.com' }], custom_args: { dedupKey: mail.dedupKey } },
  ]);
  assert.match(JSON.stringify(body.content), /clicktracking=\\"off\\"/);
  assert.equal(headers[0]?.authorization, `Bearer ${KEY}`);
});

test('the catcher keeps each accepted mail as a private file, twice when it was sent twice', async () => {
  const catcher = await freshCatcher();
  const mail = await realMail();
  await mailerTo(catcher.url).send(mail);
  catcher.time.advance(1000);
  await mailerTo(catcher.url).send(mail);
  const mails = await catcher.list();
  assert.equal(mails.length, 2);
  const [first, second] = mails;
  assert.equal(first?.subject, mail.subject);
  assert.equal(first?.text, mail.text);
  assert.equal(first?.html, mail.html);
  assert.equal(first?.dedupKey, mail.dedupKey);
  assert.deepEqual([first?.to, first?.from, first?.clickTracking], [['owner@example.com'], 'nova@example.com', false]);
  assert.equal((second?.at ?? 0) - (first?.at ?? 0), 1000);
  assert.deepEqual(await catcher.show(first?.id ?? ''), first);
  assert.equal(await catcher.show('../../etc/passwd'), null);
  assert.equal(await catcher.show('00000000000000-000000000000'), null);
  const names = await readdir(catcher.folder);
  assert.equal(names.length, 2);
  if (process.platform !== 'win32') {
    for (const name of names) assert.equal((await stat(join(catcher.folder, name))).mode & 0o777, 0o600);
    assert.equal((await stat(catcher.folder)).mode & 0o777, 0o700);
  }
});

test('half-written files of a crash are no mails, and a new catcher finds the old ones', async () => {
  const catcher = await freshCatcher();
  await mailerTo(catcher.url).send(MAIL);
  await writeFile(join(catcher.folder, '.00000000000001-000000000000.part'), '{"id":');
  const again = mailCatcher({ folder: catcher.folder, time: stillClock() });
  assert.deepEqual(
    (await again.list()).map(({ subject }) => subject),
    ['Hello'],
  );
  assert.deepEqual(await mailCatcher({ folder: join(catcher.folder, 'none'), time: stillClock() }).list(), []);
});

test('the catcher answers as SendGrid does: 202 with a message id, 401 without a key, 400 with the fields', async () => {
  const { url, list } = await freshCatcher();
  const send = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}v3/mail/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const good = {
    personalizations: [{ to: [{ email: 'a@example.com' }] }],
    from: { email: 'b@example.com' },
    subject: 'Hi',
    content: [{ type: 'text/plain', value: 'Hi' }],
  };
  const accepted = await send(good);
  assert.equal(accepted.status, 202);
  assert.match(accepted.headers.get('x-message-id') ?? '', /^\d{14}-[0-9a-f]{12}$/);
  assert.equal(await accepted.text(), '');
  assert.equal((await send(good, { authorization: '' })).status, 401);
  assert.equal((await send(good, { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await fetch(`${url}v3/mail/send`)).status, 405);
  assert.equal((await fetch(`${url}v3/templates`)).status, 404);
  for (const bad of [
    { ...good, subject: '' },
    { ...good, subject: 'a\r\nBcc: c@example.com' },
    { ...good, from: { email: 'nobody' } },
    { ...good, personalizations: [] },
    '{',
  ]) {
    const refused = await send(bad);
    assert.equal(refused.status, 400);
    const { errors } = (await refused.json()) as { errors: { message: string; field: string | null }[] };
    assert.ok(errors.length > 0 && errors.every(({ message }) => message.length > 0));
  }
  assert.equal((await send({ ...good, content: [{ type: 'text/plain', value: 'x'.repeat(6_000_000) }] })).status, 413);
  assert.equal((await list()).length, 1);
});

test('line breaks in a subject or an address never leave the house (A32)', async () => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests++;
    response.writeHead(202).end();
  });
  const mailer = mailerTo(url);
  for (const bad of [
    { subject: 'a\r\nBcc: x@y.z' },
    { subject: 'a\nb' },
    { subject: 'a\u2028b' },
    { subject: '' },
    { subject: 'x'.repeat(401) },
    { to: 'a@example.com\r\nBcc: x@y.z' },
    { to: 'a@example.com, b@example.com' },
    { to: 'Owner <a@example.com>' },
    { to: 'nobody' },
    { to: '' },
  ]) {
    await assert.rejects(mailer.send({ ...MAIL, ...bad }), { code: 'bad_input' });
  }
  await assert.rejects(sendgridMailer({ apiKey: async () => KEY, sender: 'a@b.c\nX: y', baseUrl: url }).send(MAIL), {
    code: 'bad_input',
  });
  assert.equal(requests, 0);
});

test('what went wrong decides whether it is tried again', async () => {
  let status = 500;
  const url = await serve((_request, response) => {
    const errors = [{ message: `refused token ${'t'.repeat(43)} and code 123456`, field: 'from.email', help: null }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
  });
  const codes: [number, string][] = [
    [400, 'bad_input'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [413, 'too_large'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ];
  for (const [answer, code] of codes) {
    status = answer;
    const thrown = await mailerTo(url)
      .send(MAIL)
      .then(
        () => null,
        (error: unknown) => error,
      );
    assert.ok(thrown instanceof NovaError, String(answer));
    assert.equal(thrown.code, code);
    // The vendor's error holds the key and the mail: nothing of it may ride along into a log (A30).
    assert.equal(thrown.cause, undefined);
    const said = `${thrown.message} ${thrown.stack}`;
    for (const secret of [KEY, 't'.repeat(43), '123456', MAIL.html]) assert.equal(said.includes(secret), false);
  }
});

test('a service that cannot be reached, or does not answer in time, is tried again later', async () => {
  const silent = await serve(() => undefined);
  await assert.rejects(mailerTo(silent, 150).send(MAIL), { code: 'unavailable' });
  await assert.rejects(mailerTo('http://127.0.0.1:1/').send(MAIL), { code: 'unavailable' });
  const elsewhere = await serve((_request, response) => response.writeHead(302, { location: silent }).end());
  await assert.rejects(mailerTo(elsewhere).send(MAIL), NovaError);
});

test('a missing key is said as such, without a request', async () => {
  const apiKey = async (): Promise<string> => {
    throw new NovaError('misconfigured', 'there is no secret "sendgrid-api-key"');
  };
  const mailer = sendgridMailer({ apiKey, sender: 'nova@example.com', baseUrl: 'http://127.0.0.1:1/' });
  await assert.rejects(mailer.send(MAIL), { code: 'misconfigured' });
});
