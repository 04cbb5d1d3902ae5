/**
 * What of a payment stands under whom. A split payment's entries are booked whole under nobody and handed on at once by
 * adjustments; how much each agent has follows from all lines of the payment together, never from the steps that led
 * there. So every order of messages ends the same, and what is refunded in full is taken back in full from each.
 */
import { type Attribution, type LedgerEntry, UNATTRIBUTED_ID } from './ledger.ts';
import { type Line, lineOf } from './payment-lines.ts';
import { partsOf, type Share } from './split.ts';

export type OwnedLine = { readonly agentId: string | null; readonly line: Line };

const DAY_MS = 86_400_000;
const dayOf = ({ at }: Line): number => Math.floor(at / DAY_MS);
const kindOf = ({ bucket, currency, exponent, amountMicros }: Line): string =>
  `${bucket} ${currency} ${exponent} ${amountMicros === null ? 'unconverted' : 'converted'}`;

/** What must stand under each owner of a payment with these lines. */
export function ownedLines(lines: readonly Line[], { agentId, shares }: Attribution): OwnedLine[] {
  if (!shares) return lines.map((line) => ({ agentId, line }));
  const kinds = Map.groupBy(lines, kindOf);
  return [...kinds.values()].flatMap((some) => spread(some, shares));
}

export const ownedEntries = (entries: readonly LedgerEntry[]): OwnedLine[] =>
  entries.map((entry) => ({ agentId: entry.agentId, line: lineOf(entry) }));

/** The running sum after each day is split; a day has what it adds to everybody's part of it. */
function spread(lines: readonly Line[], shares: readonly Share[]): OwnedLine[] {
  const days = [...Map.groupBy(lines, dayOf)].toSorted(([a], [b]) => a - b).map(([, some]) => summed(some));
  let sum: Line | null = null;
  let before: readonly Line[] = [];
  return days.flatMap((day) => {
    sum = sum ? plus(sum, day) : day;
    const after = splitLine(sum, shares);
    const parts = after.map((part, place) => {
      const was = before[place];
      const line = was ? plus(part, was, -1) : part;
      return { agentId: shares[place]?.agentId ?? null, line: { ...line, at: day.at } };
    });
    before = after;
    return parts;
  });
}

/** In proportion to the minor units of the parts, so that a dollar's part is worth the part of a dollar. */
function splitLine(line: Line, shares: readonly Share[]): Line[] {
  const weights = shares.map(({ weight }) => BigInt(weight));
  const minors = partsOf(line.amountMinor, weights);
  const sizes = line.amountMinor === 0n ? weights : minors.map((minor) => (minor < 0n ? -minor : minor));
  const micros = line.amountMicros === null ? null : partsOf(BigInt(line.amountMicros), sizes);
  const counts = partsOf(BigInt(line.count), weights);
  return shares.map((_, place) => ({
    ...line,
    amountMinor: minors[place] ?? 0n,
    amountMicros: micros === null ? null : Number(micros[place] ?? 0n),
    count: Number(counts[place] ?? 0n),
  }));
}

/** @param times -1 takes it away. */
function plus(line: Line, other: Line, times: 1 | -1 = 1): Line {
  const amountMicros = line.amountMicros === null ? null : line.amountMicros + times * (other.amountMicros ?? 0) || 0;
  return {
    ...line,
    amountMinor: line.amountMinor + BigInt(times) * other.amountMinor,
    amountMicros,
    count: line.count + times * other.count || 0,
  };
}

const summed = (lines: readonly Line[]): Line =>
  lines.slice(1).reduce((sum, line) => plus(sum, line), lines[0] as Line);

/** What is to be booked so that `must` stands where `is` does now; all of it adds up to nothing. */
export function differences(must: readonly OwnedLine[], is: readonly OwnedLine[]): OwnedLine[] {
  const placeOf = ({ agentId, line }: OwnedLine): string =>
    `${agentId ?? UNATTRIBUTED_ID} ${kindOf(line)} ${dayOf(line)}`;
  const away = is.map(({ agentId, line }) => ({ agentId, line: plus({ ...line, ...nothing(line) }, line, -1) }));
  return [...Map.groupBy([...must, ...away], placeOf).values()]
    .map((some): OwnedLine => ({ agentId: some[0]?.agentId ?? null, line: summed(some.map(({ line }) => line)) }))
    .filter(({ line }) => line.amountMinor !== 0n || (line.amountMicros ?? 0) !== 0 || line.count !== 0)
    .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

const nothing = ({ amountMicros }: Line): Pick<Line, 'amountMinor' | 'amountMicros' | 'count'> => {
  return { amountMinor: 0n, amountMicros: amountMicros === null ? null : 0, count: 0 };
};

/** The days given up, where there are too many for one transaction: each agent's sums stay exact. */
export function onOneDay(owned: readonly OwnedLine[], at: number): OwnedLine[] {
  return owned.map(({ agentId, line }) => ({ agentId, line: { ...line, at } }));
}
