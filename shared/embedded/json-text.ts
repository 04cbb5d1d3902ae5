/** Items as JSON text. What JSON cannot say is tagged: `{"$n":"…"}` is a bigint, and a name that starts with $ has one more. */
import type { Item, Value } from '../ports/table.ts';

type Loose = { [name: string]: Value };
const isMap = (value: Value): value is { readonly [name: string]: Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isPlain(value: Value): boolean {
  if (typeof value === 'bigint') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isPlain);
  for (const [name, one] of Object.entries(value)) if (name.startsWith('$') || !isPlain(one)) return false;
  return true;
}

function tagged(value: Value): Value {
  if (typeof value === 'bigint') return { $n: value.toString() };
  if (Array.isArray(value)) return value.map(tagged);
  if (!isMap(value)) return value;
  return renamed(value, (name) => (name.startsWith('$') ? `$${name}` : name), tagged);
}

function untagged(value: Value): Value {
  if (Array.isArray(value)) return value.map(untagged);
  if (!isMap(value)) return value;
  if (typeof value.$n === 'string') return BigInt(value.$n);
  return renamed(value, (name) => (name.startsWith('$$') ? name.slice(1) : name), untagged);
}

function renamed(map: { readonly [name: string]: Value }, name: (n: string) => string, each: (v: Value) => Value) {
  const copy: Loose = {};
  for (const [key, one] of Object.entries(map)) copy[name(key)] = each(one);
  return copy;
}

export function itemText(item: Item): string {
  return JSON.stringify(isPlain(item) ? item : tagged(item));
}

/** Most items carry no tag, and then the parser's work is all there is to do. */
export function itemOfText(text: string): Item {
  const parsed = JSON.parse(text) as Item;
  return text.includes('"$') ? (untagged(parsed) as Item) : parsed;
}
