/** An engine that is alive and silent: whoever waits for it hears so within seconds, and does not wait for ever. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Here } from '../../cli/command.ts';
import { answeredBy } from '../../cli/frozen-engine.ts';
import { askEngine, type LocalEngine } from '../../cli/local-engine.ts';

const ASKED = { command: ['agent', 'list'], input: {}, actor: 'cli:alice' };

async function engineThat(answers: (command: string) => boolean) {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { command } = JSON.parse(text) as { command: readonly string[] };
    if (answers(command.join(' '))) response.end('{"value":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const engine: LocalEngine = { url, pid: 4242, engine: 'embedded', version: 'test', token: '' };
  const said: string[] = [];
  const here = { actor: 'cli:alice', terminal: { err: (text: string) => void said.push(text) } } as unknown as Here;
  return { engine, here, said, close: () => server.closeAllConnections() ?? server.close() };
}

test('a frozen engine is named after three seconds and given up after about thirteen', async () => {
  const { engine, here, said, close } = await engineThat(() => false);
  const began = performance.now();
  await assert.rejects(
    answeredBy(engine, here, () => askEngine(engine, ASKED)),
    { code: 'unavailable', message: /pid 4242.*may or may not have been done.*kill 4242/ },
  );
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds > 10 && seconds < 30, String(seconds));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /waiting for the engine \(pid 4242.*nova doctor/);
  close();
});

test('a long command of an engine that answers is waited for without a word', async () => {
  const { engine, here, said, close } = await engineThat((command) => command === 'queue list');
  const slow = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 9_000));
  assert.equal(await answeredBy(engine, here, () => slow), 'done');
  assert.deepEqual(said, []);
  close();
});
