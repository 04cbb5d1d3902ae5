/** Stripe's balance transactions and what moved them, as its API gives them: read strictly where money is, else tolerantly. */
import * as z from 'zod';
import type { StripeBalanceMove, StripeBalanceSource } from '../domain/stripe-balance.ts';
import type { StripeCheckout } from '../domain/stripe-event.ts';
import { amount, Checkout, id, SUBJECTS, seconds } from './stripe-event.ts';

/** An object of another kind moves money too; then its id is all we need. A bare id was not expanded, or was deleted. */
const Source = z.union([
  z.null().transform((): StripeBalanceSource => null),
  id.transform((text): StripeBalanceSource => ({ is: 'other', object: 'id', id: text })),
  z.looseObject({ id, object: z.string() }).transform((it, context): StripeBalanceSource => {
    const schema = READ.has(it.object) ? SUBJECTS[it.object] : undefined;
    if (!schema) return { is: 'other', object: it.object, id: it.id };
    const read = schema.safeParse(it);
    if (read.success && (read.data.is === 'charge' || read.data.is === 'refund' || read.data.is === 'dispute'))
      return read.data;
    context.addIssue({ code: 'custom', message: `${it.object} ${it.id} cannot be read` });
    return z.NEVER;
  }),
]);
const READ = new Set(['charge', 'refund', 'dispute']);

const Move = z
  .looseObject({
    id,
    amount,
    fee: amount,
    currency: z.string(),
    type: z.string().max(100),
    reporting_category: z.string().nullish(),
    // Kept as it is shown, never reckoned with.
    exchange_rate: z.number().nullish(),
    created: seconds,
    available_on: seconds.nullish(),
    fee_details: z.array(z.looseObject({ amount, type: z.string() })).nullish(),
    source: Source.nullish(),
  })
  .transform(
    (it): StripeBalanceMove => ({
      id: it.id,
      type: it.type,
      category: it.reporting_category ?? '',
      amount: it.amount,
      fee: it.fee,
      currency: it.currency,
      rate: it.exchange_rate === null || it.exchange_rate === undefined ? null : String(it.exchange_rate),
      created: it.created,
      availableOn: it.available_on ?? it.created,
      fees: (it.fee_details ?? []).map(({ amount: part, type }) => ({ amount: part, type })),
      source: it.source ?? null,
    }),
  );

const Page = z.looseObject({ data: z.array(z.looseObject({ id })), has_more: z.boolean() });

export type StripeBalancePage = {
  readonly moves: readonly StripeBalanceMove[];
  /** What could not be read, by id: for a person, not for a retry. */
  readonly unreadable: readonly { readonly id: string; readonly problem: string }[];
  /** The last of this page, when there are more. */
  readonly next: string | null;
};

/** @throws ZodError when it is no page at all. */
export function readBalancePage(value: unknown): StripeBalancePage {
  const { data, has_more } = Page.parse(value);
  const read = data.map((one) => ({ id: one.id, result: Move.safeParse(one) }));
  return {
    moves: read.flatMap(({ result }) => (result.success ? [result.data] : [])),
    unreadable: read.flatMap((one) =>
      one.result.success ? [] : [{ id: one.id, problem: z.prettifyError(one.result.error).slice(0, 500) }],
    ),
    next: has_more ? (data.at(-1)?.id ?? null) : null,
  };
}

/** @throws ZodError. */
export function readCheckouts(value: unknown): StripeCheckout[] {
  return z.looseObject({ data: z.array(Checkout) }).parse(value).data;
}
