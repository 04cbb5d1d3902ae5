import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pricePattern } from '../../shared/blueprints/price-on-page.ts';
import { blueprint } from '../../shared/blueprints/store-digital.ts';
import type { Json, JsonObject } from '../../shared/domain/agent.ts';
import { catalogueArtifacts } from '../../shared/domain/catalogue.ts';
import type { RunContext } from '../../shared/domain/ctx.ts';
import { NovaError } from '../../shared/domain/error.ts';

const GUIDE = {
  id: 'guide',
  name: 'The Guide',
  priceUsd: '19.00',
  stripePriceId: 'price_1',
  stripePaymentLinkId: 'plink_1',
};
const KIT = { id: 'kit', name: 'Tool Kit', priceUsd: '1234.50' };

/** What a run sees of the world: pages by address, and its own memory. */
function shelf(pages: Record<string, string | NovaError>) {
  const lines: string[] = [];
  let kept: Json = null;
  const ctx: RunContext = {
    agentId: 'store',
    runId: 'store.0.a',
    instance: { number: 0, count: 1 },
    deadline: Number.MAX_SAFE_INTEGER,
    attempt: 1,
    rejections: [],
    sequence: 0,
    now: () => 0,
    spend: async (_bound, call) => (await call()).value,
    tool: () => Promise.reject(new NovaError('denied', 'no tool')),
    llm: () => Promise.reject(new NovaError('misconfigured', 'no model')),
    earn: async () => undefined,
    log: (message) => void lines.push(message),
    checkpoint: async () => undefined,
    interrupted: false,
    state: {
      get: () => kept,
      set: (value) => {
        kept = JSON.parse(JSON.stringify(value));
      },
    },
    http: {
      async get(url) {
        const body = pages[url];
        if (body instanceof NovaError) throw body;
        return { status: body === undefined ? 404 : 200, url, contentType: 'text/html', body: body ?? '' };
      },
    },
  };
  const run = async (config: JsonObject) => {
    lines.length = 0;
    return { answer: await blueprint.run(ctx, blueprint.parseConfig(config)), lines: [...lines] };
  };
  return { run, pages };
}

test('the catalogue is kept between runs, and every change of it is reported', async () => {
  const { run } = shelf({});
  const first = await run({ products: [GUIDE, KIT] });
  assert.deepEqual(first.answer, { ok: true, summary: '2 products, 0 changed' });
  assert.match(first.lines.join('\n'), /opened with 2 products\nthese name no id of Stripe/);
  const quiet = await run({ products: [GUIDE, KIT] });
  assert.deepEqual(quiet.lines, []);
  const changed = await run({
    products: [
      { ...GUIDE, priceUsd: '24.00', name: 'The Big Guide' },
      { ...KIT, id: 'box' },
    ],
  });
  assert.deepEqual(changed.answer, { ok: true, summary: '2 products, 4 changed' });
  assert.deepEqual(changed.lines, [
    'box is new, at 1,234.50 USD',
    'guide is now called "The Big Guide" (was "The Guide")',
    'guide now costs 24.00 USD (was 19.00 USD)',
    'kit is no longer sold',
  ]);
});

test('a page that shows another price is trouble, until it shows the right one again', async () => {
  const url = 'https://shop.example/';
  const store = shelf({ [url]: '<h1>The Guide</h1> <b>$29</b> <script>var price = "$19.00"</script>' });
  const config = { products: [GUIDE], pageUrl: url };
  const wrong = await store.run(config);
  assert.equal(wrong.answer?.ok, false);
  assert.match(wrong.answer?.summary ?? '', /guide: 19\.00 USD is not on its page/);
  store.pages[url] = '<p>Now only <b>$19</b>!</p>';
  const right = await store.run(config);
  assert.equal(right.answer?.ok, true);
  assert.deepEqual(right.lines, ['guide: its price is on its page again']);
});

