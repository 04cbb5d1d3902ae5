/** Whether a table is still the one that was worked on, or was restored and does not know what happened since. */
import type { Root } from './audit-anchor.ts';

export type Origin = {
  /** What the platform called the table when it was looked at last. */
  readonly marks: readonly string[];
  /** Roots of a history that was lost, as people were told already. */
  readonly lost: readonly string[];
  /** When a restored table was noticed last; 0: never. */
  readonly noticedAt: number;
  /** What was noticed then, in words. */
  readonly why: string;
};

/** Another one when it has none of the marks that were written down; where the platform knows none, nobody can tell. */
export const isAnother = (known: readonly string[], seen: readonly string[]): boolean =>
  known.length > 0 && seen.length > 0 && !seen.some((mark) => known.includes(mark));

/** A root by its day and the anchor that it names. */
export const lostName = ({ date, seq }: Pick<Root, 'date' | 'seq'>): string => `${date} ${seq}`;

/** What was noticed, in words; null: nothing that nobody was told yet. */
export function noticed(origin: Origin, seen: readonly string[], lost: readonly Root[]): string | null {
  const fresh = lost.filter((root) => !origin.lost.includes(lostName(root)));
  const copied = isAnother(origin.marks, seen);
  if (!copied && fresh.length === 0) return null;
  const what = copied ? 'the data were restored or copied to here' : 'the data went back in time';
  const [first] = fresh;
  if (!first) return `${what}: what happened since is not known in them`;
  return `${what}: the audit trail was at anchor ${first.seq} on ${first.date}, which is not in them`;
}

/** For the audit record of the halt: which roots belong to what was lost, once a person lets it go on. */
export const LOST_ROOTS = 'lostRoots';
export const lostText = (lost: readonly Root[]): string => lost.map(lostName).join(', ');
export const lostFrom = (text: unknown): readonly string[] =>
  typeof text === 'string' && text !== '' ? text.split(', ') : [];
