/** Sort keys, ranges and cursors: what a query means, whoever answers it. */
import type { Item, Query } from '../../ports/table.ts';
import { NovaError } from '../error.ts';

export const DEFAULT_LIMIT = 1000;
/** A page also ends after 1 MB, whatever its limit. */
export const MAX_PAGE_BYTES = 1_048_576;

/** Order of UTF-8 bytes, which is the order of code points, and not that of JavaScript's `<`. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogates = (x >= 0xd800 && x < 0xe000 ? 1 : 0) - (y >= 0xd800 && y < 0xe000 ? 1 : 0);
    return surrogates !== 0 && x >= 0xd800 && y >= 0xd800 ? surrogates : x - y;
  }
  return a.length - b.length;
}

/** Sort keys from `from` up to `to` or up to, and without, `below`; null is open. */
export type Span = { readonly from: string | null; readonly to: string | null; readonly below: string | null };

/** Keys are printable ASCII, so everything that starts with a prefix ends before its last character's successor. */
export function spanOf(query: Query): Span {
  const prefix = query.prefix;
  if (!prefix) return { from: query.from || null, to: query.to ?? null, below: null };
  const last = prefix.charCodeAt(prefix.length - 1);
  return { from: prefix, to: null, below: prefix.slice(0, -1) + String.fromCharCode(last + 1) };
}

/** Whether nothing can lie in the span; DynamoDB refuses such a range instead of answering nothing. */
export function isEmptySpan({ from, to }: Span): boolean {
  return to !== null && (to === '' || (from !== null && from > to));
}

/** Where the last page ended: the sort key, and in the index the key of the item as well. */
export type Place = { readonly sort: string; readonly pk: string; readonly sk: string };

export function cursorOf(query: Query, item: Item): string {
  return JSON.stringify(query.index ? [item.ixSk, item.pk, item.sk] : [item.sk]);
}

/** @throws NovaError bad_input for a cursor that no such query gave. */
export function placeOf(query: Query): Place | null {
  if (query.cursor === undefined) return null;
  const parts = partsOf(query.cursor);
  const [sort = '', pk = query.pk, sk = sort] = parts;
  if (parts.length !== (query.index ? 3 : 1)) throw new NovaError('bad_input', 'this cursor belongs to another query');
  return { sort, pk, sk };
}

function partsOf(cursor: string): string[] {
  try {
    const parts: unknown = JSON.parse(cursor);
    if (Array.isArray(parts) && parts.every((part) => typeof part === 'string')) return parts;
  } catch {
    // Falls through: whatever it was, it is no cursor.
  }
  throw new NovaError('bad_input', `this is no cursor of a query: ${cursor.slice(0, 80)}`);
}
