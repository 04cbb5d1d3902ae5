/** The emergency limit of the kill switch: what is set, what was cleared, who was warned. */
import { mayAnswer } from '../domain/approval.ts';
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import { type Emergency, emergencyLimitMicros, NO_EMERGENCY } from '../domain/halt.ts';
import { formatUsd } from '../domain/money.ts';
import type { Condition, Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { getLimit } from './budget-store.ts';
import { committed } from './commit.ts';
import { emergencyKey } from './keys.ts';

/** As it stands, with the limit that follows from it. */
export async function readEmergency(table: Table): Promise<Emergency & { readonly effectiveMicros: number }> {
  const item = await table.get(emergencyKey);
  const cleared = item?.clearedDate;
  const emergency: Emergency = item
    ? {
        limitMicros: typeof item.limitMicros === 'number' ? item.limitMicros : null,
        cleared: typeof cleared === 'string' ? { date: cleared, micros: Number(item.clearedMicros) } : null,
        warned: typeof item.warned === 'string' ? item.warned : null,
      }
    : NO_EMERGENCY;
  const { limitMicros: fleetDay } = await getLimit(table, 'fleet');
  return { ...emergency, effectiveMicros: emergencyLimitMicros(emergency, fleetDay) };
}

/** A person has cleared it: what was attempted until now counts no more today. */
export async function clearEmergency(table: Table, date: string, micros: number): Promise<void> {
  await table.write({
    op: 'update',
    key: emergencyKey,
    set: { v: 1, clearedDate: date, clearedMicros: micros },
    remove: ['warned'],
  });
}

/** Notes that the owner was warned on a date. */
export async function noteWarned(table: Table, date: string): Promise<void> {
  const fresh: Condition = { attr: 'warned', op: '<>', value: date };
  await table.write({ op: 'update', key: emergencyKey, if: [fresh], set: { v: 1, warned: date } });
}

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;
const TRIES = 8;

/** Sets the limit, audited; null: it follows the daily budget again. @throws NovaError denied, bad_input, unavailable. */
export async function setEmergencyLimit(world: Ports, limitMicros: number | null, actor: Actor): Promise<void> {
  if (!mayAnswer(actor)) throw new NovaError('denied', `only a person sets the emergency limit; got ${actor}`);
  if (limitMicros !== null && (!Number.isSafeInteger(limitMicros) || limitMicros <= 0)) {
    throw new NovaError('bad_input', `the emergency limit is more than $0; got ${formatUsd(limitMicros)}`);
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const item = await world.table.get(emergencyKey);
    const before = item?.auditSeq ? { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) } : NO_AUDIT;
    const { record, head } = audited(world.hashing, before, {
      ...{ at: world.time.now(), actor, action: 'halt.limit_set', entity: 'halt:emergency' },
      details: { limitMicros, limitMicrosBefore: Number(item?.limitMicros ?? 0) || null },
    });
    const seq: Condition = item?.auditSeq
      ? { attr: 'auditSeq', op: '=', value: before.auditSeq }
      : { attr: 'auditSeq', op: 'missing' };
    const update: Op = { op: 'update', key: emergencyKey, if: [seq], set: { v: 1, limitMicros, ...head } };
    if (await committed(world.table, [update, record], head.auditHash)) return;
  }
  throw new NovaError('unavailable', 'the emergency limit is being changed by others; try again');
}
