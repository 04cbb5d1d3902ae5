/** How much of the budgets an instance takes at once, and when that stops being generous. */
import type { AgentSpec } from '../agent.ts';
import { type Amounts, type Budget, type Kind, kindsOf, type Line, NOTHING } from '../budget.ts';
import type { ActiveRun, Instance, Slice } from '../instance.ts';
import { triggerOf } from '../run.ts';
import type { Wish } from './judge.ts';

/** A slice is at most this many holds. */
const MAX_HOLDS = 64;
/** From so much of a limit on ticks are thinned out, and slices are no longer cut. */
const THROTTLE_PERCENT = 90;
const SLOW_PERCENT = 95;

type Holding = Pick<AgentSpec, 'holdMicros' | 'timeoutSeconds' | 'holdTokens'>;

/** The most one run may use of everything. */
export const holdsOf = ({ holdMicros, timeoutSeconds, holdTokens = 0 }: Holding): Amounts => ({
  usd: holdMicros,
  tokens: holdTokens,
  runs: 1,
  seconds: timeoutSeconds,
});

/** `amounts` of the kinds that these lines limit, nothing of the others. */
export function limited(lines: readonly Line[], amounts: Amounts): Amounts {
  const kinds = kindsOf(lines);
  return mapAmounts(amounts, (amount, kind) => (kinds.includes(kind) ? amount : 0));
}

export function mapAmounts(amounts: Amounts, change: (amount: number, kind: Kind) => number): Amounts {
  return {
    usd: change(amounts.usd, 'usd'),
    tokens: change(amounts.tokens, 'tokens'),
    runs: change(amounts.runs, 'runs'),
    seconds: change(amounts.seconds, 'seconds'),
  };
}

export const inSlice = ({ availableMicros, others }: Pick<Slice, 'availableMicros' | 'others'>): Amounts => ({
  ...others,
  usd: availableMicros,
});
/** What a run in progress holds. */
export const heldBy = (run: Pick<ActiveRun, 'holdMicros' | 'others'> | null): Amounts =>
  run ? { ...run.others, usd: run.holdMicros } : NOTHING;

export const isNothing = (amounts: Amounts): boolean =>
  amounts.usd === 0 && amounts.tokens === 0 && amounts.runs === 0 && amounts.seconds === 0;

/** The hour that a slice under these limits belongs to: none unless one of them is per hour. */
export const hourFor = (lines: readonly Line[], hour: string): string | null =>
  lines.some(({ per }) => per === 'hour') ? hour : null;

/** What one more run lacks in this slice. */
export function lacking(slice: Slice, spec: Holding): Amounts {
  const there = inSlice(slice);
  return mapAmounts(limited(slice.lines, holdsOf(spec)), (hold, kind) => Math.max(0, hold - there[kind]));
}

export const isLacking = (slice: Slice, spec: Holding): boolean => !isNothing(lacking(slice, spec));

/**
 * What to take from every scope when a run lacks something: grows with the runs of the day, so that a busy agent comes
 * seldom and a quiet one lets nothing idle. Always at least what is lacking.
 */
export function sliceOf({ slice, day }: Pick<Instance, 'slice' | 'day'>, spec: Holding): Amounts {
  const holds = Math.min(MAX_HOLDS, Math.max(1, day.runs));
  const least = lacking(slice, spec);
  return mapAmounts(limited(slice.lines, holdsOf(spec)), (hold, kind) => Math.max(least[kind], holds * hold));
}

/** Slices are cut only while every instance of the scope could have two of them. */
export function isRoomy(availableMicros: number, instances: number, slice: number): boolean {
  return availableMicros >= 2 * Math.max(1, instances) * slice;
}

/** A slice of this size leaves the last tenth of the limit, where every claim looks at the budget, alone. */
export function leavesLastTenth({ limitMicros, availableMicros, throttled }: Budget, slice: number): boolean {
  return !throttled || (limitMicros - availableMicros + slice) * 100 < limitMicros * THROTTLE_PERCENT;
}

/**
 * Whether a tick is left out to make the rest of a limit last: every second one from 90 % in use, two of three from
 * 95 %. Where the last tenth is less than two runs there is nothing to stretch; who asks for a run by hand gets it.
 */
export function isThrottled(budget: Budget, { journal }: Pick<Instance, 'journal'>, need: ThrottleNeed): boolean {
  const { limitMicros, availableMicros, throttled } = budget;
  if (!throttled || triggerOf(need.slot) === 'manual' || need.amount * 20 > limitMicros) return false;
  const used = (limitMicros - availableMicros) * 100;
  if (used < limitMicros * THROTTLE_PERCENT) return false;
  const skips = used < limitMicros * SLOW_PERCENT ? 1 : 2;
  const last = journal.slice(-skips);
  return last.length < skips || last.some(({ note }) => note !== 'throttled');
}

export type ThrottleNeed = Pick<Wish, 'slot'> & { readonly amount: number };
