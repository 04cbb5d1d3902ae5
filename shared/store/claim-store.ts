/**
 * Claiming a slot: one conditional write inside the instance's slice, and whatever else is needed when it fails. The
 * failed write shows the image; `judge` says what it means; everything done about it is pinned to what was read.
 */
import type { AgentSpec } from '../domain/agent.ts';
import { NovaError } from '../domain/error.ts';
import type { Instance } from '../domain/instance.ts';
import { dayOf } from '../domain/period.ts';
import { judge, type Wish } from '../domain/protocol/judge.ts';
import { type Refusal, type Slot, tickMs, triggerOf } from '../domain/run.ts';
import type { Condition, Op, Update } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { decodeInstance, type RUN_ATTRS } from './instance-item.ts';
import { instanceKey } from './keys.ts';
import { recover } from './recovery-store.ts';
import { refuse, refuseLate } from './refusal-store.ts';
import { advanceOp } from './request-store.ts';
import { rollOver } from './roll-over-store.ts';
import { isRecorded } from './run-store.ts';
import { latestSpec, readSpec } from './spec-cache.ts';
import { topUp } from './top-up-store.ts';

export type ClaimPorts = Pick<World, 'table' | 'time' | 'settings'>;

export type Claim = {
  readonly agentId: string;
  readonly number: number;
  readonly slot: Slot;
  /** New for every invocation. */
  readonly holder: string;
};

export type Claimed = { readonly instance: Instance; readonly spec: AgentSpec; readonly attempt: number };

export type ClaimAnswer =
  | { readonly kind: 'run'; readonly claimed: Claimed }
  | { readonly kind: 'done' }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'refused'; readonly reason: Refusal };

/** One step of a claim: an answer, or the image from which to judge again. */
export type Step = { readonly answer: ClaimAnswer } | { readonly image: Instance };

/** More steps than any honest sequence needs: each either answers or sees somebody else's progress. */
const MAX_STEPS = 40;

/** Claims the slot, or says why not. @throws NovaError not_found for an unknown instance; unavailable under heavy contention. */
export async function claim(ports: ClaimPorts, want: Claim): Promise<ClaimAnswer> {
  let spec = latestSpec(ports.table, want.agentId);
  let step: Step = spec ? await write(ports, want, wishOf(ports, want, spec)) : { image: await load(ports, want) };
  for (let count = 0; count < MAX_STEPS; count++) {
    if ('answer' in step) return step.answer;
    if (spec?.version !== step.image.specVersion) {
      spec = await readSpec(ports.table, want.agentId, step.image.specVersion);
    }
    const wish = wishOf(ports, want, spec);
    step = await follow(ports, want, { wish, image: step.image });
  }
  throw new NovaError('unavailable', `${want.agentId}#${want.number} is too busy to claim ${want.slot}`);
}

function wishOf({ time, settings }: ClaimPorts, { slot, holder }: Claim, spec: AgentSpec): Wish {
  const now = time.now();
  return { slot, holder, now, period: dayOf(now, settings.timezone), spec };
}

async function load({ table }: ClaimPorts, { agentId, number }: Claim): Promise<Instance> {
  const item = await table.get(instanceKey(agentId, number));
  if (!item) throw new NovaError('not_found', `there is no instance ${number} of an agent "${agentId}"`);
  return decodeInstance(item);
}

/** A wish and the image it was judged by; whatever is written for it is pinned to that image. */
export type Situation = { readonly wish: Wish; readonly image: Instance };

async function follow(ports: ClaimPorts, want: Claim, situation: Situation): Promise<Step> {
  const { wish, image } = situation;
  const judgement = judge(image, wish);
  switch (judgement.do) {
    case 'claim':
      return await write(ports, want, wish);
    case 'run':
      return { answer: runAnswer(image, wish) };
    case 'done':
      return { answer: { kind: 'done' } };
    case 'wait':
      return { answer: { kind: 'wait', seconds: judgement.seconds } };
    case 'look_up':
      if (!(await isRecorded(ports.table, image, want.slot))) await refuseLate(ports.table, image, wish);
      return { answer: { kind: 'done' } };
    case 'refuse':
      return await transact(ports, want, await refuse(ports, situation, judgement.reason));
    case 'recover':
      await recover(ports, image, { spec: wish.spec, blame: 'agent' });
      return { image: await load(ports, want) };
    case 'roll_over':
      await rollOver(ports.table, image, wish.period);
      return { image: await load(ports, want) };
    case 'top_up':
      return await topUp(ports, want, situation);
    case 'reload_spec':
      return { image };
  }
}

export function runAnswer(image: Instance, { spec, slot }: Wish): ClaimAnswer {
  return { kind: 'run', claimed: { instance: image, spec, attempt: (image.tries[slot]?.attempts ?? 0) + 1 } };
}

/** What a claim needs to be true, apart from the money. */
export function claimConditions({ slot, now, period, spec }: Wish): Condition[] {
  const free: Condition[] = [
    { attr: 'st', op: '=', value: 'active' },
    { attr: 'ho', op: 'missing' },
    { attr: 'sv', op: '=', value: spec.version },
    { attr: 'pe', op: '=', value: period },
    { attr: 'cu', op: '<=', value: now },
  ];
  if (triggerOf(slot) === 'manual') return free;
  return [...free, { attr: 'fl', op: '<', value: tickMs(slot) }, { attr: 'rc', op: 'lacks', value: slot }];
}

export function runAttrs(
  { settings }: ClaimPorts,
  { slot, holder, now, spec }: Wish,
): Record<(typeof RUN_ATTRS)[number], string | number> {
  return {
    sl: slot,
    ho: holder,
    ra: now,
    lu: now + settings.leaseSeconds * 1000,
    cs: 0,
    hd: spec.holdMicros,
    hl: spec.holdMicros,
    se: 0,
  };
}

async function write(ports: ClaimPorts, want: Claim, wish: Wish): Promise<Step> {
  const hold = wish.spec.holdMicros;
  const update: Update = {
    op: 'update',
    key: instanceKey(want.agentId, want.number),
    if: [...claimConditions(wish), { attr: 'av', op: '>=', value: hold }],
    set: runAttrs(ports, wish),
    add: { f: 1, av: -hold },
  };
  if (triggerOf(want.slot) === 'manual') return await transact(ports, want, { ops: [update], refused: null });
  const result = await ports.table.write(update);
  if (!result.item)
    throw new NovaError('not_found', `there is no instance ${want.number} of an agent "${want.agentId}"`);
  const image = decodeInstance(result.item);
  return result.ok ? { answer: runAnswer(image, wish) } : { image };
}

/** Ops that close or claim the slot of a wish; `refused` is the answer once they are done, null for a claim. */
export type Written = { readonly ops: readonly Op[]; readonly refused: Refusal | null };

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
