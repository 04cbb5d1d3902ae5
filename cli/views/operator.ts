import { NovaError } from '../../shared/domain/error.ts';
import type { Operator, Role } from '../../shared/domain/operator.ts';
import { ROLES } from '../../shared/domain/operator.ts';
import { blocks, details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { shortTime } from '../render/words.ts';

export type OperatorView = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly logins: readonly string[];
  readonly status: string;
  readonly passkeys: readonly PasskeyView[];
};

export type PasskeyView = {
  readonly id: string;
  readonly label: string;
  readonly rpId: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
};

const iso = (at: number): string => new Date(at).toISOString();

/** Without the keys themselves. */
export function operatorView({ id, name, email, roles, logins, status, passkeys }: Operator): OperatorView {
  const keys = passkeys.map(({ id: keyId, label, rpId, createdAt, lastUsedAt }) => ({
    ...{ id: keyId, label, rpId, createdAt: iso(createdAt) },
    lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
  }));
  return { id, name, email, roles: [...roles], logins: [...logins], status, passkeys: keys };
}

/** `admin,approver` as roles. @throws NovaError bad_input. */
export function rolesIn(typed: string): Role[] {
  return typed.split(',').map((part) => {
    const found = ROLES.find((role) => role === part.trim());
    if (!found) throw new NovaError('bad_input', `a role is ${ROLES.join(', ')}; got "${part.trim()}"`);
    return found;
  });
}

export function renderOperators(operators: readonly OperatorView[], style: Style): string {
  return table(
    operators,
    [
      { title: 'OPERATOR', value: ({ id }) => id },
      { title: 'NAME', value: ({ name }) => name, min: 8, dropOrder: 2 },
      { title: 'E-MAIL', value: ({ email }) => email, min: 12 },
      { title: 'ROLES', value: ({ roles }) => roles.join(' '), min: 8 },
      { title: 'PASSKEYS', value: ({ passkeys }) => String(passkeys.length), align: 'right', dropOrder: 1 },
    ],
    style,
    'nobody',
  );
}

export function renderOperator(operator: OperatorView, style: Style): string {
  const { id, name, email, roles, logins, status, passkeys } = operator;
  return blocks(
    details(
      name,
      [
        ['operator', id],
        ['e-mail', email],
        ['roles', roles.join(', ')],
        ['known as', logins.join(', ')],
        ['status', status],
      ],
      style,
    ),
    renderPasskeys(passkeys, style),
  );
}

export function renderPasskeys(passkeys: readonly PasskeyView[], style: Style): string {
  return table(
    passkeys,
    [
      { title: 'PASSKEY', value: ({ id }) => id, min: 12 },
      { title: 'LABEL', value: ({ label }) => label, min: 8 },
      { title: 'HOST', value: ({ rpId }) => rpId, min: 9, dropOrder: 2 },
      { title: 'SINCE (UTC)', value: ({ createdAt }) => shortTime(createdAt), dropOrder: 1 },
      { title: 'LAST USED', value: ({ lastUsedAt }) => (lastUsedAt ? shortTime(lastUsedAt) : 'never'), dropOrder: 3 },
    ],
    style,
    'no passkey',
  );
}
