/**
 * What is known today of a run's cost: its compute, by its time and the stage's rate, attempts that were lost, and what
 * its paid calls told. The lines add up to what the run was charged, to the micro-dollar.
 */
import { attemptMicros, computeBoundMicros, type Rate } from './protocol/cost.ts';
import type { RunStatus } from './run.ts';

export type ReceiptFacts = {
  readonly status: RunStatus;
  readonly attempt: number;
  readonly durationMs: number;
  readonly costMicros: number;
  /** Its lease ran out: compute was charged at its bound. */
  readonly lost: boolean;
  readonly timeoutSeconds: number;
  readonly nanosPerSecond: number;
  /** Where it is not the stage's: a task has a price, a minimum and a tail of its own. */
  readonly rate?: Rate;
};

export type RunReceiptLine = {
  readonly item: 'paid_calls' | 'compute' | 'lost_compute';
  readonly quantity: number;
  readonly unit: 'run' | 'ms';
  /** Nano-dollars for a second; null where the run said what it cost. */
  readonly nanosPerSecond: number | null;
  readonly amountMicros: number;
};

export function runReceipt(facts: ReceiptFacts): RunReceiptLine[] {
  const { status, costMicros, durationMs, attempt, timeoutSeconds, lost } = facts;
  const own = facts.rate ?? { nanosPerSecond: facts.nanosPerSecond, minimumMs: 0, tailMs: 0 };
  const { nanosPerSecond } = own;
  if (status === 'refused' || status === 'cancelled') return [];
  const running = status === 'running' || status === 'claimed' || status === 'queued';
  const computeMs = lost ? timeoutSeconds * 1000 + own.tailMs : Math.max(own.minimumMs, durationMs);
  const bound = computeBoundMicros(timeoutSeconds, own);
  // A run in progress has been charged for its calls alone; and nothing is charged beyond its hold.
  const compute = running ? 0 : Math.min(costMicros, lost ? bound : attemptMicros(durationMs, own));
  const lostCompute = running ? 0 : Math.min(costMicros - compute, (attempt - 1) * bound);
  const rate = { unit: 'ms', nanosPerSecond } as const;
  const lines: RunReceiptLine[] = [
    {
      ...{ item: 'paid_calls', quantity: 1, unit: 'run', nanosPerSecond: null },
      amountMicros: costMicros - compute - lostCompute,
    },
    { item: 'compute', quantity: running ? 0 : computeMs, ...rate, amountMicros: compute },
  ];
  if (attempt === 1 || running) return lines;
  const lostMs = (attempt - 1) * (timeoutSeconds * 1000 + own.tailMs);
  return [...lines, { item: 'lost_compute', quantity: lostMs, ...rate, amountMicros: lostCompute }];
}
