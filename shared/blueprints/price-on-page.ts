/** Whether a page shows a price, as people write prices: "$19", "19,00 €", "USD 1,234.50", or in its machine-read tags. */
import { exponentOf } from '../domain/currency.ts';

const SYMBOLS: Readonly<Record<string, string>> = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', KRW: '₩' };
/** Tags in which shops tell machines the price. */
const TAGS = 'meta[property="product:price:amount"], meta[property="og:price:amount"], [itemprop="price"][content]';

/** What a browser would show without running scripts, and the tags for machines; scripts and styles are no text. */
export async function priceOnPage(html: string, priceMinor: bigint, currency: string): Promise<boolean> {
  const { load } = await import('cheerio/slim');
  const $ = load(html);
  const exact = new RegExp(`^(?:${numbersOf(priceMinor, currency)})$`);
  for (const tag of $(TAGS)) if (exact.test(($(tag).attr('content') ?? '').trim())) return true;
  $('script, style, noscript, template').remove();
  return pricePattern(priceMinor, currency).test($.root().text().replace(/\s+/g, ' '));
}

/** The number alone is everywhere on a page; beside its currency it is a price. */
export function pricePattern(priceMinor: bigint, currency: string): RegExp {
  const sign = [currency, SYMBOLS[currency]]
    .filter((it) => it !== undefined)
    .map(literal)
    .join('|');
  const number = `(?:${numbersOf(priceMinor, currency)})`;
  return new RegExp(`(?:${sign}) ?${number}(?![.,]?\\d)|(?<!\\d[.,]?)${number} ?(?:${sign})`, 'i');
}

/** The ways to write it: thousands and decimals the English and the continental way, whole amounts without decimals. */
function numbersOf(priceMinor: bigint, currency: string): string {
  const exponent = exponentOf(currency);
  const digits = priceMinor.toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = exponent === 0 ? '' : digits.slice(-exponent);
  const grouped = (separator: string): string => whole.replace(/\B(?=(\d{3})+$)/g, separator);
  const wholes = [...new Set([whole, grouped(','), grouped('.'), grouped(' '), grouped("'")])];
  const ways = wholes.flatMap((text) => {
    const points = text.includes('.') ? [','] : text.includes(',') ? ['.'] : ['.', ','];
    const full = fraction === '' ? [] : points.map((point) => `${text}${point}${fraction}`);
    return /^0*$/.test(fraction) ? [...full, text, ...points.map((point) => `${text}${point}–`)] : full;
  });
  return [...new Set(ways)]
    .sort((a, b) => b.length - a.length)
    .map(literal)
    .join('|');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
