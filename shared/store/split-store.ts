/**
 * Rules for money of several agents, by what was sold (an id of a product, price or link, or `utm:<campaign>`) or by
 * source. A rule is never changed: a further version begins now, and what was paid before keeps the one of its time.
 */
import type { Share } from '../domain/split.ts';
import type { Item, Table, Value } from '../ports/table.ts';
import { splitKey, splitPrefix, splitsPk } from './keys.ts';
import { queryAll } from './query-all.ts';

export const SPLIT_SOURCES = ['stripe', 'gumroad', 'hook'] as const;

export type SplitRule = {
  readonly target: string;
  readonly version: number;
  /** Epoch milliseconds of the first payment that it concerns. */
  readonly from: number;
  /** Empty: removed. */
  readonly shares: readonly Share[];
  readonly actor: string;
  readonly reason: string;
};

/** The rule in force for a payment of that moment; null where there is none. */
export async function splitAt(table: Table, target: string, at: number): Promise<SplitRule | null> {
  const rule = (await versionsOf(table, target)).findLast(({ from }) => from <= at);
  return rule && rule.shares.length > 0 ? rule : null;
}

/** What a rule can be for; names of strangers that are anything else have none. */
export const isSplitTarget = (target: string): boolean => /^[\x21-\x7e]{1,200}$/.test(target);

/** All versions there ever were, the oldest first. */
export async function versionsOf(table: Table, target: string): Promise<SplitRule[]> {
  if (!isSplitTarget(target)) return [];
  const prefix = splitPrefix(target);
  return (await queryAll(table, { pk: splitsPk, from: prefix, to: `${prefix}~` })).map(decodeRule);
}

/** The latest of each, by target; removed ones as well when `all`. */
export async function listSplits(table: Table, all = false): Promise<SplitRule[]> {
  const rules = (await queryAll(table, { pk: splitsPk })).map(decodeRule);
  const latest = [...Map.groupBy(rules, ({ target }) => target).values()].flatMap((some) => some.slice(-1));
  return all ? rules : latest.filter(({ shares }) => shares.length > 0);
}

export function encodeRule({ target, version, shares, ...fields }: SplitRule): Item {
  const list = shares.map(({ agentId, weight }) => [agentId, weight]);
  return { ...splitKey(target, version), ...fields, v: 1, target, version, shares: list };
}

function decodeRule(item: Item): SplitRule {
  return {
    target: String(item.target),
    version: Number(item.version),
    from: Number(item.from),
    shares: (item.shares as readonly (readonly Value[])[]).map(([agentId, weight]) => {
      return { agentId: String(agentId), weight: Number(weight) };
    }),
    actor: String(item.actor),
    reason: String(item.reason),
  };
}
