/** What Gumroad sends and answers. Only the named fields are read: everything that a buyer or seller can write is not. */
import * as z from 'zod';
import type { GumroadSale } from '../domain/gumroad-sale.ts';

const id = z.string().regex(/^[\w+/=-]{1,200}$/);
const cents = z.int().transform((value) => BigInt(value));
const truth = z
  .boolean()
  .nullish()
  .transform((value) => value === true);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);

const Sale = z
  .looseObject({
    id,
    seller_id: text,
    purchaser_id: text,
    created_at: z.iso.datetime({ offset: true }),
    product_id: text,
    product_permalink: text,
    referrer: text.catch(null),
    url_params: z.record(z.string(), z.unknown()).nullish().catch(null),
    price: cents,
    gumroad_fee: cents.nullish(),
    refunded: truth,
    partially_refunded: truth,
    formatted_display_price: text,
    amount_refundable_in_currency: text,
    disputed: truth,
    dispute_won: truth,
    is_bundle_product_purchase: truth,
    is_gift_receiver_purchase: truth,
    is_preorder_authorization: truth,
    test: truth,
  })
  .transform(
    (it): GumroadSale => ({
      id: it.id,
      sellerId: it.seller_id,
      at: Date.parse(it.created_at),
      productId: it.product_id,
      permalink: it.product_permalink,
      referrer: it.referrer,
      linkParams: textsIn(it.url_params ?? {}),
      priceCents: it.price,
      feeCents: it.gumroad_fee ?? 0n,
      refunded: it.refunded,
      partiallyRefunded: it.partially_refunded,
      refundableMillionths: shareOf(it.amount_refundable_in_currency, it.formatted_display_price),
      disputed: it.disputed,
      disputeWon: it.dispute_won,
      moneyElsewhere: it.is_bundle_product_purchase || it.is_gift_receiver_purchase || it.is_preorder_authorization,
      test: it.test || (it.seller_id !== null && it.seller_id === it.purchaser_id),
    }),
  );

const textsIn = (params: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );

/** @throws ZodError. */
export const readGumroadSaleBody = (value: unknown): GumroadSale => Sale.parse(value);

export type ReadSales = {
  readonly sales: readonly GumroadSale[];
  readonly unreadable: readonly { readonly id: string; readonly problem: string }[];
  readonly next: string | null;
};

const Page = z.looseObject({ sales: z.array(z.looseObject({ id })), next_page_key: z.string().nullish() });

/** @throws ZodError when it is no page at all. */
export function readGumroadPage(value: unknown): ReadSales {
  const page = Page.parse(value);
  const read = page.sales.map((one) => ({ id: one.id, result: Sale.safeParse(one) }));
  return {
    sales: read.flatMap(({ result }) => (result.success ? [result.data] : [])),
    unreadable: read.flatMap((one) =>
      one.result.success ? [] : [{ id: one.id, problem: z.prettifyError(one.result.error).slice(0, 500) }],
    ),
    next: page.next_page_key || null,
  };
}

export const GumroadSubscriptions = z.looseObject({
  resource_subscriptions: z.array(z.looseObject({ id, resource_name: z.string(), post_url: z.string() })),
});
export const GumroadUser = z.looseObject({
  user: z.looseObject({ user_id: z.string().nullish(), id: z.string().nullish(), name: z.string().nullish() }),
});

/** Of a ping, these three alone; a field that comes twice says nothing. */
export type GumroadPing = {
  readonly saleId: string | null;
  readonly sellerId: string | null;
  readonly resource: string;
};

export function readGumroadPing(body: string): GumroadPing {
  const form = new URLSearchParams(body);
  const one = (name: string): string | null => {
    const [value, ...more] = form.getAll(name);
    return value !== undefined && more.length === 0 && id.safeParse(value).success ? value : null;
  };
  return { saleId: one('sale_id'), sellerId: one('seller_id'), resource: one('resource_name') ?? 'sale' };
}

/** "5.50" of "€11" → 500000; null when one of them is not a plain amount. */
export function shareOf(part: string | null, whole: string | null): bigint | null {
  const [numerator, denominator] = [decimalIn(part), decimalIn(whole)];
  if (numerator === null || denominator === null || denominator === 0n || numerator > denominator) return null;
  return (numerator * 1_000_000n + denominator / 2n) / denominator;
}

/** In thousandths. Separators differ by currency: the last one is a decimal mark unless three digits follow it. */
function decimalIn(written: string | null): bigint | null {
  const [number] = /\d[\d.,]*/.exec(written ?? '') ?? [];
  if (number === undefined) return null;
  const parts = number.replace(/[.,]+$/, '').split(/[.,]/);
  const last = parts.at(-1) ?? '';
  const fraction = parts.length > 1 && last.length !== 3 ? last : '';
  const digits = (fraction === '' ? parts : parts.slice(0, -1)).join('');
  return fraction.length > 3 ? null : BigInt(digits || '0') * 1000n + BigInt(fraction.padEnd(3, '0') || '0');
}
