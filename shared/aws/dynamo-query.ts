import { QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { cursorOf, DEFAULT_LIMIT, isEmptySpan, placeOf, spanOf } from '../domain/table/order.ts';
import { checkQuery } from '../domain/table/rules.ts';
import type { Item, Page, Query } from '../ports/table.ts';
import { rethrow } from './dynamo-retry.ts';
import { INDEX_NAME } from './dynamo-schema.ts';
import type { Dynamo } from './dynamo-table.ts';
import { type Attributes, itemOf } from './dynamo-values.ts';

/** One page: DynamoDB ends it at the limit or at 1 MB. */
export async function queryPage(dynamo: Dynamo, query: Query): Promise<Page> {
  checkQuery(query);
  if (isEmptySpan(spanOf(query))) return { items: [], cursor: null };
  const command = new QueryCommand({ TableName: dynamo.tableName, ...queryInput(query) });
  const found = await dynamo.ask(() => dynamo.client.send(command), true).catch(rethrow);
  dynamo.reads(found.ConsumedCapacity);
  const last = found.LastEvaluatedKey && itemOf(found.LastEvaluatedKey);
  return { items: (found.Items ?? []).map(itemOf), cursor: last ? cursorOf(query, last as Item) : null };
}

function queryInput(query: Query): Omit<QueryCommandInput, 'TableName'> {
  const [partition, sort] = query.index ? ['ixPk', 'ixSk'] : ['pk', 'sk'];
  const { text, values } = rangeOf(query);
  const place = placeOf(query);
  return {
    ...(query.index ? { IndexName: INDEX_NAME } : { ConsistentRead: true }),
    KeyConditionExpression: `#p = :p${text}`,
    ExpressionAttributeNames: { '#p': partition, ...(text && { '#s': sort }) },
    ExpressionAttributeValues: { ':p': { S: query.pk }, ...values },
    Limit: query.limit ?? DEFAULT_LIMIT,
    ScanIndexForward: !query.reverse,
    ReturnConsumedCapacity: 'TOTAL',
    ...(place && { ExclusiveStartKey: startKey(query, place) }),
  };
}

/** A condition on the sort key: DynamoDB takes one, so two bounds become BETWEEN. */
function rangeOf(query: Query): { readonly text: string; readonly values: Attributes } {
  const { from, to } = spanOf(query);
  if (query.prefix) return { text: ' AND begins_with(#s, :a)', values: { ':a': { S: query.prefix } } };
  if (from !== null && to !== null) {
    return { text: ' AND #s BETWEEN :a AND :b', values: { ':a': { S: from }, ':b': { S: to } } };
  }
  if (from !== null) return { text: ' AND #s >= :a', values: { ':a': { S: from } } };
  return to !== null ? { text: ' AND #s <= :b', values: { ':b': { S: to } } } : { text: '', values: {} };
}

function startKey(query: Query, place: { sort: string; pk: string; sk: string }): Attributes {
  const key = { pk: { S: place.pk }, sk: { S: place.sk } };
  return query.index ? { ...key, ixPk: { S: query.pk }, ixSk: { S: place.sort } } : key;
}
