/**
 * A receipt: what one piece of work used, times the prices of one version of the table, as line items in micro-dollars.
 * Lines are added up exactly, in pico-dollars, and only the running sum is rounded up: so the lines' whole micro-dollars
 * add up to the total, and the total is less than one micro-dollar above the exact cost, however many lines there are.
 */
import { NovaError } from './error.ts';
import { type Price, type PriceTable, parseTokenItem } from './price-table.ts';

export type Usage = { readonly item: string; readonly quantity: number };

export type ReceiptLine = {
  readonly item: string;
  /** null: an amount that was told, not counted. */
  readonly price: Price | null;
  readonly quantity: number;
  readonly amountMicros: number;
};

export type Receipt = {
  readonly lines: readonly ReceiptLine[];
  readonly totalMicros: number;
  /** The version of the price table. */
  readonly version: string;
};

const PICOS_PER_MICRO = 1_000_000n;

/** @throws NovaError unpriced for an item without a price, bad_input for a quantity that counts nothing. */
export function receiptOf(usage: readonly Usage[], table: PriceTable): Receipt {
  let picos = 0n;
  let micros = 0n;
  const lines = usage.map(({ item, quantity }): ReceiptLine => {
    if (!Number.isSafeInteger(quantity) || quantity < 0)
      throw new NovaError('bad_input', `a quantity of ${item} is a whole number, 0 or more; got ${quantity}`);
    const price = isFee(item) ? null : table.priceOf(item);
    picos += price
      ? ceilDiv(BigInt(quantity) * BigInt(price.nanos) * 1000n, BigInt(price.per))
      : BigInt(quantity) * PICOS_PER_MICRO;
    const before = micros;
    micros = ceilDiv(picos, PICOS_PER_MICRO);
    return { item, price, quantity, amountMicros: Number(micros - before) };
  });
  return { lines, totalMicros: Number(micros), version: table.version };
}

/** The same quantities at the prices of another version; what was told stays. @throws NovaError unpriced. */
export const repriced = (receipt: Receipt, table: PriceTable): Receipt => receiptOf(receipt.lines, table);

const FEE = 'fee.';
/** An amount that somebody told: its quantity is micro-dollars, and no version of the table changes it. */
export const feeItem = (name: string): string => `${FEE}${name}`;
export const isFee = (item: string): boolean => item.startsWith(FEE);
export const feeName = (item: string): string => item.slice(FEE.length);

/** Both together, one line an item, in the order in which items first came. */
export function addUsage(first: readonly Usage[], second: readonly Usage[]): Usage[] {
  const sums = new Map<string, number>();
  for (const { item, quantity } of [...first, ...second]) sums.set(item, (sums.get(item) ?? 0) + quantity);
  return [...sums].map(([item, quantity]) => ({ item, quantity }));
}

/** Tokens of all kinds and models. */
export const tokensIn = (usage: readonly Usage[]): number =>
  usage.reduce((sum, { item, quantity }) => sum + (parseTokenItem(item) ? quantity : 0), 0);

const ceilDiv = (part: bigint, by: bigint): bigint => (part + by - 1n) / by;

/** What a Lambda function used: its memory for its time, and one request. */
export function lambdaUsage(memoryMb: number, milliseconds: number): Usage[] {
  return [
    { item: 'lambda.compute.arm64', quantity: memoryMb * Math.max(0, Math.ceil(milliseconds)) },
    { item: 'lambda.request', quantity: 1 },
  ];
}
