/** Passkeys live on their operator; each use moves their counter with the answer it was used for. */
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import type { Operator, Passkey } from '../domain/operator.ts';
import { MAX_PASSKEYS } from '../domain/operator.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { operatorKey } from './keys.ts';
import { changeOperator, getOperator } from './operator-store.ts';

type Ports = Pick<World, 'table' | 'settings' | 'time' | 'hashing'>;

/**
 * The op that notes a use, pinned to the key as it was read: of two answers with one signature, one is refused. null when
 * the key is gone or has counted this far before. Not on the operator's own trail: the answer's record names the person.
 */
export async function passkeyUsedOps(
  world: Ports,
  used: { readonly operatorId: string; readonly passkeyId: string; readonly counter: number },
): Promise<readonly Op[] | null> {
  const operator = await getOperator(world, used.operatorId);
  const before = operator?.passkeys.find(({ id }) => id === used.passkeyId);
  if (!operator || !before) return null;
  // Synced passkeys do not count: theirs stays 0.
  if ((used.counter > 0 || before.counter > 0) && used.counter <= before.counter) return null;
  const after: Passkey = { ...before, counter: used.counter, lastUsedAt: world.time.now() };
  const passkeys = operator.passkeys.map((one) => (one.id === after.id ? after : one)).map((one) => ({ ...one }));
  return [
    {
      op: 'update',
      key: operatorKey(operator.id),
      set: { passkeys, version: operator.version + 1 },
      if: [
        { attr: 'version', op: '=', value: operator.version },
        { attr: 'status', op: '=', value: 'active' },
      ],
    },
  ];
}

/** @throws NovaError conflict when it is known already or there are too many; not_found when the person is gone. */
export function addPasskey(
  world: Ports,
  operatorId: string,
  { passkey, also }: { readonly passkey: Passkey /** In the same transaction. */; readonly also: readonly Op[] },
): Promise<Operator> {
  const by = { actor: `enrol:${operatorId}`, action: 'operator.passkey_added', also };
  return changeOperator(
    world,
    operatorId,
    ({ passkeys }) => {
      if (passkeys.some(({ id }) => id === passkey.id))
        throw new NovaError('conflict', 'this passkey is known already');
      if (passkeys.length >= MAX_PASSKEYS) {
        throw new NovaError('conflict', `an operator has at most ${MAX_PASSKEYS} passkeys: remove one first`);
      }
      return { passkeys: [...passkeys, passkey] };
    },
    by,
  );
}

/** @throws NovaError not_found when the person has no such key. */
export function removePasskey(world: Ports, operatorId: string, passkeyId: string, actor: Actor): Promise<Operator> {
  return changeOperator(
    world,
    operatorId,
    ({ passkeys }) => {
      const left = passkeys.filter(({ id }) => id !== passkeyId);
      if (left.length === passkeys.length)
        throw new NovaError('not_found', `${operatorId} has no passkey "${passkeyId}"`);
      return { passkeys: left };
    },
    { actor, action: 'operator.passkey_removed' },
  );
}
