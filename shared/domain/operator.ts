/** People who may answer for this workspace, and what each of them may do. */
import { NovaError } from './error.ts';
import { cleanLine } from './safe-text.ts';

/** admin: people and policy · approver: answers requests · operator: runs agents · viewer: reads. None implies another. */
export type Role = 'admin' | 'approver' | 'operator' | 'viewer';
export const ROLES: readonly Role[] = ['admin', 'approver', 'operator', 'viewer'];

/** A passkey's public half; the private one never leaves its authenticator. */
export type Passkey = {
  /** The credential's id, base64url. */
  readonly id: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  /** What the authenticator counted at its last signature; 0 for those that do not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly label: string;
  /** The host name it is bound to. */
  readonly rpId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
};

export type Operator = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly Role[];
  /** Who the person is where the system knows people by name: `cli:alice`, `sts:arn:…`. */
  readonly logins: readonly string[];
  readonly passkeys: readonly Passkey[];
  /** A removed one keeps its id, so that the trail never speaks of two people by one name. */
  readonly status: 'active' | 'removed';
  readonly createdAt: number;
  readonly version: number;
  readonly auditSeq: number;
  readonly auditHash: string;
};

export type OperatorDraft = Pick<Operator, 'id' | 'name' | 'email' | 'roles' | 'logins'>;
export type OperatorChange = Partial<Pick<Operator, 'name' | 'email' | 'roles' | 'logins' | 'passkeys' | 'status'>>;

/** The person of the settings: there before anybody was added. Its address is always the one in the settings. */
export const OWNER_ID = 'owner';
export const MAX_PASSKEYS = 8;
export const MAX_OPERATORS = 100;
const MAX_LOGINS = 8;

const ID = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
/** Deliberately narrow: what goes into a mail header holds no space, no comma, no angle, no control. */
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?$/;
const LOGIN = /^(?:cli:[A-Za-z0-9._@\\-]{1,64}|sts:arn:[\x21-\x7e]{1,300})$/;

/** The same person with its texts made fit to be shown. @throws NovaError bad_input with every problem named. */
export function checkedOperator<T extends OperatorDraft>(draft: T): T {
  const checked = {
    ...draft,
    name: cleanLine(draft.name, 80),
    roles: ROLES.filter((one) => draft.roles.includes(one)),
  };
  const unknown = draft.roles.filter((role) => !ROLES.includes(role));
  const problems = [
    ID.test(checked.id) ? '' : `an operator's id is 1 to 40 lower-case letters, digits and dashes; got "${checked.id}"`,
    checked.name ? '' : 'an operator has a name',
    EMAIL.test(checked.email) ? '' : `an e-mail address looks like name@example.com; got "${checked.email}"`,
    unknown.length === 0 ? '' : `a role is ${ROLES.join(', ')}; got "${unknown.join(', ')}"`,
    checked.roles.length > 0 ? '' : `an operator has at least one role: ${ROLES.join(', ')}`,
    checked.logins.length <= MAX_LOGINS ? '' : `an operator has at most ${MAX_LOGINS} logins`,
    checked.logins.every((login) => LOGIN.test(login)) ? '' : 'a login looks like cli:alice or sts:arn:aws:…',
  ].filter(Boolean);
  if (problems.length > 0) throw new NovaError('bad_input', problems.join('; '));
  return checked;
}

export const hasRole = (operator: Operator, role: Role): boolean =>
  operator.status === 'active' && operator.roles.includes(role);

/** May answer requests for approval. */
export const isApprover = (operator: Operator): boolean => hasRole(operator, 'approver');

/** Why the people could not be like this; null when they can: somebody must be left who can add the others. */
export function peopleProblem(after: readonly Operator[]): string | null {
  const active = after.filter(({ status }) => status === 'active');
  if (!active.some((one) => hasRole(one, 'admin'))) return 'the last admin stays: give somebody else the role first';
  if (!active.some(isApprover)) return 'the last approver stays: give somebody else the role first';
  const logins = active.flatMap((one) => one.logins);
  if (new Set(logins).size < logins.length) return 'a login belongs to one operator';
  const emails = active.map(({ email }) => email.toLowerCase());
  if (new Set(emails).size < emails.length) return 'an e-mail address belongs to one operator';
  return active.length > MAX_OPERATORS ? `there are at most ${MAX_OPERATORS} operators` : null;
}
