/** Randomness from a seed: the same seed throws the same dice on every machine. Never for secrets. */
export type Dice = {
  /** 0 to 1, without 1. */
  fraction(): number;
  /** An integer from 0 to below `below`. */
  below(below: number): number;
  /** @throws RangeError for an empty list. */
  pick<T>(from: readonly T[]): T;
  /** True with this probability. */
  chance(probability: number): boolean;
};

/** A 32-bit state stepped by a Weyl sequence and mixed (splitmix32): quick, and good enough to shuffle histories. */
export function dice(seed: number): Dice {
  let state = seed | 0;
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick(from) {
      if (from.length === 0) throw new RangeError('nothing to pick from');
      return from[below(from.length)] as (typeof from)[number];
    },
  };
}
