/** Small fingerprints: enough to tell whether two things one after another are the same, never to trust anything by. */

/** FNV-1a over UTF-16 units, from 0 to 2³² − 1. */
export function printOf(...texts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    // So that ("ab", "c") is not ("a", "bc").
    hash = Math.imul(hash ^ 0xffff, 0x01000193);
  }
  return hash >>> 0;
}

/** Prints of things that may come in any order. */
export const mixed = (print: number, other: number): number => (print + other) >>> 0;

const SPELLED = 36 ** 4;

/** Four characters: two that differ look alike once in 1.7 million. */
export const spelled = (print: number): string => (print % SPELLED).toString(36).padStart(4, '0');
