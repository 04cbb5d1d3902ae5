/** Slots that never ran are closed like any other: with a record that says why. */

import type { Instance } from '../domain/instance.ts';
import { closeSlot } from '../domain/protocol/close.ts';
import type { Wish } from '../domain/protocol/judge.ts';
import { type Refusal, type RunRecord, runId } from '../domain/run.ts';
import type { Table, Update } from '../ports/table.ts';
import type { ClaimPorts, Situation, Written } from './claim.ts';
import { encodeTally, encodeTries } from './instance-item.ts';
import { journalAfter, journalPage, pinned } from './instance-store.ts';
import { instanceKey, lateKey } from './keys.ts';

/** The update that closes the slot of a wish without a run; a full journal has gone to its page first. */
export async function refusalOp(
  { table }: Pick<ClaimPorts, 'table'>,
  { image, wish }: Situation,
  reason: Refusal,
): Promise<Update> {
  const page = journalPage(image);
  if (page) await table.write(page);
  const record = refusalRecord(image, wish, reason);
  const closed = closeSlot(image, record, wish.spec);
  return {
    op: 'update',
    key: instanceKey(image.agentId, image.number),
    if: pinned(image),
    set: {
      j: journalAfter(image, record),
      rc: closed.recent,
      fl: closed.floor,
      d: encodeTally(closed.day),
      t: encodeTally(closed.total),
      tr: encodeTries(closed.tries),
    },
    add: { rev: 1 },
  };
}

/** Everything but money: nothing is returned, because nothing was taken. */
export async function refuse(
  ports: Pick<ClaimPorts, 'table'>,
  situation: Situation,
  reason: Refusal,
): Promise<Written> {
  return { ops: [await refusalOp(ports, situation, reason)], refused: reason };
}

function refusalRecord({ tries }: Instance, { slot, now }: Wish, reason: Refusal): RunRecord {
  const tried = tries[slot] ?? { attempts: 0, lostMicros: 0 };
  return {
    slot,
    outcome: 'refused',
    attempt: tried.attempts + 1,
    startedAt: now,
    durationMs: 0,
    costMicros: tried.lostMicros,
    earnedMicros: 0,
    note: reason,
  };
}

/** A tick so late that its slot is below the floor and in no page: it never runs, and that is recorded once. */
export async function refuseLate(table: Table, { agentId, number }: Instance, { slot, now }: Wish): Promise<void> {
  const item = { ...lateKey(agentId, number, slot), v: 1, id: runId(agentId, number, slot), at: now, note: 'late' };
  await table.write({ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] });
}
