/** A run on its way into a task: held by whoever claimed it, then taken over by the task, or let go when none came. */

import { NOTHING } from '../domain/budget.ts';
import type { Instance, WaitsFor } from '../domain/instance.ts';
import type { CrashState } from '../domain/protocol/close.ts';
import { triggerOf } from '../domain/run.ts';
import type { TaskShape } from '../domain/task.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import type { Claimed } from './claim.ts';
import { restOf, returnOps } from './close-store.ts';
import { decodeInstance, encodeWaiting, RUN_ATTRS } from './instance-item.ts';
import { getInstance, pinned } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { giveBackOp } from './request-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** How many leases a claim waits for its task: images are pulled first, and for a GPU a machine is started. */
export const STARTING_LEASES: Readonly<Record<TaskShape['kind'], number>> = { fargate: 5, gpu: 15 };

export type Start = {
  readonly agentId: string;
  readonly number: number;
  readonly slot: string;
  readonly fence: number;
  /** Who claimed it. */
  readonly holder: string;
};

export type Adopted = { readonly kind: 'mine'; readonly instance: Instance } | { readonly kind: 'gone' };

/**
 * The task goes on with the fence of the claim, in one write: of two tasks that were started for it one is first.
 * `gone`: the run has ended, or somebody else has it.
 */
export async function adoptRun(
  { table, time, settings }: Ports,
  { agentId, number, slot, fence, holder }: Start,
  me: { readonly holder: string; readonly billedFrom: number },
): Promise<Adopted> {
  const result = await table.write({
    op: 'update',
    key: instanceKey(agentId, number),
    if: [
      { attr: 'f', op: '=', value: fence },
      { attr: 'ho', op: '=', value: holder },
      { attr: 'sl', op: '=', value: slot },
    ],
    set: { ho: me.holder, ra: me.billedFrom, lu: time.now() + settings.leaseSeconds * 1000 },
  });
  const image = result.item && decodeInstance(result.item);
  const mine = image?.fence === fence && image.run?.holder === me.holder;
  return image && mine ? { kind: 'mine', instance: image } : { kind: 'gone' };
}

/**
 * No task was placed: the hold goes back and the slot is open as before, which is no attempt. What it waits for is kept
 * on the instance. False when the claim is gone.
 */
export async function releaseClaim(
  { table, time }: Pick<Ports, 'table' | 'time'>,
  { instance }: Claimed,
  waitsFor: WaitsFor,
): Promise<boolean> {
  const { agentId, number, run, fence } = instance;
  const image = run && (await getInstance(table, agentId, number));
  if (image?.fence !== fence || image.run?.holder !== run?.holder || !image.run) return false;
  const { set, add, budgets } = returnOps(image, restOf(image.run, NOTHING));
  const update: Op = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [...pinned(image), { attr: 'ho', op: '=', value: image.run.holder }],
    set: { ...set, wp: encodeWaiting({ at: time.now(), for: waitsFor }) },
    remove: RUN_ATTRS,
    add: { rev: 1, ...add },
  };
  const { slot } = image.run;
  return (await table.transact([update, ...budgets, ...(triggerOf(slot) === 'manual' ? [giveBackOp(slot)] : [])])).ok;
}

/** A task that is kept alive ended without a run: counted as a crash, once. False when it was counted, or all has moved on. */
export async function noteLostTask(
  { table }: Pick<Ports, 'table'>,
  instance: Instance,
  { taskId, crash }: { readonly taskId: string; readonly crash: CrashState },
): Promise<boolean> {
  const { crashStreak, coolingUntil, probes } = crash;
  const result = await table.write({
    op: 'update',
    key: instanceKey(instance.agentId, instance.number),
    if: [...pinned(instance), { attr: 'ho', op: 'missing' }, { attr: 'lt', op: '<>', value: taskId }],
    set: { cx: crashStreak, cu: coolingUntil, pb: probes, lt: taskId },
    add: { rev: 1 },
  });
  return result.ok;
}
