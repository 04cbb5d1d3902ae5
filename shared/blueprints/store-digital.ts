/**
 * store.digital: owns products that are sold elsewhere. What they earn comes in through Stripe and Gumroad, attributed by
 * the ids listed here (shared/domain/catalogue.ts). A run keeps the catalogue, reports what changed in it, and looks
 * whether the public pages show each product with its price.
 */
import * as z from 'zod';
import type { Blueprint, RunAnswer, RunContext } from '../domain/ctx.ts';
import { currencyCode, exponentOf, formatMinor } from '../domain/currency.ts';
import { messageOf } from '../domain/error.ts';
import { readConfig } from './config.ts';
import { priceOnPage } from './price-on-page.ts';

const MAX_PRODUCTS = 200;
const MAX_PAGES = 20;

const stripeId = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_\\w{1,250}$`), `an id of Stripe's, like ${prefix}_1Pgaf…`);
const pageUrl = z.url({ protocol: /^https?$/, error: 'a full address, like https://example.com/shop' }).max(2_000);
const price = z.string().regex(/^\d{1,9}(\.\d{1,3})?$/, 'write a price as a string, like "19.00"');

const Product = z.strictObject({
  id: z.string().regex(/^[\w.-]{1,60}$/, 'letters, digits, dots and dashes, 60 at most'),
  name: z.string().trim().min(1).max(120),
  priceUsd: price.optional(),
  /** In the store's currency, when that is not USD. */
  price: price.optional(),
  stripeProductId: stripeId('prod').optional(),
  stripePriceId: stripeId('price').optional(),
  stripePaymentLinkId: stripeId('plink').optional(),
  gumroadProductId: z
    .string()
    .regex(/^[\w+/=-]{1,200}$/, 'an id of Gumroad’s')
    .optional(),
  gumroadPermalink: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'the last part of its address at Gumroad')
    .optional(),
  pageUrl: pageUrl.optional(),
});

const Config = z
  .strictObject({
    products: z.array(Product).min(1, 'at least one product').max(MAX_PRODUCTS),
    currency: z
      .string()
      .regex(/^[a-z]{3}$/i, 'three letters, like USD')
      .default('USD')
      .transform(currencyCode),
    /** One page that shows all products which name none of their own. */
    pageUrl: pageUrl.optional(),
    /** utm_campaign of links that it spreads: their sales are its own, whatever was sold. */
    campaigns: z
      .array(z.string().regex(/^[\w.~ -]{1,150}$/, 'a utm_campaign'))
      .max(100)
      .optional(),
  })
  .superRefine(({ products, currency, pageUrl: common }, context) => {
    const pages = new Set(products.map((product) => product.pageUrl ?? common)).size;
    if (pages > MAX_PAGES)
      context.addIssue({ code: 'custom', path: ['products'], message: `on ${pages} pages; ${MAX_PAGES} at most` });
    const issue = (index: number, message: string): void =>
      context.addIssue({ code: 'custom', path: ['products', index], message });
    for (const [index, product] of products.entries()) {
      for (const problem of problemsOf(product, currency)) issue(index, problem);
      const twin = products.slice(0, index).find((other) => clash(product, other));
      if (twin) issue(index, `shares its id or one of a vendor's with "${twin.id}": a sale could not be told apart`);
    }
  })
  .transform(({ products, currency, pageUrl: common }) => ({
    currency,
    products: products.map((product) => ({
      ...product,
      priceMinor: minorOf(product.priceUsd ?? product.price ?? '0', currency),
      pageUrl: product.pageUrl ?? common,
    })),
  }));
type Config = z.infer<typeof Config>;
type StoreProduct = Config['products'][number];

function problemsOf(product: z.infer<typeof Product>, currency: string): string[] {
  const { priceUsd, price: own } = product;
  if ((priceUsd === undefined) === (own === undefined))
    return ['needs priceUsd, or price in another currency: one of them'];
  if (priceUsd !== undefined && currency !== 'USD') return [`priceUsd in a store of ${currency}: write price instead`];
  const text = priceUsd ?? own ?? '';
  const decimals = text.split('.')[1]?.length ?? 0;
  if (decimals > exponentOf(currency)) return [`${currency} has ${exponentOf(currency)} decimals; got "${text}"`];
  return /[1-9]/.test(text) ? [] : ['a product costs something: what is free earns nothing'];
}

function clash(a: z.infer<typeof Product>, b: z.infer<typeof Product>): boolean {
  const ids = ['id', 'stripePriceId', 'stripePaymentLinkId'] as const;
  return ids.some((name) => a[name] !== undefined && a[name] === b[name]);
}

function minorOf(text: string, currency: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(exponentOf(currency), '0'));
}

const Memory = z.object({
  v: z.literal(1),
  catalogue: z.record(z.string(), z.object({ name: z.string(), price: z.string() })),
  /** Products whose price their page did not show at the last look. */
  unseen: z.array(z.string()),
});
type Memory = z.infer<typeof Memory>;
type Catalogue = Memory['catalogue'];

