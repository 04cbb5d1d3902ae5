/**
 * What a run's own compute and the platform around it cost. Where runs are Lambda's (`runMemoryMb`) they are items of the
 * price table: gigabyte-seconds, one request, the queue, and the table's units that a run counts itself. Tasks are items, too: their
 * processors, memory and address, or their GPU's instance, by the second, one minute at least. Elsewhere a second costs
 * what the stage says, in nano-USD (integers); a started micro-dollar counts whole.
 */
import type { AgentSpec } from '../agent.ts';
import { pricesAt } from '../price-table.ts';
import { feeItem, lambdaUsage, receiptOf, type Usage } from '../receipt.ts';
import { MINIMUM_BILLED_MS, TAIL_SECONDS, type TaskShape, taskUsage } from '../task.ts';

export type Rate = {
  readonly nanosPerSecond: number;
  /** Whatever takes less is billed as this. */
  readonly minimumMs: number;
  /** What may be billed beyond the time-out of a run. */
  readonly tailMs: number;
  /** Memory of the function that runs agents, where they are charged by the price table. */
  readonly runMemoryMb?: number;
  /** The task that runs go on in, where it is charged by the price table. */
  readonly task?: TaskShape;
};

/** What a run does to the platform, as it counts it. */
export type PlatformUse = { readonly ms: number; readonly writeUnits: number; readonly readUnits: number };

/** Requests of the queue a run: its message is sent, received and deleted (one poll brings one). */
export const QUEUE_REQUESTS = 3;
/** So many units of the table are held for; a run that needs more has paid calls that cost a thousand times as much. */
export const MOST_WRITE_UNITS = 24;
export const MOST_READ_UNITS = 80;

type Stage = { readonly computeNanosPerSecond: number; readonly runMemoryMb?: number };

type Billed = Pick<AgentSpec, 'task' | 'restSeconds'>;

/** A task has a price of its own, a function that of the stage. */
export function rateOf({ task, restSeconds }: Billed, { computeNanosPerSecond, runMemoryMb }: Stage): Rate {
  if (!task) {
    const lambda = runMemoryMb === undefined ? {} : { runMemoryMb };
    return { nanosPerSecond: computeNanosPerSecond, minimumMs: 0, tailMs: 0, ...lambda };
  }
  // A task that lives on is billed from the end of one cycle to the end of the next, its rest between them included.
  const tailMs = (TAIL_SECONDS + (restSeconds ?? 0)) * 1000;
  const minimumMs = restSeconds === undefined ? MINIMUM_BILLED_MS : 0;
  // On the owner's machine its time costs nothing.
  const priced = task.nanosPerSecond > 0 ? { task } : {};
  return { nanosPerSecond: task.nanosPerSecond, minimumMs, tailMs, ...priced };
}

export function computeMicros(durationMs: number, nanosPerSecond: number): number {
  return Math.ceil((Math.max(0, durationMs) * nanosPerSecond) / 1_000_000);
}

/** What an attempt of so many billed milliseconds is charged. */
export function attemptMicros(billedMs: number, { nanosPerSecond, minimumMs }: Rate): number {
  return computeMicros(Math.max(minimumMs, billedMs), nanosPerSecond);
}

/** What one attempt used of the platform, as lines of its receipt; nothing where nothing is charged. */
export function platformUsage(rate: Rate, use: PlatformUse): Usage[] {
  if (rate.task) return taskUsage(rate.task, billedMsOf(rate, use.ms)).filter(({ quantity }) => quantity > 0);
  if (rate.runMemoryMb !== undefined)
    return [
      ...lambdaUsage(rate.runMemoryMb, use.ms),
      { item: 'sqs.request', quantity: QUEUE_REQUESTS },
      { item: 'dynamodb.write', quantity: Math.min(MOST_WRITE_UNITS, use.writeUnits) },
      { item: 'dynamodb.read', quantity: Math.min(MOST_READ_UNITS, use.readUnits) },
    ].filter(({ quantity }) => quantity > 0);
  const micros = attemptMicros(use.ms, rate);
  return micros > 0 ? [{ item: feeItem('compute'), quantity: micros }] : [];
}

/** By the second, once there is a minimum; a cycle of a task that lives on ends where the next begins. */
function billedMsOf({ minimumMs }: Rate, ms: number): number {
  return minimumMs === 0 ? Math.max(0, ms) : Math.max(minimumMs, Math.ceil(ms / 1000) * 1000);
}

/** What an attempt is charged of which only the billed time is known, at the prices of `at`; the units are those held. */
export function lostMicros(rate: Rate, billedMs: number, at: number): number {
  const most = { ms: billedMs, writeUnits: MOST_WRITE_UNITS, readUnits: MOST_READ_UNITS };
  return receiptOf(platformUsage(rate, most), pricesAt(at)).totalMicros;
}

/** The most one attempt may cost without its paid calls: its time-out and its tail, at the prices of its claim. */
export function computeBoundMicros(timeoutSeconds: number, rate: Rate, at: number): number {
  return lostMicros(rate, timeoutSeconds * 1000 + rate.tailMs, at);
}

/** What a claim holds: the blueprint's own limit and the bound of the compute. */
export function holdMicros(
  limits: { readonly costMicros: number; readonly timeoutSeconds: number },
  rate: Rate,
  at: number,
): number {
  return limits.costMicros + computeBoundMicros(limits.timeoutSeconds, rate, at);
}
