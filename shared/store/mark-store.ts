/** Before each paid call: its bound moves from the hold to *sent*, durably. What was sent is never released by time. */
import type { Json } from '../domain/agent.ts';
import { MAX_OPERATION_MICROS } from '../domain/budget.ts';
import { NovaError } from '../domain/error.ts';
import type { Instance } from '../domain/instance.ts';
import { formatUsd } from '../domain/money.ts';
import { computeBoundMicros, rateOf } from '../domain/protocol/cost.ts';
import type { Item } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import type { Claimed } from './claim.ts';
import { decodeInstance } from './instance-item.ts';
import { checkpointKey, instanceKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

export type Paid = {
  /** The most the next call may cost. */
  readonly boundMicros: number;
  /** What the calls before it really cost. */
  readonly settledMicros: number;
  /** The same in tokens; none unless told. */
  readonly boundTokens?: number;
  readonly settledTokens?: number;
};

/**
 * Marks one call; answers the claim as it is afterwards. The lease is extended as well.
 * @throws NovaError budget_reached when the hold has less left, or for a call above $30; denied after a kill; conflict when the lease is lost.
 */
export async function markCall(ports: Ports, claimed: Claimed, paid: Paid): Promise<Claimed> {
  const { instance } = claimed;
  const { run } = instance;
  if (!run) throw new NovaError('conflict', 'the run has no lease');
  const { sent, tokens } = sentWith(ports, claimed, paid);
  const result = await ports.table.write({
    op: 'update',
    key: instanceKey(instance.agentId, instance.number),
    if: [
      { attr: 'f', op: '=', value: instance.fence },
      { attr: 'ho', op: '=', value: run.holder },
      { attr: 'ke', op: '=', value: instance.killEpoch },
      { attr: 'st', op: '<>', value: 'retired' },
      // A claim that was read back after the switch shows its epoch already.
      { attr: 'st', op: '<>', value: 'halted' },
      { attr: 'cs', op: '=', value: run.callSeq },
    ],
    set: {
      cs: run.callSeq + 1,
      se: sent,
      hl: run.holdMicros - sent,
      ...(tokens > 0 ? { ts: tokens } : {}),
      lu: ports.time.now() + ports.settings.leaseSeconds * 1000,
    },
  });
  const image = result.item && decodeInstance(result.item);
  const mine = image?.run?.holder === run.holder && image.fence === instance.fence;
  if (image && mine && (result.ok || (image.run?.callSeq === run.callSeq + 1 && image.run.sentMicros === sent))) {
    return { ...claimed, instance: image };
  }
  if (image && mine) throw new NovaError('denied', 'the agent was stopped: no paid call may start');
  throw new NovaError('conflict', 'the lease of this run was lost');
}

/** What the calls of a run may have used once this one is made. @throws NovaError budget_reached. */
function sentWith(
  { settings }: Ports,
  { instance, spec }: Claimed,
  { boundMicros, settledMicros, boundTokens = 0, settledTokens = 0 }: Paid,
): { readonly sent: number; readonly tokens: number } {
  if (boundMicros > MAX_OPERATION_MICROS) {
    const most = formatUsd(MAX_OPERATION_MICROS);
    throw new NovaError('budget_reached', `one call may cost at most ${most}; got ${formatUsd(boundMicros)}`);
  }
  const { holdMicros = 0, startedAt = 0 } = instance.run ?? {};
  const limit = holdMicros - computeBoundMicros(spec.timeoutSeconds, rateOf(spec, settings), startedAt);
  const sent = settledMicros + boundMicros;
  if (sent > limit) {
    const left = formatUsd(Math.max(0, limit - settledMicros));
    throw new NovaError(
      'budget_reached',
      `a call of up to ${formatUsd(boundMicros)} does not fit: the run has ${left} left`,
    );
  }
  const tokens = settledTokens + boundTokens;
  const most = spec.holdTokens ?? 0;
  if (boundTokens > 0 && tokens > most) {
    const left = Math.max(0, most - settledTokens);
    throw new NovaError(
      'budget_reached',
      `a call of up to ${boundTokens} tokens does not fit: the run has ${left} left`,
    );
  }
  return { sent, tokens };
}

export type Standing = 'held' | 'lost' | 'stopped';

/** Keeps a long run's lease, and tells whether the run was stopped meanwhile: a kill raises the epoch. */
export async function keepLease(ports: Ports, { instance }: Claimed): Promise<Standing> {
  const result = await ports.table.write({
    op: 'update',
    key: instanceKey(instance.agentId, instance.number),
    if: [
      { attr: 'f', op: '=', value: instance.fence },
      { attr: 'ho', op: '=', value: instance.run?.holder ?? '' },
    ],
    set: { lu: ports.time.now() + ports.settings.leaseSeconds * 1000 },
  });
  return result.ok ? standingIn(result.item, instance) : 'lost';
}

/** The same without keeping it: one read. */
export async function lookAtLease({ table }: Pick<Ports, 'table'>, { instance }: Claimed): Promise<Standing> {
  return standingIn(await table.get(instanceKey(instance.agentId, instance.number)), instance);
}

function standingIn(item: Item | null, { fence, killEpoch, run }: Instance): Standing {
  const image = item && decodeInstance(item);
  if (image?.fence !== fence || image.run?.holder !== run?.holder) return 'lost';
  return image.killEpoch === killEpoch ? 'held' : 'stopped';
}

type Kept = { readonly state: Json } & Pick<Paid, 'settledMicros' | 'settledTokens'>;

/**
 * Keeps a state in the middle of a run: from here on a lost attempt is followed by one that goes on from it. What was
 * paid before it is settled, so no call of it is ever made again.
 * @throws NovaError conflict when the lease is lost.
 */
export async function keepCheckpoint(
  ports: Ports,
  claimed: Claimed,
  { state, settledMicros, settledTokens = 0 }: Kept,
): Promise<Claimed> {
  const { instance } = claimed;
  const { agentId, number, run } = instance;
  if (!run) throw new NovaError('conflict', 'the run has no lease');
  const set = {
    ...{ ck: run.callSeq, se: settledMicros, hl: run.holdMicros - settledMicros },
    ...(settledTokens > 0 || run.sentTokens > 0 ? { ts: settledTokens } : {}),
  };
  const lease = { lu: ports.time.now() + ports.settings.leaseSeconds * 1000 };
  const result = await ports.table.transact([
    {
      op: 'update',
      key: instanceKey(agentId, number),
      if: [
        { attr: 'f', op: '=', value: instance.fence },
        { attr: 'ho', op: '=', value: run.holder },
        { attr: 'cs', op: '=', value: run.callSeq },
      ],
      set: { ...set, ...lease },
    },
    { op: 'put', item: { ...checkpointKey(agentId, number, run.slot), v: 1, state: JSON.stringify(state) } },
  ]);
  if (!result.ok) throw new NovaError('conflict', 'the lease of this run was lost');
  const kept = { ...run, checkedSeq: run.callSeq, sentMicros: settledMicros, sentTokens: settledTokens };
  return {
    ...claimed,
    instance: {
      ...instance,
      run: { ...kept, leaseUntil: lease.lu, holdLeftMicros: run.holdMicros - settledMicros },
    },
  };
}
