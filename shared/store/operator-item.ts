/** Operators as items. */
import { type Operator, OWNER_ID, type Passkey, type Role } from '../domain/operator.ts';
import type { Item, Value } from '../ports/table.ts';
import { operatorKey } from './keys.ts';

export function encodeOperator(operator: Operator): Item {
  return { ...operatorKey(operator.id), v: 1, ...storedOperator(operator) };
}

/** An operator as it is kept, for a put or an update. */
export function storedOperator({ passkeys, ...rest }: Operator): { readonly [attr: string]: Value } {
  return { ...rest, passkeys: passkeys.map((one) => ({ ...one })) };
}

export function decodeOperator(item: Item): Operator {
  const count = (name: string): number => Number(item[name] ?? 0);
  return {
    id: String(item.id),
    name: String(item.name),
    email: String(item.email),
    roles: (item.roles ?? []) as readonly Role[],
    logins: (item.logins ?? []) as readonly string[],
    passkeys: (item.passkeys ?? []) as readonly Passkey[],
    status: item.status === 'active' ? 'active' : 'removed',
    ...{ createdAt: count('createdAt'), version: count('version') },
    ...{ auditSeq: count('auditSeq'), auditHash: String(item.auditHash ?? '') },
  };
}

/** The owner's address is the one of the settings, whatever it was when the owner was written down. */
export const withAddress = (operator: Operator, ownerEmail: string): Operator =>
  operator.id === OWNER_ID ? { ...operator, email: ownerEmail } : operator;
