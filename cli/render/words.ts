/** Small words that many answers share: moments, amounts, shares. */
import { formatBps, formatUsd } from '../../shared/domain/money.ts';

/** An ISO moment in UTC for a table: `11-20 14:05:09`, with the year in details. */
export function shortTime(iso: string | null): string {
  return iso === null ? '–' : iso.slice(5, 19).replace('T', ' ');
}

export function longTime(iso: string | null): string | null {
  return iso === null ? null : `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

export const usdOf = (micros: number | null): string => (micros === null ? '–' : formatUsd(micros));
/** To the cent from a dollar on, halves away from zero; smaller amounts exactly. What must add up is shown by usdOf. */
export function centsOf(micros: number | null): string {
  if (micros === null || Math.abs(micros) < 1_000_000) return usdOf(micros);
  return usdOf(Math.sign(micros) * Math.floor((Math.abs(micros) + 5000) / 10_000) * 10_000);
}
export const roiOf = (bps: number | null): string => formatBps(bps);

/** Whole percents, rounded down, so that 100 % is said only of the whole. */
export const percentOf = (bps: number): string => `${Math.floor(bps / 100)} %`;

export function durationOf(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${(milliseconds / 1000).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** In the unit that a person would say: 512 B, 14 KB, 3.2 MB. */
export function bytesOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
