/** What an attribute may hold, in one canonical form, and how large DynamoDB would say it is. */
import type { Item, Scalar, Value } from '../../ports/table.ts';
import { NovaError } from '../error.ts';

export const MAX_ITEM_BYTES = 409_600;
/** Lists and maps inside one another below an attribute: DynamoDB allows 32 levels and counts the item as the first. */
const MAX_DEPTH = 31;
const MAX_DIGITS = 38;
const ALWAYS_FITS = 10n ** 38n;
const MAX_MAGNITUDE = 10n ** 126n;

const refuse = (name: string, why: string): never => {
  throw new NovaError('bad_input', `attribute ${name}: ${why}`);
};

/**
 * The value as every table would give it back: numbers for safe integers, bigint beyond, no -0, frozen.
 * @throws NovaError bad_input for floats, undefined, sets, dates, and whatever else DynamoDB has no type for here.
 */
export function canonical(value: unknown, name: string, depth = 0): Value {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : refuse(name, 'a string with half a surrogate pair');
    case 'number':
      if (!Number.isSafeInteger(value)) return refuse(name, `${value} is no safe integer; use a bigint`);
      return value === 0 ? 0 : value;
    case 'boolean':
      return value;
    case 'bigint':
      return canonicalBigint(value, name);
    case 'object':
      return value === null ? null : canonicalObject(value, name, depth);
    default:
      return refuse(name, `a table cannot hold ${typeof value}`);
  }
}

/** @throws NovaError bad_input for lists, maps and what `canonical` refuses. */
export function canonicalScalar(value: unknown, name: string): Scalar {
  if (typeof value === 'object' && value !== null) return refuse(name, 'a condition compares with a scalar only');
  return canonical(value, name) as Scalar;
}

/** @throws NovaError bad_input beyond 38 significant digits. */
export function canonicalBigint(value: bigint, name: string): number | bigint {
  if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value);
  const size = value < 0n ? -value : value;
  if (size < ALWAYS_FITS) return value;
  const digits = size < MAX_MAGNITUDE ? size.toString().replace(/0+$/, '').length : Number.POSITIVE_INFINITY;
  return digits <= MAX_DIGITS ? value : refuse(name, `a number has at most ${MAX_DIGITS} significant digits`);
}

function canonicalObject(value: object, name: string, depth: number): Value {
  if (depth >= MAX_DEPTH) return refuse(name, `lists and maps nest at most ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) return Object.freeze(Array.from(value, (one) => canonical(one, name, depth + 1)));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return refuse(name, 'only plain lists and maps');
  const map: { [name: string]: Value } = {};
  for (const [key, one] of Object.entries(value)) map[checkName(key)] = canonical(one, name, depth + 1);
  return Object.freeze(map);
}

/** @throws NovaError bad_input for a name that is empty, longer than 255 characters or dangerous in JavaScript. */
export function checkName(name: string): string {
  if (name === '' || name.length > 255 || name === '__proto__') {
    throw new NovaError('bad_input', `an attribute name has 1 to 255 characters and is not __proto__; got "${name}"`);
  }
  return name;
}

/** UTF-8 bytes. */
export function textBytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes: two of each half.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** A safe integer has up to 16 digits and a sign, a bigint as many as the type allows. */
const NUMBER_AT_MOST = 11;
const BIGINT_AT_MOST = 66;

/** Never less than `valueBytes`, without looking at characters and digits. */
function mostBytes(value: Value): number {
  if (typeof value === 'number') return NUMBER_AT_MOST;
  if (typeof value === 'string') return value.length * 3;
  if (typeof value === 'boolean' || value === null) return 1;
  if (typeof value === 'bigint') return BIGINT_AT_MOST;
  let bytes = 3;
  if (Array.isArray(value)) for (let at = 0; at < value.length; at++) bytes += 1 + mostBytes(value[at] as Value);
  else for (const name in value) bytes += 1 + name.length * 3 + mostBytes((value as Item)[name] ?? null);
  return bytes;
}

function valueBytes(value: Value): number {
  if (typeof value === 'string') return textBytes(value);
  if (typeof value === 'number' || typeof value === 'bigint') return Math.ceil(String(value).length / 2) + 2;
  if (typeof value === 'boolean' || value === null) return 1;
  let bytes = 3;
  if (Array.isArray(value)) for (const one of value) bytes += 1 + valueBytes(one);
  else for (const [name, one] of Object.entries(value)) bytes += 1 + textBytes(name) + valueBytes(one);
  return bytes;
}

/** Bytes as DynamoDB counts them, numbers a little generously: names and values, with what a list or map adds. */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name in item) bytes += textBytes(name) + valueBytes(item[name] ?? null);
  return bytes;
}

/**
 * About how many bytes an item has (never less than it has; exact where it matters).
 * @throws NovaError too_large above 400 KB, as DynamoDB counts.
 */
export function checkItemBytes(item: Item): number {
  let most = 0;
  for (const name in item) most += name.length * 3 + mostBytes(item[name] ?? null);
  if (most < MAX_ITEM_BYTES / 8) return most;
  const bytes = itemBytes(item);
  if (bytes <= MAX_ITEM_BYTES) return bytes;
  throw new NovaError('too_large', `an item has at most ${MAX_ITEM_BYTES} bytes; ${item.pk} / ${item.sk} has ${bytes}`);
}
