/** Anthropic's Messages API against a server of ours: what is sent, what is read, what is billed and what is not. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { anthropic } from '../../shared/connectors/anthropic.ts';
import { NovaError } from '../../shared/domain/error.ts';
import type { LlmRequest } from '../../shared/domain/llm.ts';
import type { Secrets } from '../../shared/ports/outside.ts';

type Seen = { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: unknown };
const seen: Seen[] = [];
let next: { status: number; body: string | null } = { status: 200, body: '{}' };

const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  seen.push({ url: request.url ?? '', headers: request.headers, body: JSON.parse(text) });
  if (next.body === null) response.destroy();
  else response.writeHead(next.status, { 'content-type': 'application/json' }).end(next.body);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const KEY = 'sk-ant-api03-of-a-test';
const secrets: Secrets = { get: async () => KEY };
const ASKED: LlmRequest = {
  model: 'claude-haiku-4-5',
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'hello' }],
  maxOutputTokens: 50,
};

async function ask(answer: { status?: number; body: unknown }, request = ASKED) {
  next = { status: answer.status ?? 200, body: answer.body === null ? null : JSON.stringify(answer.body) };
  const call = await anthropic({ secrets, baseUrl }).open(request.model);
  return call(request, { timeoutMs: 5_000 });
}

const MESSAGE = {
  ...{ id: 'msg_01', type: 'message', role: 'assistant', model: 'claude-haiku-4-5-20251001', stop_reason: 'end_turn' },
  content: [
    { type: 'text', text: 'Hi' },
    { type: 'text', text: ' there' },
  ],
};
const told = async (usage: unknown, cache?: '5m' | '1h') => {
  const reply = await ask({ body: { ...MESSAGE, usage } }, cache ? { ...ASKED, cache } : ASKED);
  assert.ok(reply.kind === 'answered');
  return reply.told;
};

test('one request with the key in its header, and the answer as text', async () => {
  const reply = await ask({ body: { ...MESSAGE, usage: { input_tokens: 14, output_tokens: 5 } } });
  assert.ok(reply.kind === 'answered');
  assert.deepEqual([reply.text, reply.stop, reply.told.input, reply.told.output], ['Hi there', 'end_turn', 14, 5]);
  const sent = seen.at(-1);
  assert.deepEqual(
    [sent?.url, sent?.headers['x-api-key'], sent?.headers['anthropic-version']],
    ['/v1/messages', KEY, '2023-06-01'],
  );
  assert.deepEqual(sent?.body, {
    ...{ model: 'claude-haiku-4-5', max_tokens: 50, system: 'Be brief.' },
    messages: [{ role: 'user', content: 'hello' }],
  });
});

test('a system text that is to be cached says for how long', async () => {
  await told({}, '1h');
  assert.deepEqual((seen.at(-1)?.body as { system: unknown } | undefined)?.system, [
    { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } },
  ]);
});

test('the usage block by kind: reads, and writes by the time they are kept', async () => {
  const usage = {
    ...{ input_tokens: 21, cache_creation_input_tokens: 188, cache_read_input_tokens: 1_111, output_tokens: 393 },
    cache_creation: { ephemeral_5m_input_tokens: 88, ephemeral_1h_input_tokens: 100 },
  };
  const kinds = { input: 21, output: 393, cacheRead: 1_111, reasoning: 0 };
  assert.deepEqual(await told(usage, '1h'), { ...kinds, cacheWrite5m: 88, cacheWrite1h: 100 });
  const { cache_creation: _, ...flat } = usage;
  assert.deepEqual(await told(flat, '1h'), { ...kinds, cacheWrite5m: 0, cacheWrite1h: 188 });
  assert.deepEqual(await told(flat, '5m'), { ...kinds, cacheWrite5m: 188, cacheWrite1h: 0 });
});

test('what the block leaves out or spoils is unknown, never nothing', async () => {
  const unknown = {
    ...{ input: null, output: null, cacheRead: null },
    ...{ cacheWrite5m: null, cacheWrite1h: 0, reasoning: 0 },
  };
  assert.deepEqual(await told(undefined), unknown);
  assert.deepEqual(await told('lots'), unknown);
  assert.deepEqual(await told({ input_tokens: -1, output_tokens: 1.5 }), unknown);
});

test('an answer that says it did not begin costs nothing, and keeps its reason without the key', async () => {
  const refusals = { 400: 'bad_input', 401: 'misconfigured', 404: 'unsupported', 413: 'too_large', 429: 'unavailable' };
  for (const [status, code] of [...Object.entries(refusals), [529, 'unavailable'] as const]) {
    const error = { type: 'some_error', message: `because of ${status}` };
    const reply = await ask({ status: Number(status), body: { type: 'error', error } });
    assert.ok(reply.kind === 'refused');
    assert.equal(reply.error.code, code);
    assert.match(reply.error.message, new RegExp(`${status}.*because of ${status}`));
    assert.ok(!reply.error.message.includes(KEY));
  }
});

test('what nobody knows the cost of is thrown: its bound stays booked', async () => {
  for (const answer of [{ status: 500, body: {} }, { body: null }, { body: { type: 'message' } }, { body: [] }])
    await assert.rejects(ask(answer), { code: 'unavailable', message: /booked/ });
});

test('without a key, and for a model of nobody, it says so before anything is sent', async () => {
  const before = seen.length;
  const missing: Secrets = { get: () => Promise.reject(new NovaError('misconfigured', 'no such secret')) };
  await assert.rejects(anthropic({ secrets: missing, baseUrl }).open('claude-haiku-4-5'), {
    code: 'misconfigured',
    message: /there is no anthropic-api-key: nova secret set anthropic-api-key/,
  });
  await assert.rejects(anthropic({ secrets, baseUrl }).open('gpt-4'), { code: 'unsupported' });
  assert.equal(seen.length, before);
});
