/** Conditions and changes, evaluated: what DynamoDB does on its side, for the tables that must do it themselves. */
import type { Condition, Item, Key, Op, Scalar, Update, Value } from '../../ports/table.ts';
import { NovaError } from '../error.ts';
import { compareText } from './order.ts';
import { canonicalBigint, checkItemBytes } from './values.ts';

const MAX_TRANSACTION_BYTES = 4_194_304;

/** Whether all conditions hold for the item as it stands (null: there is none). Operands are canonical. */
export function holds(conditions: readonly Condition[] | undefined, item: Item | null): boolean {
  if (conditions) for (const condition of conditions) if (!holdsOne(condition, item)) return false;
  return true;
}

function holdsOne(condition: Condition, item: Item | null): boolean {
  if ('any' in condition) return condition.any.some((one) => holdsOne(one, item));
  const value = item === null || !Object.hasOwn(item, condition.attr) ? undefined : item[condition.attr];
  switch (condition.op) {
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
    case '=':
      return value === condition.value;
    case '<>':
      return value !== condition.value;
    case 'contains':
      return Array.isArray(value) && value.includes(condition.value);
    case 'lacks':
      return !(Array.isArray(value) && value.includes(condition.value));
    default:
      return ordered(condition.op, value, condition.value);
  }
}

function ordered(op: '<' | '<=' | '>' | '>=', value: Value | undefined, bound: Scalar): boolean {
  const order = orderOf(value, bound);
  if (order === null) return false;
  if (op === '<') return order < 0;
  if (op === '<=') return order <= 0;
  if (op === '>') return order > 0;
  return order >= 0;
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

/** Null when the two have different types. */
function orderOf(value: Value | undefined, bound: Scalar): number | null {
  if (isNumber(value) && isNumber(bound)) return value < bound ? -1 : value > bound ? 1 : 0;
  return typeof value === 'string' && typeof bound === 'string' ? compareText(value, bound) : null;
}

/**
 * The item after a canonical op, null when it is gone, undefined when its conditions do not hold. A check leaves it as is.
 * @throws NovaError bad_input when a change does not fit what is there (adding to a string).
 */
export function applied(op: Op, current: Item | null): Item | null | undefined {
  if (!holds(op.if, current)) return undefined;
  if (op.op === 'put') return op.item;
  if (op.op === 'delete') return null;
  return op.op === 'check' ? current : changed(op, current);
}

/** One item of a write: as it stood, and as it shall be (null: gone). */
export type Step = { readonly key: Key; readonly current: Item | null; readonly next: Item | null };
export type Failure = { readonly index: number; readonly item: Item | null };

/**
 * All ops judged against the items as they stand: every failed condition, or else every step to take.
 * @throws NovaError bad_input as `applied`, too_large when the new items have more than 4 MB together.
 */
export function judged(
  ops: readonly Op[],
  find: (key: Key) => Item | null,
): { readonly failed: readonly Failure[]; readonly steps: readonly Step[] } {
  const failed: Failure[] = [];
  const steps: Step[] = [];
  let bytes = 0;
  ops.forEach((op, index) => {
    const key = op.op === 'put' ? op.item : op.key;
    const current = find(key);
    const next = applied(op, current);
    if (next === undefined) failed.push({ index, item: current });
    else if (op.op !== 'check') steps.push({ key, current, next });
    if (next && ops.length > 10) bytes += checkItemBytes(next);
  });
  if (bytes > MAX_TRANSACTION_BYTES) throw new NovaError('too_large', 'a transaction writes at most 4 MB');
  return { failed, steps };
}

function changed(update: Update, current: Item | null): Item {
  const { key, set, setIfAbsent, add, append } = update;
  const next: { [name: string]: Value } = current ? without(current, update.remove) : { pk: key.pk, sk: key.sk };
  if (set) for (const name in set) next[name] = set[name] as Value;
  if (setIfAbsent)
    for (const name in setIfAbsent) if (next[name] === undefined) next[name] = setIfAbsent[name] as Value;
  if (add) for (const name in add) next[name] = sum(key, name, next[name], add[name] as number | bigint);
  if (append) for (const name in append) next[name] = joined(key, name, next[name], append[name] as readonly Value[]);
  checkItemBytes(next as Item);
  return Object.freeze(next as Item);
}

/** A copy; names are left out rather than deleted, which would make the object slow for ever. */
function without(item: Item, names: readonly string[] | undefined): { [name: string]: Value } {
  if (!names?.some((name) => Object.hasOwn(item, name))) return { ...item };
  const kept: { [name: string]: Value } = {};
  for (const name in item) if (!names.includes(name)) kept[name] = item[name] as Value;
  return kept;
}

function sum(key: Key, name: string, value: Value | undefined, amount: number | bigint): number | bigint {
  if (value === undefined) return amount;
  if (!isNumber(value)) return misfit(key, name, 'a number');
  if (typeof value === 'number' && typeof amount === 'number') {
    const total = value + amount;
    if (Number.isSafeInteger(total)) return total;
  }
  return canonicalBigint(BigInt(value) + BigInt(amount), name);
}

function joined(key: Key, name: string, value: Value | undefined, entries: readonly Value[]): Value {
  if (value === undefined) return entries;
  return Array.isArray(value) ? Object.freeze([...value, ...entries]) : misfit(key, name, 'a list');
}

function misfit(key: Key, name: string, wanted: string): never {
  throw new NovaError('bad_input', `attribute ${name} of ${key.pk} / ${key.sk} is not ${wanted}`);
}
