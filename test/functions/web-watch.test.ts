/** web.watch tells what changed between two runs, keeps little, and does not lose what it knew when a page fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blueprint } from '../../shared/blueprints/web-watch.ts';
import type { Json, JsonObject } from '../../shared/domain/agent.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { type LlmRequest, sumTokens, tokenBound, usageOfTokens } from '../../shared/domain/llm.ts';
import { NO_TOKENS, priceTable } from '../../shared/domain/price-table.ts';
import { receiptOf } from '../../shared/domain/receipt.ts';
import type { RunCalls, RunOrder } from '../../shared/ports/host.ts';
import { runBlueprint } from '../../shared/runtime/run-blueprint.ts';
import { order, owner } from '../contract/host-world.ts';

const SHOP = 'https://shop.example/prices';
type Line = { readonly message: string; readonly fields: JsonObject };
type Look = {
  readonly html: string;
  readonly state?: Json;
  readonly status?: number;
  readonly change?: Partial<RunOrder>;
};

/** One run over pages that all look like `html`. */
async function look({ html, state = null, status = 200, change = {} }: Look) {
  const lines: Line[] = [];
  const config = { pages: [{ url: SHOP, selector: '.price', name: 'prices' }] };
  const calls = {
    ...owner(),
    fetch: async (url: string) => ({ status, url, contentType: 'text/html', body: html }),
    log: (message: string, fields: JsonObject) => void lines.push({ message, fields }),
  };
  const run = order({ blueprint: 'web.watch', config, state, ...change });
  const result = await runBlueprint(run, calls, { time: Date });
  return { ...result, lines, state: result.state ?? state };
}

const list = (...prices: string[]) => prices.map((price) => `<p class="price">\n  ${price} </p>`).join('');

test('the first run remembers, the second reports what came and what went, the third is silent', async () => {
  const first = await look({ html: list('$1', '$2', '$2') });
  assert.deepEqual([first.outcome, first.note], ['succeeded', '0 of 1 pages changed']);
  assert.deepEqual(first.lines, [
    { message: 'first look at prices', fields: { url: SHOP, found: ['$1', '$2', '$2'] } },
  ]);
  const second = await look({ html: list('$1', '$2', '$3'), state: first.state });
  assert.equal(second.note, '1 of 1 pages changed');
  assert.deepEqual(second.lines, [
    { message: 'prices changed', fields: { url: SHOP, added: ['$3'], removed: ['$2'] } },
  ]);
  const third = await look({ html: list('$1', '$2', '$3'), state: second.state });
  assert.deepEqual([third.note, third.lines], ['0 of 1 pages changed', []]);
});

test('what a reader does not see is no change: other parts, scripts, white space', async () => {
  const first = await look({ html: list('$1') });
  const html = `<h1>new</h1><div class="price">$1<script>var now = 7;</script>   </div>`;
  const second = await look({ html, state: first.state });
  assert.equal(second.note, '0 of 1 pages changed');
});

test('a change beyond what is kept is noticed all the same', async () => {
  const many = Array.from({ length: 500 }, (_, k) => `$${k}`);
  const first = await look({ html: list(...many) });
  assert.ok(JSON.stringify(first.state).length < 2_000);
  const second = await look({ html: list(...many.slice(0, -1), 'sold out'), state: first.state });
  assert.equal(second.note, '1 of 1 pages changed');
});

test('a page that fails, or has nothing that matches, is a failure that keeps what was known', async () => {
  const first = await look({ html: list('$1') });
  const gone = await look({ html: list('$9'), state: first.state, status: 404 });
  assert.deepEqual([gone.outcome, gone.note], ['failed', '0 of 1 pages changed, 1 failed (prices)']);
  assert.match(gone.lines[0]?.message ?? '', /the server answered 404/);
  const empty = await look({ html: '<p>login</p>', state: gone.state });
  assert.match(empty.lines[0]?.message ?? '', /nothing on the page matches "\.price"/);
  const back = await look({ html: list('$2'), state: empty.state });
  assert.equal(back.note, '1 of 1 pages changed');
});

test('a selector that is none and a state of another time are no crash', async () => {
  const config = { pages: [{ url: SHOP, selector: '[[' }] };
  const bad = await look({ html: list('$1'), change: { config } });
  assert.equal(bad.outcome, 'failed');
  const old = await look({ html: list('$1'), state: { v: 0, something: 'else' } });
  assert.deepEqual([old.outcome, old.note], ['succeeded', '0 of 1 pages changed']);
});

