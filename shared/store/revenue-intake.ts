/**
 * A verified Stripe event, from its text to the ledger. Whatever moves money is kept as it came; what cannot be read or
 * believed is set aside for a person, with an alarm, and never retried: the vendor's message will not change.
 */
import { messageOf, NovaError } from '../domain/error.ts';
import type { StripeEvent } from '../domain/stripe-event.ts';
import {
  type Ignored,
  isLiveStage,
  movesMoney,
  readStripeEvent,
  type StripeReading,
} from '../domain/stripe-movements.ts';
import type { Item, Table } from '../ports/table.ts';
import { parseStripeEnvelope, parseStripeEvent } from '../wire/stripe-event.ts';
import { agentOfAccount } from './connector-store.ts';
import { dayIndex, intakeKey, intakePk, originalKey } from './keys.ts';
import { utcDate } from './ledger-item.ts';
import { type Booking, bookMovement, bookRefundTotal, type LedgerPorts } from './ledger-store.ts';
import { queryAll } from './query-all.ts';

/** What became of one delivery. */
export type Fate = Booking['outcome'] | Ignored | 'set_aside';

/**
 * Books what the event tells of; answers what became of it, and counts that.
 * @throws NovaError corrupt when it is no event at all (it was verified and checked before it was queued); unavailable.
 */
export async function recordStripeEvent(world: LedgerPorts, body: string): Promise<Fate> {
  const { id, type } = envelopeOf(body);
  const fate = await takeIn(world, { id, type, body });
  const counted = { op: 'update', key: intakeKey('stripe', utcDate(world.time.now())), add: { [fate]: 1 } } as const;
  await world.table.write(counted);
  return fate;
}

type Original = { readonly id: string; readonly type: string; readonly body: string };

async function takeIn(world: LedgerPorts, original: Original): Promise<Fate> {
  let read: { event: StripeEvent; reading: StripeReading };
  try {
    const event = parseStripeEvent(original.body, movesMoney);
    const accountAgent =
      event.account === null ? undefined : await agentOfAccount(world.table, 'stripe', event.account);
    read = { event, reading: readStripeEvent(event, { liveOnly: isLiveStage(world.settings.stage), accountAgent }) };
  } catch (thrown) {
    return setAside(world, original, messageOf(thrown));
  }
  const { movements, refundTotal, ignored } = read.reading;
  if (ignored === 'other_account') return quarantine(world, original, read.event.account ?? '');
  if (ignored) return ignored;
  await keep(world, original);
  const bookings: Booking[] = [];
  for (const movement of movements) bookings.push(await bookMovement(world, movement));
  if (refundTotal) bookings.push(await bookRefundTotal(world, refundTotal));
  const outcomes = new Set(bookings.map(({ outcome }) => outcome));
  if (outcomes.has('conflict')) await setAside(world, original, 'a movement was booked before with another amount');
  return (['conflict', 'booked', 'reattributed'] as const).find((it) => outcomes.has(it)) ?? 'duplicate';
}

/** Kept until somebody says whose the account is (`nova connector account`), then booked like any other. */
async function quarantine(world: LedgerPorts, original: Original, account: string): Promise<'other_account'> {
  await setAside(world, original, `${ACCOUNT_PROBLEM}${account}`);
  return 'other_account';
}
const ACCOUNT_PROBLEM = 'nobody has said whose this connected account is: ';

function envelopeOf(body: string): { id: string; type: string } {
  try {
    return parseStripeEnvelope(body);
  } catch (cause) {
    throw new NovaError('corrupt', `not a Stripe event: ${messageOf(cause)}`, { cause });
  }
}

async function keep(world: LedgerPorts, { id, type, body }: Original): Promise<void> {
  const item = { ...originalKey('stripe', id), v: 1, type, body, receivedAt: world.time.now() };
  await world.table.write({ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] });
}

async function setAside(world: LedgerPorts, original: Original, problem: string): Promise<'set_aside'> {
  await keep(world, original);
  return setAsideRaw(world, { source: 'stripe', id: original.id, problem });
}

/** Puts a vendor's message or movement on the shelf of its day, with an alarm; the same one again only moves it there. */
export async function setAsideRaw(
  world: Pick<LedgerPorts, 'table' | 'time' | 'log'>,
  { source, id, problem: found }: { readonly source: string; readonly id: string; readonly problem: string },
): Promise<'set_aside'> {
  const now = world.time.now();
  const problem = found.toWellFormed().slice(0, 2000);
  const shelf = { ixPk: dayIndex('ASIDE', utcDate(now)), ixSk: `${new Date(now).toISOString()}#${id}` };
  await world.table.write({
    op: 'update',
    key: originalKey(source, id),
    set: { problem, ...shelf },
    setIfAbsent: { v: 1, type: '', body: '', receivedAt: now },
  });
  world.log.error('something about money was set aside: somebody must look at it', { source, eventId: id, problem });
  return 'set_aside';
}

const QUARANTINE_DAYS = 30;

/** Bodies of events that wait for somebody to say whose their account is. */
export async function quarantinedOf(world: Pick<LedgerPorts, 'table' | 'time'>, account: string): Promise<string[]> {
  const bodies: string[] = [];
  for (let back = QUARANTINE_DAYS; back >= 0; back--) {
    const aside = await asideOfDay(world.table, utcDate(world.time.now() - back * 86_400_000));
    for (const { problem, body } of aside) if (problem === `${ACCOUNT_PROBLEM}${account}`) bodies.push(body);
  }
  return bodies;
}

/** Events that a person must look at, of one UTC date. */
export async function asideOfDay(
  table: Table,
  date: string,
): Promise<{ eventId: string; problem: string; body: string }[]> {
  const items = await queryAll(table, { pk: dayIndex('ASIDE', date), index: 'ix' });
  return items.map((item) => ({
    eventId: item.pk.split('#').at(-1) ?? '',
    problem: String(item.problem),
    body: String(item.body),
  }));
}

/** Deliveries by what became of them, per UTC date. Repeated deliveries count each time. */
export async function intakeOfDays(
  table: Table,
  from: string,
  to: string,
): Promise<Record<string, Record<string, number>>> {
  const items = await queryAll(table, { pk: intakePk('stripe'), from, to });
  const counts = ({ pk: _pk, sk: _sk, ...fates }: Item): Record<string, number> =>
    Object.fromEntries(Object.entries(fates).map(([fate, count]) => [fate, Number(count)]));
  return Object.fromEntries(items.map((item) => [item.sk, counts(item)]));
}
