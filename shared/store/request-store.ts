/** A request for manual runs: one item, one message, `times` runs one after another. `next` says how far it is. */
import { messageOf, NovaError } from '../domain/error.ts';
import { manualSlot, type Slot } from '../domain/run.ts';
import type { Condition, Item, Key, Table, Update } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { openIndex, requestKey } from './keys.ts';
import { post, publish } from './outbox-store.ts';
import { queryAll } from './query-all.ts';

export type RunRequest = {
  readonly id: string;
  readonly agentId: string;
  readonly instance: number;
  readonly times: number;
  readonly next: number;
  readonly status: 'open' | 'done';
  readonly requestedBy: string;
  readonly createdAt: number;
  /** When its message was last sent. */
  readonly touchedAt: number;
  /** When its messages had handed it on as often as they may; null: never. The same as `touchedAt` while it rests. */
  readonly restedAt: number | null;
};

export const MAX_TIMES = 10_000;

/** Where open requests are found. */
const openPlace = (id: string) => ({ ixPk: openIndex('request'), ixSk: id });

function decode(item: Item): RunRequest {
  return {
    id: String(item.id),
    agentId: String(item.agentId),
    instance: Number(item.instance),
    times: Number(item.times),
    next: Number(item.next),
    status: item.status === 'done' ? 'done' : 'open',
    requestedBy: String(item.requestedBy),
    createdAt: Number(item.createdAt),
    touchedAt: Number(item.touchedAt),
    restedAt: typeof item.restedAt === 'number' ? item.restedAt : null,
  };
}

type RequestPorts = Pick<World, 'table' | 'time' | 'ids' | 'log' | 'work' | 'runs' | 'revenue'>;
export type RequestInput = {
  readonly agentId: string;
  readonly instance: number;
  readonly times: number;
  readonly actor: string;
};

/** Writes the request and sends its message. @throws NovaError bad_input beyond 1 to 10,000 times. */
export async function requestRuns(world: RequestPorts, input: RequestInput): Promise<RunRequest> {
  if (!Number.isInteger(input.times) || input.times < 1 || input.times > MAX_TIMES) {
    throw new NovaError('bad_input', `times is a whole number from 1 to ${MAX_TIMES}; got ${input.times}`);
  }
  const id = world.ids.ulid().toLowerCase();
  const createdAt = world.time.now();
  const item = {
    ...requestKey(id),
    v: 1,
    id,
    agentId: input.agentId,
    instance: input.instance,
    times: input.times,
    next: 0,
    status: 'open',
    requestedBy: input.actor,
    createdAt,
    touchedAt: createdAt,
    ...openPlace(id),
  };
  const posted = post(world, { queue: 'runs', message: { v: 1, kind: 'request', requestId: id, hop: 0 } });
  await world.table.transact([{ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }, posted.op]);
  // It stands whether or not the queue can be reached now: whoever heard of a failure would ask for the runs again.
  await publish(world, [posted]).catch((thrown: unknown) => {
    world.log.warn('a request for runs was left to the sweep', { requestId: id, why: messageOf(thrown) });
  });
  return decode(item);
}

export async function getRequest(table: Table, id: string): Promise<RunRequest | null> {
  const item = await table.get(requestKey(id));
  return item && decode(item);
}

export async function openRequests(table: Table): Promise<RunRequest[]> {
  return (await queryAll(table, { pk: openIndex('request'), index: 'ix' })).map(decode);
}

/** Claims the right to send its message again; false when somebody else did, or it is done. */
export async function touchRequest(table: Table, { id, touchedAt }: RunRequest, now: number): Promise<boolean> {
  const conditions: Condition[] = [
    { attr: 'status', op: '=', value: 'open' },
    { attr: 'touchedAt', op: '=', value: touchedAt },
  ];
  return (await table.write({ op: 'update', key: requestKey(id), if: conditions, set: { touchedAt: now } })).ok;
}

/** The kill switch is on: nobody works on it, and the sweep sends it again as soon as its instance may run. */
export async function parkRequest(table: Table, { id }: RunRequest): Promise<void> {
  const open: Condition = { attr: 'status', op: '=', value: 'open' };
  await table.write({ op: 'update', key: requestKey(id), if: [open], set: { touchedAt: 0 } });
}

/** Its messages have handed it on as often as they may: nobody works on it until the sweep sends it again. */
export async function restRequest(table: Table, { id }: RunRequest, now: number): Promise<void> {
  const open: Condition = { attr: 'status', op: '=', value: 'open' };
  await table.write({ op: 'update', key: requestKey(id), if: [open], set: { touchedAt: now, restedAt: now } });
}

/** Every run of a request is closed: it leaves the list of open ones. */
export async function finishRequest(table: Table, { id, times }: RunRequest): Promise<void> {
  await table.write({
    op: 'update',
    key: requestKey(id),
    if: [{ attr: 'next', op: '>=', value: times }],
    set: { status: 'done' },
    remove: ['ixPk', 'ixSk'],
  });
}

export const slotOf = (request: RunRequest, k: number): Slot => manualSlot(request.id, k);

function spelled(slot: Slot): { id: string; key: Key; k: number } {
  const [id = '', k = '0'] = slot.slice(1).split('-');
  return { id, key: requestKey(id), k: Number(k) };
}

/** Run k of a request is claimed or refused: rides in the transaction that does it. */
export function advanceOp(slot: Slot): Update {
  const { key, k } = spelled(slot);
  return { op: 'update', key, if: [{ attr: 'next', op: '=', value: k }], set: { next: k + 1 } };
}

/** The request that a manual slot belongs to. */
export const requestIdOf = (slot: Slot): string => spelled(slot).id;

/**
 * Run k was lost before it could cost anything: it is to be claimed again. The request is open then, also when a second
 * delivery has seen all its runs claimed and finished it meanwhile.
 */
export function giveBackOp(slot: Slot): Update {
  const { id, key, k } = spelled(slot);
  return {
    op: 'update',
    key,
    if: [{ attr: 'next', op: '=', value: k + 1 }],
    set: { next: k, status: 'open', ...openPlace(id) },
  };
}
