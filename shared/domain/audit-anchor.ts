/**
 * The one chain of the workspace: every ten minutes an anchor writes down the heads that have moved. An entity whose chain
 * was rewritten together with its head no longer agrees with an anchor, and an anchor no longer with the day's root,
 * which is kept where nobody who writes the table can reach it.
 */
import { type ChainFault, canonicalJson, GENESIS, verifyChain } from './audit.ts';

/** `[entity, seq, hash]`: the record that was the newest of its chain. */
export type AnchoredHead = readonly [entity: string, seq: number, hash: string];

export type Anchor = {
  readonly seq: number;
  readonly prevHash: string;
  /** Epoch milliseconds; never before that of the anchor before it. */
  readonly at: number;
  readonly heads: readonly AnchoredHead[];
};

/** As it is kept: the bytes that were hashed, and what they say. */
export type KeptAnchor = Anchor & { readonly hash: string; readonly bytes: string };

/** What is kept outside once a day: which anchor was the newest. */
export type Root = { readonly date: string; readonly at: number; readonly seq: number; readonly hash: string };

export const anchorBytes = ({ seq, prevHash, at, heads }: Anchor): string =>
  canonicalJson({ v: 1, seq, prevHash, at, heads });

export const rootText = (root: Root): string => canonicalJson({ v: 1, ...root });

/** @throws RangeError when it is no root. */
export function readRoot(text: string): Root {
  const { v, date, at, seq, hash } = JSON.parse(text) as Record<string, unknown>;
  if (
    v !== 1 ||
    typeof date !== 'string' ||
    typeof at !== 'number' ||
    typeof seq !== 'number' ||
    typeof hash !== 'string'
  )
    throw new RangeError('this is no root of an audit trail');
  return { date, at, seq, hash };
}

/** The newest record of each entity, by entity; what `known` anchors hold already is left out. */
export function movedHeads(records: readonly AnchoredHead[], known: readonly AnchoredHead[]): AnchoredHead[] {
  const anchored = newestOf(known);
  return [...newestOf(records).values()]
    .filter(([entity, seq]) => seq > (anchored.get(entity)?.[1] ?? 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function newestOf(heads: readonly AnchoredHead[]): Map<string, AnchoredHead> {
  const newest = new Map<string, AnchoredHead>();
  for (const head of heads) if (head[1] > (newest.get(head[0])?.[1] ?? 0)) newest.set(head[0], head);
  return newest;
}

/** The anchors themselves, in order; null when every byte is as it was written. The roots guard their end. */
export function verifyAnchors(anchors: readonly KeptAnchor[], sha256: (text: string) => string): ChainFault | null {
  const last = anchors.at(-1);
  return verifyChain(anchors, { seq: anchors.length, hash: last?.hash ?? GENESIS }, sha256);
}

/** Roots against the anchors: the first one whose anchor is another one, or gone. */
export function rootFault(anchors: readonly KeptAnchor[], roots: readonly Root[]): ChainFault | null {
  for (const { date, seq, hash } of roots) {
    const anchor = anchors[seq - 1];
    if (!anchor) return { seq, problem: `the root of ${date} names this anchor, which is gone` };
    if (anchor.hash !== hash) return { seq, problem: `the root of ${date} names another anchor here` };
  }
  return null;
}

/** A chain against what the anchors hold of it: the first anchored record that is another one, or gone. */
export function anchoredFault(
  chain: readonly { readonly hash: string }[],
  heads: readonly AnchoredHead[],
): ChainFault | null {
  for (const [, seq, hash] of [...heads].sort((a, b) => a[1] - b[1])) {
    const record = chain[seq - 1];
    if (!record) return { seq, problem: 'was anchored and is gone' };
    if (record.hash !== hash) return { seq, problem: 'is another record than the one that was anchored' };
  }
  return null;
}