test('a page that cannot be read is trouble, and says nothing about its prices', async () => {
  const products = [
    { ...GUIDE, pageUrl: 'https://gone.example/' },
    { ...KIT, pageUrl: 'https://down.example/' },
  ];
  const { run } = shelf({ 'https://down.example/': new NovaError('unavailable', 'no answer in 10 s') });
  const { answer, lines } = await run({ products });
  assert.equal(answer?.ok, false);
  assert.deepEqual(lines.slice(-2), [
    'gone.example could not be read: the server answered 404',
    'down.example could not be read: no answer in 10 s',
  ]);
});

test('prices are found the way people write them, and not inside other numbers', () => {
  const shows: [bigint, string, string][] = [
    [1900n, 'USD', 'only $19 today'],
    [1900n, 'USD', 'US$ 19.00'],
    [1900n, 'USD', 'it is 19 USD.'],
    [123_450n, 'USD', '$1,234.50'],
    [123_450n, 'EUR', '1.234,50 €'],
    [1900n, 'EUR', '19,00 € inkl. MwSt.'],
    [1900n, 'EUR', '19,– €'],
    [500n, 'JPY', '¥500'],
    [1500n, 'KWD', 'KWD 1.500'],
  ];
  for (const [minor, currency, text] of shows) assert.match(text, pricePattern(minor, currency), text);
  const hides: [bigint, string, string][] = [
    [1900n, 'USD', '19 reviews, $190, $19.99, $119, $1.19'],
    [1900n, 'USD', '19 €'],
    [1999n, 'USD', '$19'],
    [123_450n, 'USD', '$1234'],
    [1900n, 'EUR', '119 € or 3.19 €'],
  ];
  for (const [minor, currency, text] of hides) assert.doesNotMatch(text, pricePattern(minor, currency), text);
});

test('a price in the tags for machines counts', async () => {
  const url = 'https://shop.example/';
  const { run } = shelf({ [url]: '<meta property="product:price:amount" content="19.00"><div id="app"></div>' });
  assert.equal((await run({ products: [GUIDE], pageUrl: url })).answer?.ok, true);
});

test('a catalogue that would confuse sales or money is refused with every problem named', () => {
  const bad: [JsonObject, RegExp][] = [
    [{ products: [] }, /at least one product/],
    [{ products: [GUIDE, { ...KIT, id: 'guide' }] }, /products\[1\]: shares its id/],
    [{ products: [GUIDE, { ...KIT, stripePriceId: 'price_1' }] }, /products\[1\]: shares its id/],
    [{ products: [{ ...GUIDE, priceUsd: '0.00' }] }, /costs something/],
    [{ products: [{ ...GUIDE, priceUsd: '1.999' }] }, /USD has 2 decimals/],
    [{ products: [{ ...GUIDE, priceUsd: '12.3.4' }] }, /write a price/],
    [{ products: [{ ...GUIDE, priceUsd: 19 }] }, /priceUsd/],
    [{ products: [{ ...GUIDE, stripePriceId: 'prod_1' }] }, /like price_/],
    [{ products: [GUIDE], currency: 'EUR' }, /write price instead/],
    [{ products: [{ ...GUIDE, price: '5' }] }, /one of them/],
    [{ products: [GUIDE], pageUrl: 'file:///etc/passwd' }, /full address/],
    [
      { products: Array.from({ length: 21 }, (_, n) => ({ ...KIT, id: `p${n}`, pageUrl: `https://x.example/${n}` })) },
      /21 pages/,
    ],
  ];
  for (const [config, message] of bad)
    assert.throws(() => blueprint.parseConfig(config), { code: 'bad_input', message });
});

test('a store in another currency names its prices in it; its ids of Stripe are what sales are known by', async () => {
  const config = {
    currency: 'jpy',
    products: [{ id: 'guide', name: 'Guide', price: '500', stripeProductId: 'prod_1' }],
  };
  const { answer } = await shelf({}).run(config);
  assert.equal(answer?.ok, true);
  assert.deepEqual(catalogueArtifacts({ products: [GUIDE, ...config.products, 'nonsense', null] }), [
    'price_1',
    'plink_1',
    'prod_1',
  ]);
});
