/**
 * A run's cost, line by line: what its record says it used, times the prices that held when it was claimed. The lines add
 * up to what it was charged, to the micro-dollar; attempts that were lost, and whatever a later reader of the table cannot
 * explain, have lines of their own.
 */
import { type PriceTable, priceTable } from './price-table.ts';
import { attemptMicros, type Rate } from './protocol/cost.ts';
import { feeName, isFee, type ReceiptLine, receiptOf } from './receipt.ts';
import type { RunUsage } from './receipt-code.ts';
import type { RunStatus } from './run.ts';

export type ReceiptFacts = {
  readonly status: RunStatus;
  readonly attempt: number;
  readonly durationMs: number;
  readonly costMicros: number;
  /** Its lease ran out: compute was charged at its bound. */
  readonly lost: boolean;
  readonly timeoutSeconds: number;
  /** Of the stage today, for records that keep no quantities. */
  readonly nanosPerSecond: number;
  /** Where it is not the stage's: a task has a price, a minimum and a tail of its own. */
  readonly rate?: Rate;
  /** What its record says; null for one that says nothing. */
  readonly used: RunUsage | null;
};

export type RunReceiptLine = {
  /** `tokens.<model>.<kind>` and other items of the price table; `paid_calls`, `compute`, `lost_compute`, `above_hold`. */
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  /** So many nano-dollars for `per` units; null where the amount was told. */
  readonly priceNanos: number | null;
  readonly per: number | null;
  /** Nano-dollars for a second, where compute goes by the rate of the stage. */
  readonly nanosPerSecond: number | null;
  readonly amountMicros: number;
};

export type RunReceipt = {
  /** Of the price table; null where nothing went by it. */
  readonly version: string | null;
  readonly lines: readonly RunReceiptLine[];
  readonly totalMicros: number;
};

const TOLD = { quantity: 1, unit: 'run', priceNanos: null, per: null, nanosPerSecond: null } as const;

/** At the prices of the claim, or of another version of the table: then the total is what it would have been. */
export function runReceipt(
  facts: ReceiptFacts,
  other?: PriceTable,
  tableOf: (version: string) => PriceTable = priceTable,
): RunReceipt {
  const { status, used, costMicros } = facts;
  // One that was stopped may have paid before; one that never began has not.
  if (status === 'refused' || (status === 'cancelled' && !used))
    return { version: null, lines: restOf(costMicros, facts), totalMicros: costMicros };
  if (!used) return { version: null, lines: unkept(facts), totalMicros: costMicros };
  const { lines, totalMicros, version } = receiptOf(used.usage, tableOf(used.version));
  const rest = restOf(costMicros - totalMicros, facts);
  const priced = other ? receiptOf(used.usage, other) : { lines, totalMicros, version };
  return {
    version: priced.lines.some(({ price }) => price) ? priced.version : null,
    lines: [...priced.lines.map((line) => shown(line, facts)), ...rest],
    totalMicros: priced.totalMicros + costMicros - totalMicros,
  };
}

const rateFor = ({ rate, nanosPerSecond }: ReceiptFacts): Rate => rate ?? { nanosPerSecond, minimumMs: 0, tailMs: 0 };

function shown({ item, price, quantity, amountMicros }: ReceiptLine, facts: ReceiptFacts): RunReceiptLine {
  if (price) {
    const { unit, nanos, per } = price;
    return { item, quantity, unit, priceNanos: nanos, per, nanosPerSecond: null, amountMicros };
  }
  const name = isFee(item) ? feeName(item) : item;
  if (name !== 'compute') return { item: name, ...TOLD, amountMicros };
  const own = rateFor(facts);
  const rate = attemptMicros(facts.durationMs, own) === amountMicros ? own.nanosPerSecond : null;
  const billedMs = Math.max(own.minimumMs, facts.durationMs);
  return { item: name, ...TOLD, quantity: billedMs, unit: 'ms', nanosPerSecond: rate, amountMicros };
}

/** What was charged beside the lines: lost attempts at their bound; less, where a run reached its hold. */
function restOf(micros: number, facts: ReceiptFacts): RunReceiptLine[] {
  const { attempt, lost, timeoutSeconds, used } = facts;
  if (micros === 0) return [];
  if (micros < 0) return [{ item: 'above_hold', ...TOLD, amountMicros: micros }];
  // The time of a task that was lost is among the lines.
  const attempts = lost && !used?.usage.some(({ item }) => !isFee(item)) ? attempt : attempt - 1;
  if (attempts === 0) return [{ item: 'unexplained', ...TOLD, amountMicros: micros }];
  return [
    {
      item: 'lost_compute',
      ...TOLD,
      quantity: attempts * (timeoutSeconds * 1000 + rateFor(facts).tailMs),
      unit: 'ms',
      amountMicros: micros,
    },
  ];
}

/** A record without quantities, and a run in progress: compute by its time at the rate of today, the rest told. */
function unkept(facts: ReceiptFacts): RunReceiptLine[] {
  const { status, costMicros, durationMs, attempt, timeoutSeconds, lost } = facts;
  const own = rateFor(facts);
  const running = status === 'running' || status === 'claimed' || status === 'queued';
  const mostMs = timeoutSeconds * 1000 + own.tailMs;
  const bound = attemptMicros(mostMs, own);
  // A run in progress has been charged for its calls alone; and nothing is charged beyond its hold.
  const compute = running ? 0 : Math.min(costMicros, lost ? bound : attemptMicros(durationMs, own));
  const lostCompute = running ? 0 : Math.min(costMicros - compute, (attempt - 1) * bound);
  const rate = { ...TOLD, unit: 'ms', nanosPerSecond: own.nanosPerSecond } as const;
  const quantity = running ? 0 : lost ? mostMs : Math.max(own.minimumMs, durationMs);
  const lines: RunReceiptLine[] = [
    { item: 'paid_calls', ...TOLD, amountMicros: costMicros - compute - lostCompute },
    { item: 'compute', ...rate, quantity, amountMicros: compute },
  ];
  if (attempt === 1 || running) return lines;
  return [...lines, { item: 'lost_compute', ...rate, quantity: (attempt - 1) * mostMs, amountMicros: lostCompute }];
}
