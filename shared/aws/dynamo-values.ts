/** Values to DynamoDB's types and back, exactly: N carries decimal text, so no integer is ever rounded. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { NovaError } from '../domain/error.ts';
import type { Item, Value } from '../ports/table.ts';

export type Attributes = Record<string, AttributeValue>;

/** Of a canonical value. */
export function attributeOf(value: Value): AttributeValue {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
    case 'bigint':
      return { N: value.toString() };
    case 'boolean':
      return { BOOL: value };
    default:
      if (value === null) return { NULL: true };
      return Array.isArray(value)
        ? { L: value.map(attributeOf) }
        : { M: attributesOf(value as { readonly [name: string]: Value }) };
  }
}

export function attributesOf(map: { readonly [name: string]: Value }): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(map)) attributes[name] = attributeOf(value);
  return attributes;
}

/** @throws NovaError corrupt for what no table of ours could have written: sets, binaries, fractions. */
export function valueIn(attribute: AttributeValue): Value {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return integerOf(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.NULL !== undefined) return null;
  if (attribute.L !== undefined) return attribute.L.map(valueIn);
  if (attribute.M !== undefined) return mapOf(attribute.M);
  throw new NovaError('corrupt', `the table holds a type we never write: ${Object.keys(attribute).join()}`);
}

function mapOf(attributes: Attributes): { readonly [name: string]: Value } {
  const map: { [name: string]: Value } = {};
  for (const [name, attribute] of Object.entries(attributes)) map[name] = valueIn(attribute);
  return map;
}

export const itemOf = (attributes: Attributes): Item => mapOf(attributes) as Item;
export const itemOrNull = (attributes: Attributes | undefined): Item | null => (attributes ? itemOf(attributes) : null);

function integerOf(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number) && String(number) === text) return number;
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]\+?(-?\d+))?$/.exec(text);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts ?? [];
  const shift = Number(exponent) - fraction.length;
  const digits = whole + fraction;
  const kept = shift >= 0 ? digits + '0'.repeat(shift) : digits.slice(0, shift);
  const lost = shift >= 0 ? '' : digits.slice(shift);
  if (!parts || /[1-9]/.test(lost))
    throw new NovaError('corrupt', `the table holds a number that is no integer: ${text}`);
  const integer = BigInt(`${sign === '-' ? '-' : ''}${kept || '0'}`);
  return integer >= Number.MIN_SAFE_INTEGER && integer <= Number.MAX_SAFE_INTEGER ? Number(integer) : integer;
}
