/** The state of the whole house in a few words: buckets of agents, its health, and what to do about it. */
import { formatUsd } from '../money.ts';
import type { TargetProgress } from './targets.ts';

/** Agents by what they return: high from 300 %, middle from 100 %, low from 0, negative below; unrated without cost. */
export type Buckets = {
  readonly high: number;
  readonly middle: number;
  readonly low: number;
  readonly negative: number;
  readonly unrated: number;
};

export function bucketsOf(rois: readonly (number | null)[]): Buckets {
  const counting = (test: (bps: number) => boolean): number => rois.filter((bps) => bps !== null && test(bps)).length;
  return {
    high: counting((bps) => bps >= 30_000),
    middle: counting((bps) => bps >= 10_000 && bps < 30_000),
    low: counting((bps) => bps >= 0 && bps < 10_000),
    negative: counting((bps) => bps < 0),
    unrated: rois.filter((bps) => bps === null).length,
  };
}

export type SystemHealth = 'excellent' | 'good' | 'fair' | 'poor' | 'no_agents';

/** The share of high ones among the clear cases (high, low, negative): those between say neither. */
export function systemHealth({ high, low, negative }: Buckets, onTrack: boolean, agents: number): SystemHealth {
  if (agents === 0) return 'no_agents';
  const clear = high + low + negative;
  if (clear === 0) return 'fair';
  if (onTrack && high * 100 >= clear * 60) return 'excellent';
  if (onTrack && high * 100 >= clear * 40) return 'good';
  return high * 100 >= clear * 20 ? 'fair' : 'poor';
}

export type Advice = { readonly code: string; readonly text: string };

export type AdviceFacts = {
  readonly buckets: Buckets;
  readonly target: TargetProgress;
  /** Agents that lose, the worst first. */
  readonly losers: readonly string[];
  /** Net revenue of the target month by department that has agents. */
  readonly departments: readonly { readonly id: string; readonly netMicros: number }[];
};

const LOW_DEPARTMENT_MICROS = 100_000_000;

/** What follows from the numbers, the most pressing first. */
export function adviceOf({ buckets, target, losers, departments }: AdviceFacts): Advice[] {
  const { high, middle, low, negative } = buckets;
  const rated = high + middle + low + negative;
  const advice: Advice[] = [];
  const say = (code: string, text: string): void => void advice.push({ code, text });
  if (target.tracking === 'behind') {
    const wanted = `${formatUsd(target.neededMicros)} more needed by ${target.to}`;
    say('behind_target', `behind the target of month ${target.number}: ${wanted}`);
  }
  if (negative > 0) say('pause_negative', `${negative} with a negative ROI: pause ${named(losers)}`);
  if (rated > 0 && low + negative > high + middle)
    say('majority_low', 'most agents return less than 100 %: optimise or retire them');
  if (rated > 0 && high === 0) say('none_high', 'no agent returns 300 % or more: try other blueprints or prices');
  if (high >= 3) say('scale_winners', `${high} agents return 300 % or more: scale them (nova autonomy run --dry-run)`);
  const weak = departments.filter(({ id, netMicros }) => id !== 'operations' && netMicros < LOW_DEPARTMENT_MICROS);
  for (const { id, netMicros } of weak)
    say('department_low', `${id} brought in ${formatUsd(netMicros)} this month, less than $100`);
  return advice;
}

const MOST_NAMED = 3;

function named(ids: readonly string[]): string {
  const more = ids.length - MOST_NAMED;
  return `${ids.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
