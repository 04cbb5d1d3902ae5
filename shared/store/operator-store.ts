/**
 * The people of the workspace. Until somebody is added there is one, the owner of the settings, who may do everything.
 * Every change is pinned to the version of the register, so that two admins cannot remove each other at once.
 */
import type { Actor, AuditEntity } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import {
  checkedOperator,
  type Operator,
  type OperatorChange,
  type OperatorDraft,
  OWNER_ID,
  peopleProblem,
  ROLES,
} from '../domain/operator.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { committed } from './commit.ts';
import { operatorKey, operatorPk, operatorRegisterKey } from './keys.ts';
import { decodeOperator, encodeOperator, storedOperator, withAddress } from './operator-item.ts';
import { queryAll } from './query-all.ts';

type Reading = Pick<World, 'table' | 'settings'>;
type Ports = Reading & Pick<World, 'time' | 'hashing'>;

const TRIES = 8;
const PERSON = /^(?:cli|sts):/;

export const operatorEntity = (id: string): AuditEntity => `operator:${id}`;

/** Everybody, removed ones included, the owner first. */
export async function allOperators({ table, settings }: Reading): Promise<Operator[]> {
  const items = await queryAll(table, { pk: operatorPk });
  const stored = items.filter(({ sk }) => sk !== operatorRegisterKey.sk).map(decodeOperator);
  const people = stored.length === 0 ? [bootOwner(settings.ownerEmail, [])] : stored;
  return people
    .map((one) => withAddress(one, settings.ownerEmail))
    .sort((a, b) => Number(b.id === OWNER_ID) - Number(a.id === OWNER_ID) || a.createdAt - b.createdAt);
}

/** Those who have not been removed, the owner first. */
export async function listOperators(world: Reading): Promise<Operator[]> {
  return (await allOperators(world)).filter(({ status }) => status === 'active');
}

/** null when there is none, or no more. */
export async function getOperator(world: Reading, id: string): Promise<Operator | null> {
  return (await listOperators(world)).find((one) => one.id === id) ?? null;
}

/**
 * The person behind an actor: `cli:alice` and `sts:arn:…` by their logins, `link:…` by the address it was mailed to,
 * `passkey:alice` by its id. Before anybody was added, whoever reaches the workspace by name is its owner. null: a part of
 * the system, or nobody we know.
 */
export async function operatorOf(world: Reading, actor: Actor): Promise<Operator | null> {
  const people = await allOperators(world);
  const active = people.filter(({ status }) => status === 'active');
  const name = actor.slice(actor.indexOf(':') + 1);
  if (actor.startsWith('passkey:')) return active.find(({ id }) => id === name) ?? null;
  if (actor.startsWith('link:')) return active.find(({ email }) => email.toLowerCase() === name.toLowerCase()) ?? null;
  if (!PERSON.test(actor)) return null;
  const isNew = people.every(({ version }) => version === 0);
  return active.find(({ logins }) => logins.includes(actor)) ?? (isNew ? (active[0] ?? null) : null);
}

/** @throws NovaError bad_input, conflict when the id was ever given or the people keep changing. */
export async function addOperator(world: Ports, draft: OperatorDraft, actor: Actor): Promise<Operator> {
  const checked = checkedOperator(draft);
  return changePeople(world, actor, (people) => {
    if (people.some(({ id }) => id === checked.id)) {
      throw new NovaError('conflict', `there is or was an operator "${checked.id}"; an id is given once`);
    }
    const fresh: Operator = {
      ...{ id: checked.id, name: checked.name, email: checked.email, roles: checked.roles, logins: checked.logins },
      ...{ passkeys: [], status: 'active', createdAt: world.time.now(), version: 0 },
      ...NO_AUDIT,
    };
    return { before: null, after: fresh, action: 'operator.added' };
  });
}

