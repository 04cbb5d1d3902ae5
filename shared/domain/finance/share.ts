/** Parts of a whole, and orders, in integers. */

/** Basis points, rounded down; null when there is no whole, 0 for a part that is negative. */
export function shareBps(part: number, whole: number): number | null {
  if (whole <= 0) return null;
  return part <= 0 ? 0 : Number((BigInt(part) * 10_000n) / BigInt(whole));
}

/** Signed basis points of something that may be negative, rounded towards zero; null when there is no whole. */
export function ratioBps(part: number, whole: number): number | null {
  return whole <= 0 ? null : Number((BigInt(part) * 10_000n) / BigInt(whole)) || 0;
}

/** An even share of a sum, rounded to the nearest micro-dollar, halves away from zero. */
export function perPart(sum: number, parts: number): number {
  const half = BigInt(Math.floor(parts / 2));
  const size = BigInt(Math.abs(sum));
  return Math.sign(sum) * Number((size + half) / BigInt(parts)) || 0;
}

/** A part of an amount, in basis points, rounded down. */
export function partOf(micros: number, bps: number): number {
  return Number((BigInt(micros) * BigInt(bps)) / 10_000n);
}

export const sumOf = <Row>(rows: readonly Row[], pick: (row: Row) => number): number =>
  rows.reduce((total, row) => total + pick(row), 0);

/** The most of something first; equals by id. */
export function byMost<Row extends { readonly id: string }>(pick: (row: Row) => number): (a: Row, b: Row) => number {
  return (a, b) => pick(b) - pick(a) || (a.id < b.id ? -1 : 1);
}
