import type { Item, Query, Table } from '../ports/table.ts';

/** Every item of a query, page by page. For keys whose size is bounded; lists for people take `limit`. */
export async function queryAll(table: Table, query: Query): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page = await table.query(cursor === null ? query : { ...query, cursor });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== null && (query.limit === undefined || items.length < query.limit));
  return query.limit === undefined ? items : items.slice(0, query.limit);
}
