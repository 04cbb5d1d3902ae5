/** The command as people use it: its own process, a real engine, a real data directory. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnv } from '../../shared/runtime/env.ts';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}';

type Said = { readonly code: number; readonly out: string; readonly err: string };

function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'nova-home-'));
}

/** One command line in its own process. */
function nova(home: string, ...words: string[]): Promise<Said> {
  const env = childEnv({ NOVA_HOME: home });
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'cli/nova.ts'), ...words], { env }, (failed, out, err) => {
      resolve({ code: typeof failed?.code === 'number' ? failed.code : failed ? 1 : 0, out, err });
    });
  });
}

async function novaJson(home: string, ...words: string[]): Promise<{ [name: string]: unknown }> {
  const { code, out, err } = await nova(home, ...words, '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as { [name: string]: unknown };
}

/** Starts an engine and waits until it has announced itself. */
async function start(home: string): Promise<ChildProcess> {
  const words = [join(ROOT, 'cli/nova.ts'), 'start', '--port', '0'];
  const engine = spawn(process.execPath, words, { env: childEnv({ NOVA_HOME: home }), stdio: 'ignore' });
  for (let waited = 0; !existsSync(join(home, 'local.json')); waited += 25) {
    assert.ok(waited < 15_000 && engine.exitCode === null, 'the engine has not started');
    await sleep(25);
  }
  return engine;
}

async function ended(engine: ChildProcess): Promise<number | null> {
  if (engine.exitCode === null && engine.signalCode === null) await once(engine, 'exit');
  return engine.exitCode;
}

test('the same commands work on the directory, through the engine, and after it was killed', async (t) => {
  const home = newHome();
  assert.equal(
    (await novaJson(home, 'agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', SCRIPT)).id,
    'shop',
  );
  let engine = await start(home);
  t.after(() => engine.kill('SIGKILL'));
  const said = JSON.parse(readFileSync(join(home, 'local.json'), 'utf8')) as { pid: number; engine: string };
  assert.deepEqual([said.pid, said.engine], [engine.pid, 'embedded']);
  for (const name of ['local.json', 'secrets.json', 'settings.json', 'lock', 'nova.sqlite', 'nova.sqlite-wal']) {
    assert.equal(statSync(join(home, name)).mode & 0o777, 0o600, name);
  }
  await novaJson(home, 'run', 'now', 'shop', '--times', '5');
  for (let runs = 0; runs < 5; await sleep(50)) runs = Number((await novaJson(home, 'agent', 'show', 'shop')).runs);
  const unknown = await nova(home, 'agent', 'show', 'shpo');
  assert.deepEqual([unknown.code, unknown.out], [3, '']);
  assert.match(unknown.err, /did you mean "shop"/);
  engine.kill('SIGKILL');
  await ended(engine);
  assert.ok(existsSync(join(home, 'local.json')), 'a killed engine leaves its announcement behind');
  assert.equal((await novaJson(home, 'agent', 'show', 'shop')).runs, 5);
  assert.equal((await novaJson(home, 'status')).place, 'directory');
  engine = await start(home);
  for (let place: unknown; place !== 'engine'; await sleep(50)) ({ place } = await novaJson(home, 'status'));
  assert.equal((await novaJson(home, 'stop')).wasRunning, true);
  assert.equal(await ended(engine), 0);
  assert.equal(existsSync(join(home, 'local.json')), false);
  assert.equal((await novaJson(home, 'stop')).wasRunning, false);
  assert.equal((await novaJson(home, 'agent', 'show', 'shop')).runs, 5);
});

test('a second engine, a taken port and a damaged directory are refused with their reasons', async (t) => {
  const home = newHome();
  const engine = await start(home);
  t.after(() => engine.kill('SIGKILL'));
  const second = await nova(home, 'start', '--port', '0');
  assert.equal(second.code, 5);
  assert.match(second.err, /another engine uses this data directory/);
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const refused = await nova(newHome(), 'start', '--port', String(port));
  assert.equal(refused.code, 5);
  assert.match(refused.err, new RegExp(`port ${port} is in use`));
  const damaged = newHome();
  const garbage = 'this is no database, and nobody may take it for one\n'.repeat(200);
  writeFileSync(join(damaged, 'nova.sqlite'), garbage);
  for (const words of [
    ['agent', 'list'],
    ['start', '--port', '0'],
  ]) {
    const { code, out, err } = await nova(damaged, ...words, '--json');
    assert.deepEqual([code, out], [1, '']);
    assert.equal(
      (JSON.parse(err.trim().split('\n').at(-1) ?? '') as { error: { code: string } }).error.code,
      'corrupt',
    );
  }
  assert.equal(readFileSync(join(damaged, 'nova.sqlite'), 'utf8'), garbage);
});

test('what is wrong with a data directory is said with its file, and nothing is begun anew over it', async () => {
  const broken = {
    'secrets.json': ['[]', '{"approval-pepper":5}', '{', ''],
    'settings.json': ['[]', '{"timezone":"Mars/Base"}', '{"mail":5}', 'x'],
  };
  for (const [name, texts] of Object.entries(broken)) {
    for (const text of texts) {
      const home = newHome();
      const path = join(home, name);
      writeFileSync(path, text);
      const { code, err } = await nova(home, 'agent', 'list');
      assert.equal(code, 1, `${name} ${text}`);
      assert.ok(err.includes(path), err);
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  }
});

test('the doctor says that an engine is frozen, what its log tells, and what to do', async (t) => {
  const home = newHome();
  const frozen = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(frozen, 'listening');
  t.after(() => frozen.close());
  const url = `http://localhost:${(frozen.address() as AddressInfo).port}`;
  const said = { url, pid: process.pid, engine: 'embedded', version: '0', token: 'x' };
  writeFileSync(join(home, 'local.json'), JSON.stringify(said));
  const line = { at: new Date().toISOString(), level: 'warn', message: 'a message failed', error: 'the disk is full' };
  writeFileSync(
    join(home, 'engine.log'),
    `${JSON.stringify({ ...line, at: '2020-01-01T00:00:00Z' })}\n${JSON.stringify(line)}\n`,
  );
  const { code, out } = await nova(home, 'doctor', '--json');
  const { checks } = JSON.parse(out) as { checks: { id: string; status: string; message: string; fix: string }[] };
  const found = (id: string) => checks.find((check) => check.id === id);
  assert.equal(code, 1);
  assert.equal(found('log')?.message, '1 trouble in the last hour; the last: a message failed: the disk is full');
  assert.match(found('data')?.message ?? '', /does not answer/);
  assert.match(found('data')?.fix ?? '', new RegExp(`kill -CONT ${process.pid}`));
});

test('a number in local.json ends no stranger', async (t) => {
  const home = newHome();
  const stranger = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
  t.after(() => stranger.kill('SIGKILL'));
  const url = 'http://localhost:9';
  writeFileSync(
    join(home, 'local.json'),
    JSON.stringify({ url, pid: stranger.pid, engine: 'embedded', version: '0', token: 'x' }),
  );
  assert.equal((await novaJson(home, 'stop')).wasRunning, false);
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
});

test('Ctrl-C ends a waiting engine cleanly, and any other command with 130', async (t) => {
  const home = newHome();
  const engine = await start(home);
  t.after(() => engine.kill('SIGKILL'));
  engine.kill('SIGINT');
  assert.equal(await ended(engine), 0);
  // Whatever listens at its address never answers.
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  t.after(() => silent.closeAllConnections());
  t.after(() => silent.close());
  await once(silent, 'listening');
  const url = `http://localhost:${(silent.address() as AddressInfo).port}`;
  writeFileSync(
    join(home, 'local.json'),
    JSON.stringify({ url, pid: process.pid, engine: 'embedded', version: '0', token: 'x' }),
  );
  const words = [join(ROOT, 'cli/nova.ts'), 'agent', 'list'];
  const waiting = spawn(process.execPath, words, { env: childEnv({ NOVA_HOME: home }), stdio: 'ignore' });
  await once(silent, 'request');
  waiting.kill('SIGINT');
  assert.equal(await ended(waiting), 130);
});

test('the wrapper works through a link and keeps the working directory', async (t) => {
  if (process.platform === 'win32') return t.skip('a POSIX shell is needed');
  const folder = newHome();
  symlinkSync(join(ROOT, 'nova'), join(folder, 'nova-link'));
  const output = await new Promise<string>((resolve, reject) => {
    const options = { cwd: folder, env: childEnv() };
    execFile(join(folder, 'nova-link'), ['agent', 'list', '--json'], options, (failed, out) =>
      failed ? reject(failed) : resolve(out),
    );
  });
  assert.deepEqual(JSON.parse(output), []);
  assert.ok(existsSync(join(folder, '.nova')));
});
