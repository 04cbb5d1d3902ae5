/** What to do with a wish to run, given the instance as it stands. Pure: the stores do it, conditionally, and ask again. */
import type { AgentSpec } from '../agent.ts';
import type { Line } from '../budget.ts';
import type { Instance, Slowed } from '../instance.ts';
import { type Refusal, type Slot, tickMs, triggerOf } from '../run.ts';
import { MAX_TASK_SECONDS } from '../task.ts';
import { hourFor, isLacking } from './slice.ts';

export type Wish = {
  readonly slot: Slot;
  readonly holder: string;
  readonly now: number;
  /** Since when its compute is billed; now unless told. */
  readonly billedFrom?: number;
  /** Today and this hour in the owner's zone. */
  readonly period: string;
  readonly hour: string;
  /** The limits the instance is known to be under. */
  readonly lines: readonly Line[];
  readonly spec: AgentSpec;
  /** As the image it was judged by says; absent: not slowed down, as far as is known. */
  readonly slowed?: Slowed | null;
};

export type Judgement =
  | { readonly do: 'claim' }
  /** An image that shows my holder: my write was done, its answer was lost. */
  | { readonly do: 'run' }
  | { readonly do: 'done' }
  /** A task has it, or is about to: whoever brought the message has nothing to do but see that there is one. */
  | { readonly do: 'held' }
  /** At or below the floor: done if it is found in the pages, late if not. */
  | { readonly do: 'look_up' }
  | { readonly do: 'wait'; readonly seconds: number }
  /** Asked for by a person, and the kill switch is on: its request stays open until that is off. */
  | { readonly do: 'park' }
  | { readonly do: 'refuse'; readonly reason: Refusal }
  | { readonly do: 'recover' }
  | { readonly do: 'roll_over' }
  | { readonly do: 'top_up' }
  | { readonly do: 'reload_spec' };

/**
 * Older ticks are worth nothing any more, unless an attempt at them was made: as long as the longest run that one may have
 * waited for, and the hour for which the Scheduler tries.
 */
const MAX_LATE_MS = (MAX_TASK_SECONDS + 3_600) * 1000;

/** Dead letters that are delivered again must not start what nobody waits for. */
export const isLate = (slot: Slot, now: number): boolean =>
  triggerOf(slot) !== 'manual' && tickMs(slot) < now - MAX_LATE_MS;

/** The longest a message waits for a busy instance before it looks again, in seconds. */
const MAX_WAIT_SECONDS = 30;
const MAX_TASK_WAIT_SECONDS = 900;

/** First what is closed, then who is busy, then who may not, then the money. */
export function judge(instance: Instance, wish: Wish): Judgement {
  return closed(instance, wish) ?? busy(instance, wish) ?? forbidden(instance, wish) ?? money(instance, wish);
}

function closed({ run, recent, floor, tries }: Instance, { slot, holder }: Wish): Judgement | null {
  if (run?.holder === holder && run.slot === slot) return { do: 'run' };
  if (triggerOf(slot) === 'manual') return null;
  if (recent.includes(slot)) return { do: 'done' };
  // In progress, however far the floor has risen meanwhile: its record is still to come.
  if (run?.slot === slot) return null;
  if (tickMs(slot) > floor) return null;
  // An attempt at it was lost, so it is in no page; its record says what that attempt cost.
  return tries[slot] ? { do: 'refuse', reason: 'late' } : { do: 'look_up' };
}

function busy({ run }: Instance, { slot, now, spec }: Wish): Judgement | null {
  if (!run) return null;
  if (run.leaseUntil <= now) return { do: 'recover' };
  if (spec.task && run.slot === slot) return { do: 'held' };
  const waits = run.slot === slot || triggerOf(slot) === 'manual' || spec.overlap === 'wait';
  if (!waits) return { do: 'refuse', reason: 'overlap' };
  // A task keeps its lease for hours: who waits for it looks in now and then.
  if (spec.task) return { do: 'wait', seconds: MAX_TASK_WAIT_SECONDS };
  return { do: 'wait', seconds: Math.min(MAX_WAIT_SECONDS, Math.max(1, Math.ceil((run.leaseUntil - now) / 1000))) };
}

function forbidden({ status, coolingUntil, slowed, journal, tries }: Instance, { now, slot }: Wish): Judgement | null {
  if (isLate(slot, now) && tries[slot] === undefined) return { do: 'refuse', reason: 'late' };
  if (status === 'halted' && triggerOf(slot) === 'manual') return { do: 'park' };
  if (status !== 'active') return { do: 'refuse', reason: status };
  if (coolingUntil > now) return { do: 'refuse', reason: 'cooling' };
  // What seems to run away gets every second tick; who asks for a run by hand gets it.
  const skips = slowed !== null && triggerOf(slot) !== 'manual' && journal.at(-1)?.note !== 'throttled';
  return skips ? { do: 'refuse', reason: 'throttled' } : null;
}

function money({ specVersion, slice }: Instance, { spec, period, hour }: Wish): Judgement {
  if (specVersion !== spec.version) return { do: 'reload_spec' };
  if (slice.period !== period || slice.hour !== hourFor(slice.lines, hour)) return { do: 'roll_over' };
  return isLacking(slice, spec) ? { do: 'top_up' } : { do: 'claim' };
}
