/** The table in DynamoDB. Everything it would refuse is refused before it is asked; what it counts is counted. */
import { randomUUID } from 'node:crypto';
import {
  type ConsumedCapacity,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { canonicalOp, canonicalOps, checkKey } from '../domain/table/rules.ts';
import type { Capacity, Op, Table, TransactResult, WriteOp, WriteResult } from '../ports/table.ts';
import { expressionOf } from './dynamo-expression.ts';
import { queryPage } from './dynamo-query.ts';
import { DEFAULT_RETRIES, failureOf, novaErrorOf, type Retries, reasonsOf, rethrow, retried } from './dynamo-retry.ts';
import { type Attributes, attributesOf, itemOf, itemOrNull } from './dynamo-values.ts';

export type DynamoTableOptions = {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Added to with every answer. */
  readonly capacity?: Capacity;
  readonly retries?: Retries;
};

/** What every request needs. */
export type Dynamo = {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** @throws what DynamoDB threw, after bounded retries. `repeatable`: also when it may have happened already. */
  ask<T>(send: () => Promise<T>, repeatable: boolean): Promise<T>;
  readonly reads: Count;
  readonly writes: Count;
};
type Count = (consumed: ConsumedCapacity | readonly ConsumedCapacity[] | undefined) => void;

export function dynamoTable(options: DynamoTableOptions): Table {
  const { client, tableName, retries = DEFAULT_RETRIES } = options;
  const capacity = options.capacity ?? { readUnits: 0, writeUnits: 0, requests: 0 };
  const dynamo: Dynamo = {
    client,
    tableName,
    ask: (send, repeatable) => {
      const counted = (): ReturnType<typeof send> => {
        capacity.requests++;
        return send();
      };
      return retried(counted, retries, repeatable);
    },
    reads: (consumed) => {
      capacity.readUnits += unitsOf(consumed);
    },
    writes: (consumed) => {
      capacity.writeUnits += unitsOf(consumed);
    },
  };
  return {
    async get(key) {
      checkKey(key);
      const command = new GetItemCommand({ ...target(dynamo), Key: attributesOf(key), ConsistentRead: true });
      const found = await dynamo.ask(() => client.send(command), true).catch(rethrow);
      dynamo.reads(found.ConsumedCapacity);
      return itemOrNull(found.Item);
    },
    query: (query) => queryPage(dynamo, query),
    write: async (op) => write(dynamo, canonicalOp(op)),
    transact: async (ops) => transact(dynamo, canonicalOps(ops)),
  };
}

const unitsOf: (consumed: Parameters<Count>[0]) => number = (consumed) =>
  [consumed ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);

const target = ({ tableName }: Dynamo) => ({ TableName: tableName, ReturnConsumedCapacity: 'TOTAL' as const });
const onFailure = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };

/**
 * Whether doing it twice is the same as doing it once, or is noticed: under a condition the second try is refused with
 * the item as it stands, and the caller recognises its own write. An unconditional sum or list is neither.
 */
const isRepeatable = (op: Op): boolean => op.op !== 'update' || Boolean(op.if) || !(op.add || op.append);

async function write(dynamo: Dynamo, op: WriteOp): Promise<WriteResult> {
  try {
    const { Attributes: image, ConsumedCapacity: consumed } = await dynamo.ask(
      () => send(dynamo, op),
      isRepeatable(op),
    );
    dynamo.writes(consumed);
    return { ok: true, item: op.op === 'update' && image ? itemOf(image) : null };
  } catch (error) {
    if (failureOf(error) !== 'condition') throw novaErrorOf(error);
    dynamo.writes(REFUSED_WRITE);
    return { ok: false, item: itemOrNull((error as { readonly Item?: Attributes }).Item) };
  }
}

/** DynamoDB charges a refused condition and does not say how much: at least this. */
const REFUSED_WRITE: ConsumedCapacity = { CapacityUnits: 1 };

function send({ client, ...dynamo }: Dynamo, op: WriteOp) {
  const common = { ...target({ client, ...dynamo }), ...onFailure };
  if (op.op === 'put') {
    return client.send(new PutItemCommand({ ...common, ...expressionOf(op.if), Item: attributesOf(op.item) }));
  }
  const Key = attributesOf(op.key);
  if (op.op === 'delete') return client.send(new DeleteItemCommand({ ...common, ...expressionOf(op.if), Key }));
  return client.send(new UpdateItemCommand({ ...common, ...expressionOf(op.if, op), Key, ReturnValues: 'ALL_NEW' }));
}

/**
 * The token makes our own tries one transaction for DynamoDB (it remembers for ten minutes): a lost answer costs no
 * false refusal. No correctness hangs on it.
 */
async function transact(dynamo: Dynamo, ops: readonly Op[]): Promise<TransactResult> {
  const TransactItems = ops.map((op) => transactItem(dynamo, op));
  const ClientRequestToken = randomUUID();
  const command = { TransactItems, ClientRequestToken, ReturnConsumedCapacity: 'TOTAL' as const };
  try {
    const done = await dynamo.ask(() => dynamo.client.send(new TransactWriteItemsCommand(command)), true);
    dynamo.writes(done.ConsumedCapacity);
    return { ok: true };
  } catch (error) {
    if (failureOf(error) !== 'condition') throw novaErrorOf(error);
    dynamo.writes({ CapacityUnits: 2 * ops.length });
    const reasons = reasonsOf(error) as readonly { readonly Code?: string; readonly Item?: Attributes }[];
    const failed = reasons.flatMap(({ Code, Item: item }, index) =>
      Code === 'ConditionalCheckFailed' ? [{ index, item: itemOrNull(item) }] : [],
    );
    return { ok: false, failed };
  }
}

function transactItem({ tableName: TableName }: Dynamo, op: Op): TransactWriteItem {
  const common = { TableName, ...onFailure };
  if (op.op === 'put') return { Put: { ...common, ...expressionOf(op.if), Item: attributesOf(op.item) } };
  const Key = attributesOf(op.key);
  if (op.op === 'delete') return { Delete: { ...common, ...expressionOf(op.if), Key } };
  // The rules saw to it that an update changes something and a check has a condition: both expressions are there.
  const { UpdateExpression = '', ...update } = expressionOf(op.if, op.op === 'update' ? op : undefined);
  if (op.op === 'update') return { Update: { ...common, ...update, UpdateExpression, Key } };
  return { ConditionCheck: { ...common, ConditionExpression: '', ...update, Key } };
}
