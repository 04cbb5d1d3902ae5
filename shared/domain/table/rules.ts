/**
 * What DynamoDB would refuse, refused alike by every table before anything is sent or changed, and the canonical form of
 * what it would take. Limits: "Quotas in Amazon DynamoDB"; where they leave a doubt, what local DynamoDBs answered.
 */
import type { Change, Condition, Item, Key, Op, Query, Scalar, Value } from '../../ports/table.ts';
import { NovaError } from '../error.ts';
import { placeOf } from './order.ts';
import { canonical, canonicalBigint, canonicalScalar, checkItemBytes, checkName } from './values.ts';

export const MAX_OPS = 100;
/** Ours: DynamoDB counts 300 operators and 4 KB of expression, and this many stay inside both. */
const MAX_PARTS = 200;
const KEY_BYTES: Readonly<Record<string, number>> = { pk: 2048, sk: 1024, ixPk: 2048, ixSk: 1024 };
const PRINTABLE = /^[\x20-\x7e]+$/;

const refuse = (why: string): never => {
  throw new NovaError('bad_input', why);
};

function checkKeyText(name: string, value: unknown): void {
  if (typeof value !== 'string' || !PRINTABLE.test(value)) {
    refuse(`${name} is a string of printable ASCII, not empty; got ${JSON.stringify(String(value).slice(0, 80))}`);
  } else if (value.length > (KEY_BYTES[name] ?? 0)) {
    refuse(`${name} has at most ${KEY_BYTES[name]} characters; got ${value.length}`);
  }
}

/** @throws NovaError bad_input. */
export function checkKey(key: Key): void {
  checkKeyText('pk', key.pk);
  checkKeyText('sk', key.sk);
}

/**
 * The op with canonical values, or a refusal.
 * @throws NovaError bad_input.
 */
export function canonicalOp<T extends Op>(op: T): T;
export function canonicalOp(op: Op): Op {
  const conditions = op.if && op.if.length > 0 ? { if: canonicalConditions(op.if) } : null;
  if (op.op === 'put') return { op: 'put', item: canonicalItem(op.item), ...conditions };
  checkKey(op.key);
  const key = { pk: op.key.pk, sk: op.key.sk };
  if (op.op === 'delete') return { op: 'delete', key, ...conditions };
  if (op.op === 'check') return conditions ? { op: 'check', key, ...conditions } : refuse('a check needs a condition');
  return { op: 'update', key, ...canonicalChange(op), ...conditions };
}

/**
 * The ops of one transaction, canonical.
 * @throws NovaError bad_input, for no op, more than 100, and two on one item.
 */
export function canonicalOps(ops: readonly Op[]): Op[] {
  if (ops.length < 1 || ops.length > MAX_OPS) refuse(`a transaction has 1 to ${MAX_OPS} ops; got ${ops.length}`);
  const seen = new Set<string>();
  return ops.map((op) => {
    const checked = canonicalOp(op);
    const { pk, sk } = keyOf(checked);
    // Keys are printable, so a newline cannot occur in them.
    if (seen.size === seen.add(`${pk}\n${sk}`).size) refuse(`two ops of a transaction on one item: ${pk} / ${sk}`);
    return checked;
  });
}

export const keyOf = (op: Op): Key => (op.op === 'put' ? op.item : op.key);

function canonicalItem(item: Item): Item {
  checkKey(item);
  const copy: { [name: string]: Value } = {};
  for (const name of Object.keys(item)) copy[checkName(name)] = canonicalAttribute(name, item[name]);
  checkItemBytes(copy as Item);
  return Object.freeze(copy as Item);
}

function canonicalAttribute(name: string, value: unknown): Value {
  if (name === 'ixPk' || name === 'ixSk') checkKeyText(name, value);
  return canonical(value, name);
}

/** Every attribute in one kind of change only, never the key, and at least one change. */
function canonicalChange(change: Change): Change {
  const seen = new Set<string>();
  const names = (names: readonly string[]): readonly string[] => {
    for (const name of names) {
      if (name === 'pk' || name === 'sk') refuse(`an update cannot change ${name}: it is the key`);
      if (seen.size === seen.add(checkName(name)).size) refuse(`an update changes attribute ${name} twice`);
    }
    return names;
  };
  const each = <V, R>(part: { readonly [name: string]: V } | undefined, form: (name: string, value: V) => R) => {
    const formed: { [name: string]: R } = {};
    if (part) for (const name of names(Object.keys(part))) formed[name] = form(name, part[name] as V);
    return formed;
  };
  const canonicalParts = {
    ...(change.set && { set: each(change.set, canonicalAttribute) }),
    ...(change.setIfAbsent && { setIfAbsent: each(change.setIfAbsent, canonicalAttribute) }),
    ...(change.add && { add: each(change.add, canonicalAmount) }),
    ...(change.append && { append: each(change.append, canonicalEntries) }),
    ...(change.remove && { remove: names([...change.remove]) }),
  };
  if (seen.size < 1 || seen.size > MAX_PARTS)
    refuse(`an update changes 1 to ${MAX_PARTS} attributes; got ${seen.size}`);
  return canonicalParts;
}

function noIndexKey(name: string, kind: string): void {
  if (name === 'ixPk' || name === 'ixSk') refuse(`${kind} cannot make ${name}: it is a string`);
}

function canonicalAmount(name: string, amount: number | bigint): number | bigint {
  noIndexKey(name, 'add');
  if (typeof amount === 'bigint') return canonicalBigint(amount, name);
  if (typeof amount !== 'number') return refuse(`attribute ${name}: only a number can be added`);
  return canonical(amount, name) as number;
}

function canonicalEntries(name: string, entries: readonly Value[]): readonly Value[] {
  noIndexKey(name, 'append');
  if (!Array.isArray(entries)) return refuse(`attribute ${name}: only a list can be appended`);
  return canonical(entries, name) as readonly Value[];
}

function canonicalConditions(conditions: readonly Condition[]): readonly Condition[] {
  if (conditions.length > MAX_PARTS) refuse(`an op has at most ${MAX_PARTS} conditions; got ${conditions.length}`);
  return conditions.map(canonicalCondition);
}

const ORDERS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const EQUALS: ReadonlySet<string> = new Set(['=', '<>', 'contains', 'lacks']);

function canonicalCondition(condition: Condition): Condition {
  if ('any' in condition) {
    if (condition.any.length === 0) refuse('a condition `any` names at least one');
    return { any: canonicalConditions(condition.any) };
  }
  checkName(condition.attr);
  const { attr, op } = condition;
  if (op === 'exists' || op === 'missing') return { attr, op };
  if (!('value' in condition) || !(ORDERS.has(op) || EQUALS.has(op))) return refuse(`no such condition: ${op}`);
  const value: Scalar = canonicalScalar(condition.value, attr);
  if (ORDERS.has(op) && (typeof value === 'boolean' || value === null)) {
    return refuse(`attribute ${attr}: ${op} has no meaning for ${value}`);
  }
  return { attr, op, value };
}

/** @throws NovaError bad_input for a limit below 1, bounds beside a prefix, or a cursor of another query. */
export function checkQuery(query: Query): void {
  checkKeyText(query.index ? 'ixPk' : 'pk', query.pk);
  const { limit, prefix, from, to } = query;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) refuse(`limit is at least 1; got ${limit}`);
  if (prefix && (from !== undefined || to !== undefined)) refuse('a query has a prefix or bounds, not both');
  for (const bound of [prefix, from, to]) if (bound) checkKeyText(query.index ? 'ixSk' : 'sk', bound);
  placeOf(query);
}
