/** The door of one machine: who is let in, what a broken request meets, and what the log learns of it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openFront } from '../../infra/local/front.ts';
import { mailCatcher } from '../../infra/local/mail-catcher.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-front-'));
const mails = mailCatcher({ folder, time: { now: () => 0 } });
const logged: (JsonObject | undefined)[] = [];
const asked: string[] = [];
const front = await openFront({
  port: 0,
  token: 'the-token',
  mails,
  mailKey: async () => 'the-mail-key',
  async web({ path }) {
    asked.push(path);
    if (path.startsWith('/hooks/gumroad')) throw new Error('the disk is full');
    return null;
  },
  control: async () => ({ value: 'done' }),
  log: { error: (_message, fields) => void logged.push(fields) },
});
after(async () => {
  await front.close();
  rmSync(folder, { recursive: true });
});

/** As typed: a client would tidy the address up. */
function raw(head: string): Promise<string> {
  const host = /^host:/im.test(head) ? '' : `Host: localhost:${front.port}\r\n`;
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(front.port, '127.0.0.1', () =>
      socket.write(`${head}\r\n${host}Connection: close\r\nContent-Length: 0\r\n\r\n`),
    );
    socket.on('data', (data) => {
      answer += String(data);
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
const statusOf = async (head: string): Promise<number> => Number((await raw(head)).split(' ')[1]);

test('an address that is none is the fault of who sent it', async () => {
  for (const path of ['*', 'http://evil.example/control/command', 'http://[/']) {
    assert.equal(await statusOf(`GET ${path} HTTP/1.1`), 400, path);
  }
  assert.equal(await statusOf('GET // HTTP/1.1'), 404);
});

test('a path with two slashes at its head is a path, not a host and another path', async () => {
  const line = 'POST //x/control/command HTTP/1.1\r\nAuthorization: Bearer the-token';
  assert.equal(await statusOf(line), 404);
  assert.equal(asked.at(-1), '//x/control/command');
  assert.equal(await statusOf(line.replace('//x', '')), 400, 'no body: the channel itself was reached');
});

test('only this machine under its own names and port is answered', async () => {
  for (const host of ['evil.example', 'localhost.evil.example', 'localhost:1', `[::1]:${front.port}`, '']) {
    assert.equal(await statusOf(`GET /a/x HTTP/1.1\r\nHost: ${host}`), 403, host);
  }
  assert.equal(await statusOf(`GET /a/x HTTP/1.1\r\nHost: 127.0.0.1:${front.port}`), 404);
});

test('what is our fault is in the log with its reason, and without the secret in its address', async () => {
  const answer = await raw('POST /hooks/gumroad/s3cret?k=s3cret HTTP/1.1');
  assert.match(answer, / 500 .*the request could not be answered/s);
  assert.doesNotMatch(answer, /disk/);
  assert.deepEqual(logged, [{ method: 'POST', place: '/hooks/gumroad', why: 'the disk is full' }]);
});

test('a damaged mail hides neither the others nor itself', async () => {
  mkdirSync(folder, { recursive: true });
  const kept = { id: '00000000000001-0000000000aa', at: 1, to: ['a@b.c'], from: 'n@b.c', subject: 'Whole', text: 't' };
  writeFileSync(join(folder, `${kept.id}.json`), JSON.stringify({ ...kept, html: '', dedupKey: '' }));
  for (const [n, text] of ['', '{"id":', 'null', '[]'].entries()) {
    writeFileSync(join(folder, `0000000000000${n + 2}-0000000000aa.json`), text);
  }
  const subjects = (await mails.list()).map(({ subject }) => subject);
  assert.deepEqual(subjects, ['Whole', ...Array(4).fill('This mail is damaged')]);
  assert.match((await mails.show('00000000000003-0000000000aa'))?.text ?? '', /00000000000003-0000000000aa\.json/);
  const inbox = await fetch(front.mailUrl);
  assert.equal(inbox.status, 200);
  assert.match(await inbox.text(), /Whole/);
});