/** @throws NovaError bad_input, not_found, conflict (the last admin stays). */
export async function changeOperator(
  world: Ports,
  id: string,
  change: OperatorChange | ((before: Operator) => OperatorChange),
  by: { readonly actor: Actor; readonly action?: string; readonly also?: readonly Op[] },
): Promise<Operator> {
  return changePeople(world, by.actor, (people) => {
    const before = people.find((one) => one.id === id && one.status === 'active');
    if (!before) throw new NovaError('not_found', `there is no operator "${id}"; nova operator list`);
    const wanted = typeof change === 'function' ? change(before) : change;
    if (id === OWNER_ID && wanted.email !== undefined && wanted.email !== before.email) {
      throw new NovaError('bad_input', "the owner's address is in the settings of the workspace");
    }
    return {
      before,
      after: checkedOperator({ ...before, ...wanted }),
      action: by.action ?? 'operator.changed',
      also: by.also ?? [],
    };
  });
}

/** The person may do nothing from now on, and its passkeys open nothing. */
export function removeOperator(world: Ports, id: string, actor: Actor): Promise<Operator> {
  return changeOperator(
    world,
    id,
    { status: 'removed', passkeys: [], logins: [] },
    { actor, action: 'operator.removed' },
  );
}

type Wanted = {
  readonly before: Operator | null;
  readonly after: Operator;
  readonly action: string;
  readonly also?: readonly Op[];
};

async function changePeople(
  world: Ports,
  actor: Actor,
  change: (people: readonly Operator[]) => Wanted,
): Promise<Operator> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const register = await world.table.get(operatorRegisterKey);
    if (!register) {
      await openRegister(world, actor);
      continue;
    }
    const people = await allOperators(world);
    const wanted = change(people);
    const problem = peopleProblem([...people.filter(({ id }) => id !== wanted.after.id), wanted.after]);
    if (problem) throw new NovaError('conflict', problem);
    const { ops, operator } = operatorOps(world, wanted, actor);
    const moved: Op = {
      op: 'update',
      key: operatorRegisterKey,
      set: { version: Number(register.version) + 1 },
      if: [{ attr: 'version', op: '=', value: Number(register.version) }],
    };
    if (await committed(world.table, [...ops, moved, ...(wanted.also ?? [])], operator.auditHash)) return operator;
  }
  throw new NovaError('conflict', 'the operators are being changed by somebody else; try again');
}

/** The ops of one audited change of one person, pinned to the version that was read. */
export function operatorOps(
  world: Pick<World, 'time' | 'hashing'>,
  { before, after, action }: Wanted,
  actor: Actor,
): { readonly ops: readonly Op[]; readonly operator: Operator } {
  const { record, head } = audited(world.hashing, before ?? NO_AUDIT, {
    at: world.time.now(),
    actor,
    action,
    entity: operatorEntity(after.id),
    details: {
      ...{ name: after.name, email: after.email, roles: after.roles.join(','), logins: after.logins.join(',') },
      ...{ passkeys: after.passkeys.length, status: after.status },
    },
  });
  const operator: Operator = { ...after, version: after.version + 1, ...head };
  const op: Op = before
    ? {
        op: 'update',
        key: operatorKey(after.id),
        set: storedOperator(operator),
        if: [{ attr: 'version', op: '=', value: before.version }],
      }
    : { op: 'put', item: encodeOperator(operator), if: [{ attr: 'pk', op: 'missing' }] };
  return { ops: [op, record], operator };
}

/** Writes the owner down, known by the name of whoever changes the people first; a race has one winner. */
async function openRegister(world: Ports, actor: Actor): Promise<void> {
  const owner = bootOwner(world.settings.ownerEmail, PERSON.test(actor) ? [actor] : []);
  const after = { ...owner, createdAt: world.time.now() };
  const { ops } = operatorOps(world, { before: null, after, action: 'operator.added' }, actor);
  const item = { ...operatorRegisterKey, v: 1, version: 1 };
  await world.table.transact([...ops, { op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }]);
}

function bootOwner(email: string, logins: readonly string[]): Operator {
  return {
    ...{ id: OWNER_ID, name: 'Owner', email, roles: ROLES, logins, passkeys: [], status: 'active' as const },
    ...{ createdAt: 0, version: 0, ...NO_AUDIT },
  };
}
