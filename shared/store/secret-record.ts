/** Who changed which secret, and when. Values are kept elsewhere and never come here. */
import type { Actor } from '../domain/audit.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { committed } from './commit.ts';
import { secretKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;
type Change = {
  readonly name: string;
  readonly actor: Actor;
  readonly action: 'secret.set' | 'secret.rotated' | 'secret.finished';
};

const TRIES = 8;

/**
 * Writes the record, then changes the secret: none is changed without a record. A change that fails is said by a second
 * record. @throws whatever `change` throws; NovaError conflict when others keep changing it.
 */
export async function changeRecorded(world: Ports, change: Change, keep: () => Promise<void>): Promise<void> {
  await record(world, change, change.action);
  try {
    await keep();
  } catch (thrown) {
    await record(world, change, 'secret.unchanged', messageOf(thrown).slice(0, 200));
    throw thrown;
  }
}

async function record(world: Ports, { name, actor }: Change, action: string, why = ''): Promise<void> {
  const key = secretKey(name);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const item = await world.table.get(key);
    const before = item ? { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) } : NO_AUDIT;
    const { record: op, head } = audited(world.hashing, before, {
      ...{ at: world.time.now(), actor, action, entity: `secret:${name}` },
      details: why === '' ? {} : { why },
    });
    const unchanged = item
      ? ({ attr: 'auditSeq', op: '=', value: before.auditSeq } as const)
      : ({ attr: 'auditSeq', op: 'missing' } as const);
    const update = { op: 'update', key, if: [unchanged], set: { v: 1, ...head } } as const;
    if (await committed(world.table, [update, op], head.auditHash)) return;
  }
  throw new NovaError('conflict', `the secret ${name} is being changed by others; try again`);
}
