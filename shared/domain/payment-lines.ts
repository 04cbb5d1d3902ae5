/** What stands under the owner's name of one payment, and would have to move with it. */
import type { Bucket, LedgerEntry } from './ledger.ts';

export type Line = {
  readonly bucket: Bucket;
  readonly at: number;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly exponent: number;
  readonly amountMicros: number | null;
  readonly count: number;
};

/** The line that an entry is. */
export function lineOf({ bucket, at, amountMinor, currency, exponent, amountMicros, count }: Line | LedgerEntry): Line {
  return { bucket, at, amountMinor, currency, exponent, amountMicros, count };
}

/** The same taken away again. */
export function negated(line: Line): Line {
  const amountMicros = line.amountMicros === null ? null : -line.amountMicros || 0;
  return { ...line, amountMinor: -line.amountMinor, amountMicros, count: -line.count || 0 };
}

/**
 * Of each line that moves there are two adjustments and two sums of a day; they, the sums of the agents and what a
 * message adds itself must fit into one transaction of 100 actions.
 */
const MAX_LINES = 16;

/** Lines of one bucket, time and currency are one line; when there are too many, the time is given up. */
export function withLine(lines: readonly Line[], line: Line): Line[] {
  const index = lines.findIndex((other) => isAlike(other, line, lines.length >= MAX_LINES));
  const found = lines[index];
  if (!found) return [...lines, line];
  const amountMicros = found.amountMicros === null ? null : found.amountMicros + (line.amountMicros ?? 0);
  const merged = {
    ...found,
    amountMinor: found.amountMinor + line.amountMinor,
    amountMicros,
    count: found.count + line.count,
  };
  return lines
    .map((other, n) => (n === index ? merged : other))
    .filter((other) => other.amountMinor !== 0n || other.count !== 0);
}

function isAlike(other: Line, line: Line, anyTime: boolean): boolean {
  return (
    other.bucket === line.bucket &&
    other.currency === line.currency &&
    other.exponent === line.exponent &&
    (other.amountMicros === null) === (line.amountMicros === null) &&
    Number.isSafeInteger((other.amountMicros ?? 0) + (line.amountMicros ?? 0)) &&
    (other.at === line.at || anyTime)
  );
}
