/** Money is integers: micro-USD for cost (`…Micros`), minor units with a currency for revenue as received. */
import { NovaError } from './error.ts';

export const MICROS_PER_USD = 1_000_000;

/**
 * Reads a decimal string of dollars ("12", "0.10", "-3.5") as micro-USD, exactly.
 * @throws NovaError bad_input when it is not a decimal with at most six places, or beyond ±9,007,199,254 dollars.
 */
export function usdToMicros(text: string): number {
  const match = /^(-?)(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) {
    throw new NovaError('bad_input', `an amount is dollars with at most six decimals, like 12 or 0.10; got "${text}"`);
  }
  const [, sign = '', whole = '0', fraction = ''] = match;
  const micros = Number(BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0')));
  if (!Number.isSafeInteger(micros)) throw new NovaError('bad_input', `an amount of "${text}" dollars is too large`);
  return sign === '-' ? -micros || 0 : micros;
}

/** Dollars and cents for people: 1234560000 → "$1,234.56"; below a cent all six places are shown. */
export function formatUsd(micros: number): string {
  const digits = Math.abs(micros).toString().padStart(7, '0');
  const whole = digits.slice(0, -6).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = digits.slice(-6);
  const shown = fraction.endsWith('0000') ? fraction.slice(0, 2) : fraction.replace(/0+$/, '');
  return `${micros < 0 ? '-' : ''}$${whole}.${shown}`;
}

/**
 * Return on investment in basis points: (revenue − cost) / cost × 10,000, rounded down; null when nothing was spent,
 * because a free agent has no ROI and must not look like one that breaks even.
 */
export function roiBps(revenueMicros: number, costMicros: number): number | null {
  if (costMicros <= 0) return null;
  const scaled = BigInt(revenueMicros - costMicros) * 10_000n;
  const cost = BigInt(costMicros);
  const floored = scaled >= 0n || scaled % cost === 0n ? scaled / cost : scaled / cost - 1n;
  return Number(floored);
}

/** Basis points as a percentage for people: 40000 → "400 %", null → "n/a". */
export function formatBps(bps: number | null): string {
  if (bps === null) return 'n/a';
  const percent = bps / 100;
  return `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`;
}