export const blueprint: Blueprint<Config> = {
  name: 'store.digital',
  version: 1,
  description: 'Owns digital products: keeps their catalogue, checks their pages, earns through Stripe and Gumroad.',
  department: 'product',
  configHelp: {
    products:
      'list of {"id":"guide","name":"The Guide","priceUsd":"19.00","stripeProductId":"prod_…","stripePriceId":"price_…","stripePaymentLinkId":"plink_…","pageUrl":"https://…"}; sales are attributed by the ids of Stripe',
    currency: 'of all prices; USD unless told, then write price instead of priceUsd',
    pageUrl: 'a public page that shows the products and their prices; optional',
    campaigns: 'list of utm_campaign values of the links it spreads: what is bought through them is its own',
  },
  parseConfig: (config) => readConfig(Config, config),
  limits: ({ products }) => ({ costMicros: 0, timeoutSeconds: Math.min(300, 30 + 15 * pagesOf(products).size) }),
  run,
};

async function run(ctx: RunContext, { products, currency }: Config): Promise<RunAnswer> {
  const before = Memory.safeParse(ctx.state.get()).data;
  const catalogue = catalogueOf(products, currency);
  const changes = before ? changesIn(before.catalogue, catalogue) : [];
  for (const change of changes) ctx.log(change);
  if (!before)
    ctx.log(`opened with ${products.length} products`, { products: products.map(({ id }) => id).slice(0, 20) });
  const unsold = products.filter((it) => !(it.stripeProductId ?? it.stripePriceId ?? it.stripePaymentLinkId));
  if (unsold.length > 0 && !before) {
    ctx.log('these name no id of Stripe: their sales need agent_id in the metadata', {
      products: unsold.map(({ id }) => id),
    });
  }
  // Scaled stores share the looking.
  const { number, count } = ctx.instance;
  const mine = products.filter((_, index) => index % count === number % count);
  const { unseen, troubles } = await checkPages(ctx, {
    products: mine,
    currency,
    before: new Set(before?.unseen ?? []),
  });
  ctx.state.set({ v: 1, catalogue, unseen });
  const what = `${products.length} products, ${changes.length} changed`;
  const first = troubles[0];
  return {
    ok: first === undefined,
    summary: first === undefined ? what : `${what}; ${troubles.length} troubles: ${first}`,
  };
}

function catalogueOf(products: readonly StoreProduct[], currency: string): Catalogue {
  return Object.fromEntries(
    products.map(({ id, name, priceMinor }) => [id, { name, price: formatMinor(priceMinor, currency) }]),
  );
}

function changesIn(before: Catalogue, after: Catalogue): string[] {
  const added = Object.entries(after).filter(([id]) => !before[id]);
  const changed = Object.entries(after).flatMap(([id, { name, price: now }]) => {
    const old = before[id];
    if (!old) return [];
    const renamed = old.name === name ? [] : [`${id} is now called "${name}" (was "${old.name}")`];
    return old.price === now ? renamed : [...renamed, `${id} now costs ${now} (was ${old.price})`];
  });
  return [
    ...added.map(([id, { price: now }]) => `${id} is new, at ${now}`),
    ...changed,
    ...Object.keys(before)
      .filter((id) => !after[id])
      .map((id) => `${id} is no longer sold`),
  ];
}

const pagesOf = (products: readonly StoreProduct[]): Map<string, StoreProduct[]> => {
  const shown = products.filter(({ pageUrl: url }) => url !== undefined);
  return Map.groupBy(shown, ({ pageUrl: url }) => url ?? '');
};

type Look = {
  readonly products: readonly StoreProduct[];
  readonly currency: string;
  readonly before: ReadonlySet<string>;
};

/** A page that cannot be read says nothing about its prices: what was unseen before stays so. */
async function checkPages(ctx: RunContext, { products, currency, before }: Look) {
  const unseen: string[] = [];
  const troubles: string[] = [];
  for (const [url, shown] of pagesOf(products)) {
    try {
      const { status, body } = await ctx.http.get(url);
      if (status < 200 || status > 299) throw new Error(`the server answered ${status}`);
      for (const { id, priceMinor } of shown) {
        const found = await priceOnPage(body, priceMinor, currency);
        if (!found) unseen.push(id);
        if (!found) troubles.push(`${id}: ${formatMinor(priceMinor, currency)} is not on its page`);
        if (found && before.has(id)) ctx.log(`${id}: its price is on its page again`, { url });
      }
    } catch (error) {
      unseen.push(...shown.map(({ id }) => id).filter((id) => before.has(id)));
      troubles.push(`${new URL(url).host} could not be read: ${messageOf(error)}`);
    }
  }
  for (const trouble of troubles) ctx.log(trouble);
  return { unseen, troubles };
}
