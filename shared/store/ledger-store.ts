/**
 * The ledger's only writer. A booking is one transaction: the entry if it is absent, what is known of its payment, and
 * the sums of the agent. Repeated, reordered and parallel messages end in the same sums.
 */
import { NovaError } from '../domain/error.ts';
import {
  type Attribution,
  type BookingContext,
  CLAIM_STRENGTH,
  entryOf,
  type LedgerEntry,
  type LedgerSource,
  type Movement,
  sameMoney,
  UNATTRIBUTED,
} from '../domain/ledger.ts';
import { cellAdditions, entryHash, ownerAdditions } from '../domain/ledger-proof.ts';
import {
  type Heard,
  hear,
  newThread,
  type Outcome,
  type PaymentThread,
  type RefundTotal,
  toldBy,
} from '../domain/payment-thread.ts';
import type { Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { getAgent } from './agent-store.ts';
import { attributionOf } from './attribution-store.ts';
import { entryKey, paymentKey } from './keys.ts';
import { noteDays } from './ledger-days.ts';
import {
  daySumsUpdate,
  decodeEntry,
  decodeThread,
  earningsUpdate,
  entryPut,
  threadPut,
  utcDate,
} from './ledger-item.ts';

export type LedgerPorts = Pick<World, 'table' | 'time' | 'log' | 'settings' | 'hashing'>;

export type Booking = {
  /** `settled`: an earlier entry was completed. `conflict`: the same movement came with another amount. It is not booked; a person must look. */
  readonly outcome: 'booked' | 'reattributed' | 'settled' | 'duplicate' | 'conflict';
  /** What was written now. */
  readonly entries: readonly LedgerEntry[];
};

const DUPLICATE: Booking = { outcome: 'duplicate', entries: [] };
const MAX_ATTEMPTS = 20;

const contextOf = ({ time, settings }: LedgerPorts): BookingContext => ({
  now: time.now(),
  rates: settings.rates ?? {},
});

export async function getEntry(table: Table, source: LedgerSource, movementId: string): Promise<LedgerEntry | null> {
  const item = await table.get(entryKey(source, movementId));
  return item && decodeEntry(item);
}

/**
 * Books a movement once, however often and in whatever order it is told.
 * @throws NovaError unavailable when others keep changing the same payment: try again later.
 */
export async function bookMovement(world: LedgerPorts, movement: Movement): Promise<Booking> {
  const claim = await attributionOf(world.table, movement);
  const { source, movementId } = movement;
  return untilSettled(`${source} ${movementId}`, async () => {
    const standing = await getEntry(world.table, source, movementId);
    if (standing && !sameMoney(standing, movement)) return conflict(world, standing, movement);
    if (movement.paymentKey === null) return standing ? DUPLICATE : bookAlone(world, movement, claim);
    const heard = { is: 'movement', movement, booked: standing !== null } as const;
    const outcome = await bookOnThread(world, { heard, payment: movement.paymentKey, claim });
    if (!outcome) return null;
    if (!standing) return { outcome: 'booked', entries: outcome.entries };
    return outcome.entries.length > 0 ? { outcome: 'reattributed', entries: outcome.entries } : DUPLICATE;
  });
}

/** Takes note of what a payment says was refunded in all; books only what no refund with an id explains. */
export async function bookRefundTotal(world: LedgerPorts, total: RefundTotal): Promise<Booking> {
  return untilSettled(`${total.source} ${total.paymentKey}`, async () => {
    const heard = { is: 'refund_total', total } as const;
    const outcome = await bookOnThread(world, { heard, payment: total.paymentKey, claim: UNATTRIBUTED });
    if (!outcome) return null;
    return outcome.entries.length > 0 ? { outcome: 'booked', entries: outcome.entries } : DUPLICATE;
  });
}

/** Money declared by a run: its agent is known, and other agents' words for the same movement are other movements. */
export function declaredMovement(earned: {
  readonly agentId: string;
  readonly movementId: string;
  readonly runId: string;
  readonly amountMicros: number;
  readonly at: number;
}): Movement {
  const { agentId, movementId, runId, amountMicros, at } = earned;
  if (amountMicros <= 0)
    throw new NovaError('bad_input', `a run earns more than 0; ${runId} declared ${amountMicros} micro-USD`);
  return {
    source: 'agent',
    movementId: `${agentId}/${encodeURIComponent(movementId.toWellFormed())}`,
    kind: 'revenue',
    at,
    amountMinor: BigInt(amountMicros),
    currency: 'USD',
    exponent: 6,
    paymentKey: null,
    claim: { agentId, artifacts: [], strength: CLAIM_STRENGTH.payment },
    originalRef: { eventId: runId, objectId: movementId.toWellFormed() },
    livemode: true,
  };
}

export async function untilSettled(what: string, attempt: () => Promise<Booking | null>): Promise<Booking> {
  for (let n = 0; n < MAX_ATTEMPTS; n++) {
    const booking = await attempt();
    if (booking) return booking;
  }
  throw new NovaError('unavailable', `${what} cannot be booked now: others keep changing the same payment`);
}

async function bookAlone(world: LedgerPorts, movement: Movement, claim: Attribution): Promise<Booking | null> {
  const entries = [entryOf(movement, claim, contextOf(world))];
  return (await commitEntries(world, entries, [])) ? { outcome: 'booked', entries } : null;
}

/** null when somebody else was faster: look again. */
export async function bookOnThread(
  world: LedgerPorts,
  { heard, payment, claim }: { heard: Heard; payment: string; claim: Attribution },
): Promise<Outcome | null> {
  const { source } = toldBy(heard);
  const item = await world.table.get(paymentKey(source, payment));
  const before = item ? decodeThread(item) : newThread(source, payment);
  const outcome = hear(before, heard, { ...contextOf(world), claim });
  if (outcome.thread === before) return outcome;
  return (await commitEntries(world, outcome.entries, [threadPut(outcome.thread)])) ? outcome : null;
}

/** False when somebody else was faster. One transaction: entries, what is known of the payment, and every sum. */
export async function commitEntries(
  world: LedgerPorts,
  entries: readonly LedgerEntry[],
  others: readonly Op[],
): Promise<boolean> {
  await noteDays(world.table, entries);
  const { sha256 } = world.hashing;
  const now = world.time.now();
  const departments = await departmentsOf(world.table, entries);
  const sums = [...ownerAdditions(entries, sha256)].map(([owner, addition]) => earningsUpdate(owner, addition, now));
  const days = cellAdditions(entries, utcDate, sha256).map(({ cell, addition }) =>
    daySumsUpdate(cell, addition, departments.get(cell.owner) ?? ''),
  );
  const puts = entries.map((entry) => entryPut(entry, entryHash(entry, sha256)));
  return (await world.table.transact([...others, ...puts, ...sums, ...days])).ok;
}

async function departmentsOf(table: Table, entries: readonly LedgerEntry[]): Promise<Map<string, string>> {
  const ids = new Set(entries.flatMap(({ agentId }) => agentId ?? []));
  const found = await Promise.all(
    [...ids].map(async (id) => [id, (await getAgent(table, id))?.department ?? ''] as const),
  );
  return new Map(found);
}

export function conflict(world: LedgerPorts, standing: LedgerEntry, movement: Movement): Booking {
  world.log.error('a movement of money came again with another amount; the first stands', {
    entry: standing.id,
    booked: `${standing.amountMinor} ${standing.currency}`,
    came: `${movement.amountMinor} ${movement.currency}`,
    bookedBy: standing.originalRef.eventId,
    cameWith: movement.originalRef.eventId,
  });
  return { outcome: 'conflict', entries: [] };
}

/** What is known of the payment that an entry belongs to; null for one that stands alone. */
export async function getThread(
  table: Table,
  { source, paymentKey: payment, movementId }: Pick<LedgerEntry, 'source' | 'paymentKey' | 'movementId'>,
): Promise<PaymentThread | null> {
  const item = await table.get(paymentKey(source, payment ?? movementId));
  return item && decodeThread(item);
}
