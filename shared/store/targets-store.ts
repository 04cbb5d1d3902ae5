/** The months' targets: one item, every change a new version and an audit record. */
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import { checkedTargets, DEFAULT_TARGETS, type TargetPlan } from '../domain/finance/targets.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type AuditHead, audited, NO_AUDIT } from './audit-store.ts';
import { committed } from './commit.ts';
import { targetsKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;
export const TARGETS_ENTITY = 'targets:workspace';
const TRIES = 8;

/** The defaults until somebody has set others. @throws NovaError corrupt when they cannot be read. */
export async function currentTargets(table: Table): Promise<TargetPlan> {
  return decodeTargets(await table.get(targetsKey));
}

/** What is so already writes nothing. @throws NovaError bad_input, or conflict when they kept changing. */
export async function changeTargets(
  world: Ports,
  change: Partial<Pick<TargetPlan, 'monthsMicros' | 'start'>>,
  actor: Actor,
): Promise<TargetPlan> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const item = await world.table.get(targetsKey);
    const before = decodeTargets(item);
    const after = checkedTargets({ ...before, ...change, version: before.version + 1 });
    if (textOf(after) === textOf(before)) return before;
    const { record, head } = audited(world.hashing, headOf(item), {
      at: world.time.now(),
      actor,
      action: 'targets.changed',
      entity: TARGETS_ENTITY,
      details: { version: after.version, before: textOf(before), after: textOf(after) },
    });
    const unchanged = item
      ? ({ attr: 'version', op: '=', value: before.version } as const)
      : ({ attr: 'version', op: 'missing' } as const);
    const { monthsMicros, start, version } = after;
    const set = { v: 1, monthsMicros, start, version, ...head };
    const update = { op: 'update', key: targetsKey, if: [unchanged], set } as const;
    if (await committed(world.table, [update, record], head.auditHash)) return after;
  }
  throw new NovaError('conflict', 'the targets are being changed by somebody else; try again');
}

/** Months and start as one line, for comparing and for the audit trail. */
const textOf = ({ monthsMicros, start }: TargetPlan): string =>
  `${monthsMicros.join(',')} from ${start ?? 'the start'}`;

function decodeTargets(item: Item | null): TargetPlan {
  if (!item) return DEFAULT_TARGETS;
  const months = Array.isArray(item.monthsMicros) ? item.monthsMicros.map(Number) : [];
  try {
    const start = typeof item.start === 'string' ? item.start : null;
    return checkedTargets({ monthsMicros: months, start, version: Number(item.version) });
  } catch (thrown) {
    throw new NovaError('corrupt', 'the targets cannot be read', { cause: thrown });
  }
}

function headOf(item: Item | null): AuditHead {
  return item ? { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) } : NO_AUDIT;
}
