/** Currencies: how many decimals each has, and what an amount is worth in micro-USD when that can be said exactly. */
import { NovaError } from './error.ts';

/** ISO 4217 minor units, where they are not two (list one of the standard, 2026-01-01). */
const ISO_EXPONENTS: Readonly<Record<string, readonly string[]>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' '),
  3: 'BHD IQD JOD KWD LYD OMR TND'.split(' '),
  4: 'CLF UYW'.split(' '),
};

const EXPONENT: ReadonlyMap<string, number> = new Map(
  Object.entries(ISO_EXPONENTS).flatMap(([exponent, codes]) => codes.map((code) => [code, Number(exponent)] as const)),
);

/**
 * The ISO code in capitals.
 * @throws NovaError bad_input when it is not three letters.
 */
export function currencyCode(text: string): string {
  if (!/^[a-z]{3}$/i.test(text))
    throw new NovaError('bad_input', `a currency is three letters, like USD; got "${text}"`);
  return text.toUpperCase();
}

/** Decimals of the minor unit: 2 for USD, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: string): number {
  return EXPONENT.get(currency) ?? 2;
}

/** Fixed rates of the owner: micro-USD for one whole unit of a currency ("EUR": 1080000). USD needs none. */
export type Rates = { readonly [currency: string]: number };

/**
 * Micro-USD of an amount in minor units, rounded towards zero so that what was booked and what is taken back cancel
 * out; null when there is no rate, or when the sum is beyond what a safe integer holds: then it stays unconverted.
 */
export function minorToMicros(amountMinor: bigint, currency: string, rates: Rates = {}): number | null {
  const rate = currency === 'USD' ? 1_000_000 : rates[currency];
  if (rate === undefined || !Number.isSafeInteger(rate) || rate <= 0) return null;
  const micros = (amountMinor * BigInt(rate)) / 10n ** BigInt(exponentOf(currency));
  const asNumber = Number(micros);
  return Number.isSafeInteger(asNumber) ? asNumber || 0 : null;
}

/**
 * Reads a decimal amount ("12", "12.50", "-3") in minor units of a currency, exactly.
 * @throws NovaError bad_input when it has more decimals than the currency, or is no decimal.
 */
export function decimalToMinor(text: string, currency: string): bigint {
  const exponent = exponentOf(currency);
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '' || fraction.length > exponent)
    throw new NovaError('bad_input', `an amount of ${currency} has at most ${exponent} decimals; got "${text}"`);
  const minor = BigInt(whole + fraction.padEnd(exponent, '0'));
  return sign === '-' ? -minor : minor;
}

/** For people: 123456 USD → "1,234.56 USD", 500 JPY → "500 JPY". */
export function formatMinor(amountMinor: bigint, currency: string, exponent = exponentOf(currency)): string {
  const negative = amountMinor < 0n;
  const digits = (negative ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${negative ? '-' : ''}${whole}${fraction} ${currency}`;
}

/** Stripe sends ISK and UGX with two decimals that are always 00, and MGA with none. */
const STRIPE_EXPONENT: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

/** An amount of Stripe's API in ISO minor units; null when it has decimals that the currency does not. */
export function stripeToMinor(amount: bigint, currency: string): bigint | null {
  const theirs = STRIPE_EXPONENT[currency];
  const ours = exponentOf(currency);
  if (theirs === undefined || theirs === ours) return amount;
  if (theirs < ours) return amount * 10n ** BigInt(ours - theirs);
  const factor = 10n ** BigInt(theirs - ours);
  return amount % factor === 0n ? amount / factor : null;
}
