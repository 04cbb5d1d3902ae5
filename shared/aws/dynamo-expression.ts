/** Canonical ops to DynamoDB's expressions. Every name and value travels under an alias, so no word is reserved. */
import type { Condition, Update, Value } from '../ports/table.ts';
import { type Attributes, attributeOf } from './dynamo-values.ts';

type Aliases = {
  readonly names: Map<string, string>;
  readonly values: Attributes;
  name(attr: string): string;
  value(value: Value): string;
};

function aliases(): Aliases {
  const names = new Map<string, string>();
  const values: Attributes = {};
  let count = 0;
  return {
    names,
    values,
    name(attr) {
      const known = names.get(attr) ?? `#${names.size.toString(36)}`;
      names.set(attr, known);
      return known;
    },
    value(value) {
      const alias = `:${(count++).toString(36)}`;
      values[alias] = attributeOf(value);
      return alias;
    },
  };
}

/** The fields that go into a request; absent where DynamoDB refuses them empty. */
export type Expression = {
  ConditionExpression?: string;
  UpdateExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Attributes;
};

/** Conditions, and the changes when there are any. */
export function expressionOf(conditions: readonly Condition[] | undefined, update?: Update): Expression {
  const alias = aliases();
  const expression: Expression = {};
  if (conditions && conditions.length > 0) expression.ConditionExpression = allOf(conditions, alias);
  if (update) expression.UpdateExpression = updateText(update, alias);
  if (alias.names.size > 0) {
    expression.ExpressionAttributeNames = Object.fromEntries([...alias.names].map(([attr, name]) => [name, attr]));
  }
  if (Object.keys(alias.values).length > 0) expression.ExpressionAttributeValues = alias.values;
  return expression;
}

/** How tightly a text is bound. DynamoDB refuses redundant parentheses, so they stand only where they are needed. */
const OR = 0;
const AND = 1;
const ATOM = 2;
type Bound = { readonly text: string; readonly level: number };

const allOf = (conditions: readonly Condition[], alias: Aliases): string =>
  joined(
    conditions.map((condition) => bound(condition, alias)),
    AND,
  ).text;

function joined(parts: readonly Bound[], level: number): Bound {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const texts = parts.map((part) => (part.level < level ? `(${part.text})` : part.text));
  return { text: texts.join(level === AND ? ' AND ' : ' OR '), level };
}

function bound(condition: Condition, alias: Aliases): Bound {
  if ('any' in condition) {
    return joined(
      condition.any.map((one) => bound(one, alias)),
      OR,
    );
  }
  const name = alias.name(condition.attr);
  switch (condition.op) {
    case 'exists':
      return { text: `attribute_exists(${name})`, level: ATOM };
    case 'missing':
      return { text: `attribute_not_exists(${name})`, level: ATOM };
    case 'contains':
      return { text: inList(name, condition.value, alias), level: AND };
    case 'lacks':
      return { text: `NOT (${inList(name, condition.value, alias)})`, level: ATOM };
    default:
      return { text: `${name} ${condition.op} ${alias.value(condition.value)}`, level: ATOM };
  }
}

/** Of a list only: on a string, `contains` would look for a part of it. */
function inList(name: string, value: Value, alias: Aliases): string {
  return `attribute_type(${name}, ${alias.value('L')}) AND contains(${name}, ${alias.value(value)})`;
}

function updateText({ set, setIfAbsent, add, append, remove }: Update, alias: Aliases): string {
  const sets = [
    ...each(set, alias, (name, value) => `${name} = ${value}`),
    ...each(setIfAbsent, alias, (name, value) => `${name} = if_not_exists(${name}, ${value})`),
    ...each(append, alias, (name, value) => {
      return `${name} = list_append(if_not_exists(${name}, ${alias.value([])}), ${value})`;
    }),
  ];
  const adds = each(add, alias, (name, value) => `${name} ${value}`);
  const removes = (remove ?? []).map((attr) => alias.name(attr));
  return [clause('SET', sets), clause('ADD', adds), clause('REMOVE', removes)].filter(Boolean).join(' ');
}

const clause = (word: string, parts: readonly string[]): string =>
  parts.length > 0 ? `${word} ${parts.join(', ')}` : '';

function each(
  part: { readonly [attr: string]: Value } | undefined,
  alias: Aliases,
  text: (name: string, value: string) => string,
): string[] {
  return Object.entries(part ?? {}).map(([attr, value]) => text(alias.name(attr), alias.value(value)));
}
