/** A row of numbers as a row of bars, one column each. */

const UP = '▁▂▃▄▅▆▇█';

/**
 * Bars from a common zero line: what is positive stands on it, what is negative hangs from it (`▔` a little, `▀` more
 * than half), nothing is a dot.
 */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(0, ...values.map(Math.abs));
  return values.map((value) => bar(value, most)).join('');
}

function bar(value: number, most: number): string {
  if (value === 0 || most === 0) return '·';
  if (value < 0) return -value * 2 > most ? '▀' : '▔';
  return UP[Math.min(UP.length - 1, Math.ceil((value / most) * UP.length) - 1)] ?? '·';
}
