/** Gumroad's sales against the ledger. A ping only says where to look: every amount comes from the API. */
import type { JsonObject } from '../domain/agent.ts';
import { GUMROAD_RESOURCES, type GumroadSale, readGumroadSale } from '../domain/gumroad-sale.ts';
import type { Movement } from '../domain/ledger.ts';
import type { World } from '../ports/world.ts';
import { getConnector, noteConnector } from './connector-store.ts';
import { intakeKey } from './keys.ts';
import { utcDate } from './ledger-item.ts';
import { type Booking, bookMovement, bookRefundTotal, getEntry, type LedgerPorts } from './ledger-store.ts';
import { DAY_MS, keepingTrack, type ReconcilePorts, type ReconcileSpan } from './reconcile-span.ts';
import { setAsideRaw } from './revenue-intake.ts';

/** What became of one look at a sale. */
export type GumroadFate =
  | Booking['outcome']
  | 'test_mode'
  | 'no_money'
  | 'set_aside'
  | 'unknown_sale'
  | 'wrong_seller'
  | 'not_connected';

export type GumroadHint = { readonly saleId: string; readonly sellerId: string | null };

/**
 * What a ping pointed to, if the API confirms it; answers what became of it, and counts that.
 * @throws NovaError unavailable while the API is: the message comes back.
 */
export async function recordGumroadHint(
  world: LedgerPorts & Pick<World, 'gumroad'>,
  hint: GumroadHint,
): Promise<GumroadFate> {
  const fate = await lookAt(world, hint);
  await world.table.write({ op: 'update', key: intakeKey('gumroad', utcDate(world.time.now())), add: { [fate]: 1 } });
  return fate;
}

async function lookAt(world: LedgerPorts & Pick<World, 'gumroad'>, hint: GumroadHint): Promise<GumroadFate> {
  const { saleId, sellerId } = hint;
  const known = await getConnector(world.table, 'gumroad');
  if (known.sellerId !== null && sellerId !== null && known.sellerId !== sellerId) {
    world.log.error('a ping of another seller came to the secret address: rotate it', { source: 'gumroad' });
    return 'wrong_seller';
  }
  if (!(await world.gumroad.connected())) {
    world.log.error('a ping came, but no gumroad-access-token is set: nothing can be confirmed', { source: 'gumroad' });
    return 'not_connected';
  }
  const sale = await world.gumroad.sale(saleId);
  if (sale === null) {
    world.log.error('a ping told of a sale that Gumroad does not know: nothing was booked', { saleId });
    return 'unknown_sale';
  }
  return bookSale(world, sale);
}

/** Idempotent: every part of a sale has a key of its own. */
export async function bookSale(world: LedgerPorts, sale: GumroadSale): Promise<GumroadFate> {
  const { movements, refundTotal, ignored, unclear } = readGumroadSale(sale);
  if (ignored) return ignored;
  const outcomes = new Set<Booking['outcome']>();
  for (const movement of movements) outcomes.add(await bookPart(world, movement));
  if (refundTotal) outcomes.add((await bookRefundTotal(world, refundTotal)).outcome);
  if (unclear) {
    const problem = 'a part was refunded, and Gumroad does not say how much: book it with nova ledger add';
    return setAsideRaw(world, { source: 'gumroad', id: sale.id, problem });
  }
  if (outcomes.has('conflict')) {
    return setAsideRaw(world, { source: 'gumroad', id: sale.id, problem: 'it was booked before with another amount' });
  }
  return (['booked', 'reattributed'] as const).find((one) => outcomes.has(one)) ?? 'duplicate';
}

/** What a dispute took depends on what was refunded before it: the first word on it stands. */
async function bookPart(world: LedgerPorts, movement: Movement): Promise<Booking['outcome']> {
  if (movement.kind === 'dispute' && (await getEntry(world.table, movement.source, movement.movementId))) {
    return 'duplicate';
  }
  return (await bookMovement(world, movement)).outcome;
}

/** @throws NovaError unavailable, misconfigured. */
export async function reconcileGumroad(world: ReconcilePorts, span: ReconcileSpan): Promise<JsonObject> {
  if (!(await world.gumroad.connected())) return { connected: false };
  const fates: Record<string, number> = {};
  await keepingTrack(world, 'gumroad', { span, work: () => passThrough(world, span, fates) });
  if (!span.deep) return { connected: true, ...fates };
  const untold = await untoldResources(world);
  if (untold.length === 0) {
    await noteConnector(world.table, 'gumroad', { warning: '' });
    return { connected: true, ...fates };
  }
  const warning = `Gumroad no longer tells us of ${untold.join(', ')}: nova connector connect gumroad`;
  await noteConnector(world.table, 'gumroad', { warning });
  world.log.error('subscriptions at Gumroad have gone', { source: 'gumroad', untold });
  return { connected: true, ...fates, problem: warning };
}

/** Once a day, where it was connected: resources that nobody tells us of any more. The sales themselves are found anyway. */
async function untoldResources(world: ReconcilePorts): Promise<string[]> {
  if ((await getConnector(world.table, 'gumroad')).sellerId === null) return [];
  const untold: string[] = [];
  for (const resource of GUMROAD_RESOURCES) {
    const there = await world.gumroad.subscriptions(resource);
    if (!there.some(({ url }) => url.includes('/hooks/gumroad/'))) untold.push(resource);
  }
  return untold;
}

const WINDOW_MS = 7 * DAY_MS;

/** Week by week, the oldest first, so that a long backlog makes progress; answers up to where all is compared. */
async function passThrough(world: ReconcilePorts, span: ReconcileSpan, fates: Record<string, number>): Promise<number> {
  for (let from = span.from; from < span.to; from += WINDOW_MS) {
    const whole = await oneWindow(world, { span, from, to: Math.min(from + WINDOW_MS, span.to) }, fates);
    if (!whole) return from;
  }
  return span.to;
}

type Window = { readonly span: ReconcileSpan; readonly from: number; readonly to: number };

async function oneWindow(
  world: ReconcilePorts,
  { span, from, to }: Window,
  fates: Record<string, number>,
): Promise<boolean> {
  const count = (fate: GumroadFate): void => {
    fates[fate] = (fates[fate] ?? 0) + 1;
  };
  let after: string | null = null;
  do {
    if (world.time.now() > span.until) return false;
    // The API counts in whole days, in a zone of its own: one more on either side.
    const page = await world.gumroad.page({ from: utcDate(from - DAY_MS), to: utcDate(to + 2 * DAY_MS), after });
    for (const { id, problem } of page.unreadable) count(await setAsideRaw(world, { source: 'gumroad', id, problem }));
    for (const sale of page.sales) count(await bookSale(world, sale));
    after = page.next;
  } while (after !== null);
  return true;
}
