/** The writes of a claim: blind inside a slice, as a transaction where more than the instance changes. */
import { type Amounts, kindsOf, NOTHING } from '../domain/budget.ts';
import { NovaError } from '../domain/error.ts';
import type { Instance } from '../domain/instance.ts';
import type { Wish } from '../domain/protocol/judge.ts';
import { holdsOf, hourFor, limited, mapAmounts } from '../domain/protocol/slice.ts';
import { tickMs, triggerOf } from '../domain/run.ts';
import { isTaskHolder } from '../domain/task.ts';
import type { Condition, Update, Value } from '../ports/table.ts';
import type { Claim, ClaimAnswer, Claimed, ClaimPorts, Situation, Step, Written } from './claim.ts';
import { decodeInstance, encodeOthers, encodeSlowed, SLICE_ATTRS } from './instance-item.ts';
import { pinned, sliceAdd } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { encodeLines } from './line-code.ts';
import { advanceOp } from './request-store.ts';
import { STARTING_LEASES } from './task-store.ts';

export async function load({ table }: ClaimPorts, { agentId, number }: Claim): Promise<Instance> {
  const item = await table.get(instanceKey(agentId, number));
  if (!item) throw new NovaError('not_found', `there is no instance ${number} of an agent "${agentId}"`);
  return decodeInstance(item);
}

export function runAnswer(image: Instance, wish: Wish): ClaimAnswer {
  return { kind: 'run', claimed: claimedOf(image, wish) };
}

export function claimedOf(image: Instance, { spec, slot }: Pick<Wish, 'spec' | 'slot'>): Claimed {
  return { instance: image, spec, attempt: (image.tries[slot]?.attempts ?? 0) + 1 };
}

/** What a claim needs to be true, apart from the money. */
export function claimConditions({ slot, now, period, hour, lines, spec, slowed }: Wish): Condition[] {
  const spelled = encodeLines(lines);
  const sliceHour = hourFor(lines, hour);
  const free: Condition[] = [
    { attr: 'st', op: '=', value: 'active' },
    { attr: 'ho', op: 'missing' },
    { attr: 'sv', op: '=', value: spec.version },
    { attr: 'pe', op: '=', value: period },
    spelled === undefined ? { attr: 'ls', op: 'missing' } : { attr: 'ls', op: '=', value: spelled },
    ...(sliceHour === null ? [] : [{ attr: 'hr', op: '=', value: sliceHour } as const]),
    { attr: 'cu', op: '<=', value: now },
    slowed ? { attr: 'th', op: '=', value: encodeSlowed(slowed) } : { attr: 'th', op: 'missing' },
  ];
  if (triggerOf(slot) === 'manual') return free;
  return [...free, { attr: 'fl', op: '<', value: tickMs(slot) }, { attr: 'rc', op: 'lacks', value: slot }];
}

function runAttrs({ settings }: ClaimPorts, wish: Wish): { [attr: string]: Value } {
  const { slot, holder, now, spec, lines } = wish;
  // A claim for a task waits until the task is there.
  const leases = spec.task && !isTaskHolder(holder) ? STARTING_LEASES[spec.task.kind] : 1;
  const others = kindsOf(lines).length > 1 ? { hx: encodeOthers(limited(lines, holdsOf(spec))) } : {};
  return {
    ...others,
    sl: slot,
    ho: holder,
    ra: wish.billedFrom ?? now,
    lu: now + leases * settings.leaseSeconds * 1000,
    cs: 0,
    hd: spec.holdMicros,
    hl: spec.holdMicros,
    se: 0,
  };
}

/** The claim inside the slice: one conditional write, whose refusal shows the image. */
export async function write(ports: ClaimPorts, want: Claim, wish: Wish): Promise<Step> {
  const holds = limited(wish.lines, holdsOf(wish.spec));
  const enough: Condition[] = kindsOf(wish.lines).map((kind) => ({
    attr: SLICE_ATTRS[kind],
    op: '>=',
    value: holds[kind],
  }));
  const update: Update = {
    op: 'update',
    key: instanceKey(want.agentId, want.number),
    if: [...claimConditions(wish), ...enough],
    set: runAttrs(ports, wish),
    add: { f: 1, ...sliceAdd(wish.lines, negative(holds)) },
  };
  if (triggerOf(want.slot) === 'manual') return await transact(ports, want, { ops: [update], refused: null });
  const result = await ports.table.write(update);
  if (!result.item)
    throw new NovaError('not_found', `there is no instance ${want.number} of an agent "${want.agentId}"`);
  const image = decodeInstance(result.item);
  return result.ok ? { answer: runAnswer(image, wish) } : { image };
}

const negative = (amounts: Amounts): Amounts => mapAmounts(amounts, (amount) => -amount);

/** The claim that brings what it lacks, for the transaction that takes it from the budgets. */
export function claimOp(
  ports: ClaimPorts,
  { wish, image }: Situation,
  { take, exact }: { readonly take: Amounts; readonly exact: boolean },
): Update {
  const set = runAttrs(ports, wish);
  const holds = holdsOf(wish.spec);
  const left = mapAmounts(NOTHING, (_, kind) => take[kind] - holds[kind]);
  return {
    op: 'update',
    key: instanceKey(image.agentId, image.number),
    if: [...pinned(image), ...claimConditions(wish)],
    set: exact ? { ...set, ex: true } : set,
    add: { f: 1, ...sliceAdd(image.slice.lines, left) },
    ...(exact ? {} : { remove: ['ex'] }),
  };
}

/**
 * Writes them together with the step of the manual request they belong to. A claim is read back: it shows my holder,
 * and a lost answer looks the same. A request that has moved on has had this slot from somebody else.
 */
export async function transact(ports: ClaimPorts, want: Claim, { ops, refused }: Written): Promise<Step> {
  const advance = triggerOf(want.slot) === 'manual' ? [advanceOp(want.slot)] : [];
  const result = await ports.table.transact([...ops, ...advance]);
  if (result.ok && refused) return { answer: { kind: 'refused', reason: refused } };
  const image = await load(ports, want);
  const moved = !result.ok && result.failed.some(({ index }) => index >= ops.length);
  return moved && image.run?.holder !== want.holder ? { answer: { kind: 'done' } } : { image };
}