test('instances share the pages: each looks at every second one', async () => {
  const pages = ['a', 'b', 'c'].map((name) => ({ url: `https://x.example/${name}`, selector: 'h1', name }));
  const html = '<h1>x</h1>';
  const seen = [];
  for (const number of [0, 1]) {
    const change = { config: { pages }, instance: { number, count: 2 } };
    const { lines } = await look({ html, change });
    seen.push(lines.map(({ message }) => message.replace('first look at ', '')));
  }
  assert.deepEqual(seen, [['a', 'c'], ['b']]);
});

test('B32: pages built to hold a parser up are given up, and long honest ones are read, both in little time', async () => {
  const bodies: Readonly<Record<string, readonly [string, string]>> = {
    'nested without end': [`${'<div>'.repeat(100_000)}${list('$1')}`, 'failed'],
    'a million siblings': [`${'<p>x'.repeat(1_000_000)}${list('$1')}`, 'failed'],
    'siblings at the top': [`${'<p>x</p>'.repeat(40_000)}${list('$1')}`, 'succeeded'],
    'a long attribute': [`<p class="price" title="${'y'.repeat(4_000_000)}">$1</p>`, 'succeeded'],
  };
  for (const [name, [html, expected]] of Object.entries(bodies)) {
    const started = performance.now();
    const { outcome, note } = await look({ html });
    assert.equal(outcome, expected, `${name}: ${note}`);
    assert.ok(performance.now() - started < 3_000, `${name} took too long`);
  }
});

/** Two looks at a page that changes in between, with a model or without one. */
async function summarised(change: Partial<RunCalls>) {
  const asked: LlmRequest[] = [];
  const lines: string[] = [];
  const config = { pages: [{ url: SHOP, selector: '.price', name: 'prices' }], summary: {} };
  const once = async (html: string, state: Json) => {
    const calls: RunCalls = {
      ...owner(),
      fetch: async (url) => ({ status: 200, url, contentType: 'text/html', body: html }),
      log: (message) => void lines.push(message),
      async llm(request) {
        asked.push(request);
        return { text: 'The third price\n is new. ', stop: 'end_turn', tokens: NO_TOKENS, costMicros: 900 };
      },
      ...change,
    };
    return await runBlueprint(order({ blueprint: 'web.watch', config, state }), calls, { time: Date });
  };
  const first = await once(list('$1', '$2'), null);
  return { ...(await once(list('$1', '$3'), first.state ?? null)), asked, lines };
}

test('asked to, it has a model put what changed into a sentence, once, and only when something did', async () => {
  const { note, asked } = await summarised({});
  assert.equal(note, '1 of 1 pages changed: The third price is new.');
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.messages[0]?.content, 'page: prices\n+ $3\n- $2');
  assert.match(asked[0]?.system ?? '', /follow no instruction/);
});

test('without a key it says so, and the changes are reported all the same', async () => {
  const llm = () => Promise.reject(new NovaError('misconfigured', 'there is no anthropic-api-key'));
  const { outcome, note, lines } = await summarised({ llm });
  assert.deepEqual([outcome, note], ['succeeded', '1 of 1 pages changed']);
  assert.ok(lines.includes('no summary: there is no anthropic-api-key'), lines.join('; '));
});

test('its limits hold the dearest summary: the longest prompt and answer fit into tokens and dollars', () => {
  const config = blueprint.parseConfig({ pages: [{ url: SHOP, selector: '.price' }], summary: {} });
  const { costMicros, tokens = 0 } = blueprint.limits(config);
  const longest: LlmRequest = {
    ...{ model: 'claude-haiku-4-5', system: 'x'.repeat(300), maxOutputTokens: 120 },
    messages: [{ role: 'user', content: '漢'.repeat(4_000) }],
  };
  const bound = tokenBound(longest);
  assert.ok(sumTokens(bound) <= tokens, `${sumTokens(bound)} of ${tokens}`);
  const table = priceTable('2026-11-20');
  assert.ok(receiptOf(usageOfTokens(longest.model, bound, table), table).totalMicros <= costMicros);
  assert.equal(blueprint.limits(blueprint.parseConfig({ pages: [{ url: SHOP, selector: 'p' }] })).costMicros, 0);
});
