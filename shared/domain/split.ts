/** One payment for several agents: shares by weight, exact to the last minor unit. */
import { NovaError } from './error.ts';

export type Share = { readonly agentId: string; readonly weight: number };

/** So many agents fit, with every line of a payment, into one transaction. */
export const MAX_SHARES = 5;
const MAX_WEIGHT = 1_000_000;

/**
 * A whole in parts by largest remainder: they add up to it, whatever it is, and a negative whole mirrors the positive
 * one. Between equal remainders the earlier weight comes first; weights that are all 0 count alike.
 */
export function partsOf(whole: bigint, weights: readonly bigint[]): bigint[] {
  const given = weights.reduce((sum, weight) => sum + weight, 0n);
  const [total, scale] = given === 0n ? [BigInt(weights.length), weights.map(() => 1n)] : [given, weights];
  const size = whole < 0n ? -whole : whole;
  const exact = scale.map((weight, place) => ({ place, part: (size * weight) / total, left: (size * weight) % total }));
  let missing = size - exact.reduce((sum, { part }) => sum + part, 0n);
  const order = exact.toSorted((a, b) => (a.left === b.left ? a.place - b.place : a.left > b.left ? -1 : 1));
  const parts = exact.map(({ part }) => part);
  for (const { place } of order) {
    if (missing <= 0n) break;
    parts[place] = (parts[place] ?? 0n) + 1n;
    missing -= 1n;
  }
  return whole < 0n ? parts.map((part) => -part) : parts;
}

/**
 * Shares in the one order in which they count: the largest first, equal ones by name.
 * @throws NovaError bad_input for none, too many, an agent twice, or a weight that is no whole number above 0.
 */
export function sharesOf(given: readonly Share[]): readonly Share[] {
  if (given.length === 0 || given.length > MAX_SHARES)
    throw new NovaError('bad_input', `a split has 1 to ${MAX_SHARES} agents; got ${given.length}`);
  const twice = given.find(({ agentId }, place) => given.findIndex((other) => other.agentId === agentId) !== place);
  if (twice) throw new NovaError('bad_input', `${twice.agentId} is named twice`);
  for (const { agentId, weight } of given) {
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > MAX_WEIGHT)
      throw new NovaError('bad_input', `${agentId} gets a whole number of 1 to ${MAX_WEIGHT}, like ${agentId}=60`);
  }
  return given.toSorted((a, b) => b.weight - a.weight || (a.agentId < b.agentId ? -1 : 1));
}

/** `mailer=60 shop=40` */
export const sharesText = (shares: readonly Share[]): string =>
  shares.map(({ agentId, weight }) => `${agentId}=${weight}`).join(' ');
