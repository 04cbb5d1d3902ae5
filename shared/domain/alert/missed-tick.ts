/** Ticks that never came: the time of a schedule is over, and its instance knows of no such run, not even of a refused one. Pure. */
import type { Agent } from '../agent.ts';
import { freeSince, type Instance } from '../instance.ts';
import { openTicks, tickMs, triggerOf } from '../run.ts';
import { firings } from '../schedule/next.ts';
import { parseSchedule } from '../schedule/parse.ts';

/** A flexible window may take fifteen minutes of it, a delivery whose function died six. */
export const MISSED_MS = 30 * 60_000;

export type TickFacts = {
  readonly agent: Agent;
  readonly instances: readonly Instance[];
  /** When a kill switch over it was last turned; 0: never. Its schedules begin anew then. */
  readonly turnedAt: number;
  /** Since when somebody has looked without a gap: whoever was asleep first does what is left to do. */
  readonly watchedSince: number;
  readonly now: number;
};

/** `at`: when the earliest tick that is missing was due, in epoch milliseconds. */
export type MissedTick = { readonly at: number; readonly instances: number; readonly of: number };

/** null: nothing is missing, or nothing is awaited. Who is busy or cools down closes what it left out when it is free. */
export function missedTick({ agent, instances, turnedAt, watchedSince, now }: TickFacts): MissedTick | null {
  if (agent.status !== 'active' || !agent.schedule) return null;
  const active = instances.filter(({ number, status }) => number < agent.instances && status === 'active');
  const missed = active
    .filter(({ run, coolingUntil }) => (run === null || run.leaseUntil <= now) && coolingUntil <= now)
    .map((one) => ({
      due: dueAfter(agent, Math.max(lastTickMs(one), agent.updatedAt, turnedAt)),
      // Ticks that wait for a long run to end look in when it has: at a task's, within a quarter of an hour.
      free: freeSince(one),
    }))
    .filter(({ due, free }) => due !== null && now >= Math.max(due, free, watchedSince) + MISSED_MS)
    .map(({ due }) => due);
  if (missed.length === 0) return null;
  return { at: Math.min(...missed.map(Number)), instances: missed.length, of: active.length };
}

/** A rate begins anew whenever its schedule is made, so its next tick comes within a period of whatever was last seen. */
function dueAfter({ schedule }: Agent, sinceMs: number): number | null {
  if (!schedule) return null;
  const parsed = parseSchedule(schedule.expression);
  if (parsed.kind === 'rate') return sinceMs + parsed.periodMs;
  const { value } = firings(parsed, schedule.timezone, sinceMs).next();
  return value ?? null;
}

/** The newest tick that it has heard of: closed, tried or at work. */
function lastTickMs(instance: Instance): number {
  const { recent, floor, run } = instance;
  const atWork = run && triggerOf(run.slot) === 'schedule' ? [run.slot] : [];
  return Math.max(floor, ...[...recent, ...openTicks(instance), ...atWork].map(tickMs));
}
