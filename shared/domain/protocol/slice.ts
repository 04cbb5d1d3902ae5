/** How much of the budgets an instance takes at once, and when that stops being generous. */
import type { Instance } from '../instance.ts';

/** A slice is at most this many holds. */
const MAX_HOLDS = 64;

/**
 * What to take from every scope when `holdMicros` are needed: grows with the runs of the day, so that a busy agent
 * comes seldom and a quiet one lets no money idle. Always at least what is lacking.
 */
export function sliceMicros(instance: Instance, holdMicros: number): number {
  const holds = Math.min(MAX_HOLDS, Math.max(1, instance.day.runs));
  return Math.max(lackingMicros(instance, holdMicros), holds * holdMicros);
}

export function lackingMicros(instance: Instance, holdMicros: number): number {
  return Math.max(0, holdMicros - instance.slice.availableMicros);
}

/** Slices are cut only while every instance of the scope could have two of them. */
export function isRoomy(availableMicros: number, instances: number, slice: number): boolean {
  return availableMicros >= 2 * Math.max(1, instances) * slice;
}
