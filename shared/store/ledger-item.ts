/** Ledger entries, payments and earnings as items. */
import { type Additions, type Earnings, earningsFrom } from '../domain/earnings.ts';
import {
  ASSIGNED_STRENGTH,
  type AttributionMethod,
  type Bucket,
  type LedgerEntry,
  type LedgerSource,
  settledOf,
} from '../domain/ledger.ts';
import type { Addition, DayCell, Fingerprint } from '../domain/ledger-proof.ts';
import type { Line } from '../domain/payment-lines.ts';
import type { PaymentThread } from '../domain/payment-thread.ts';
import type { Share } from '../domain/split.ts';
import type { Item, Put, Update, Value } from '../ports/table.ts';
import { dayIndex, earningsKey, entryKey, ledgerSumsKey, paymentKey } from './keys.ts';

export const utcDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Written once, never again; `hash` is that of the whole entry. */
export function entryPut(entry: LedgerEntry, hash: string): Put {
  return { op: 'put', item: entryItem(entry, hash), if: [{ attr: 'pk', op: 'missing' }] };
}

export function entryItem(entry: LedgerEntry, hash: string): Item {
  const { id, attribution, originalRef, ...fields } = entry;
  return {
    ...entryKey(entry.source, entry.movementId),
    ...fields,
    v: 1,
    method: attribution.method,
    confidenceBps: attribution.confidenceBps,
    eventId: originalRef.eventId,
    objectId: originalRef.objectId,
    ixPk: dayIndex('ENTRY', utcDate(entry.at)),
    ixSk: `${new Date(entry.at).toISOString()}#${id}`.slice(0, 1024),
    hash,
  };
}

const textOrNull = (value: Value | undefined): string | null => (typeof value === 'string' ? value : null);
const bigintOf = (value: Value | undefined): bigint => (typeof value === 'bigint' ? value : BigInt(Number(value ?? 0)));

export function decodeEntry(item: Item): LedgerEntry {
  const source = item.source as LedgerSource;
  const movementId = String(item.movementId);
  return {
    id: `${source}:${movementId}`,
    source,
    movementId,
    kind: item.kind as LedgerEntry['kind'],
    bucket: item.bucket as Bucket,
    at: Number(item.at),
    bookedAt: Number(item.bookedAt),
    agentId: textOrNull(item.agentId),
    attribution: { method: item.method as AttributionMethod, confidenceBps: Number(item.confidenceBps) },
    amountMinor: bigintOf(item.amountMinor),
    currency: String(item.currency),
    exponent: Number(item.exponent),
    amountMicros: item.amountMicros === null ? null : Number(item.amountMicros),
    count: Number(item.count),
    paymentKey: textOrNull(item.paymentKey),
    originalRef: { eventId: String(item.eventId), objectId: String(item.objectId) },
    livemode: item.livemode === true,
    note: String(item.note),
    ...settledOf({
      ...(item.presented ? { presented: moneyOf(item.presented) } : {}),
      ...(typeof item.rate === 'string' ? { rate: item.rate } : {}),
      ...(typeof item.availableAt === 'number' ? { availableAt: item.availableAt } : {}),
    }),
  };
}

function moneyOf(value: Value): { amountMinor: bigint; currency: string } {
  const { amountMinor, currency } = value as { readonly [name: string]: Value };
  return { amountMinor: bigintOf(amountMinor), currency: String(currency) };
}

const encodeLine = (line: Line): Value => [
  line.bucket,
  line.at,
  line.amountMinor,
  line.currency,
  line.exponent,
  line.amountMicros,
  line.count,
];

function decodeLine(value: Value): Line {
  const [bucket, at, amountMinor, currency, exponent, amountMicros, count] = value as readonly Value[];
  return {
    bucket: bucket as Bucket,
    at: Number(at),
    amountMinor: bigintOf(amountMinor),
    currency: String(currency),
    exponent: Number(exponent),
    amountMicros: amountMicros === null ? null : Number(amountMicros),
    count: Number(count),
  };
}

/** 2: what a claim weighs is counted in tens, so that something fits in between. */
export const THREAD_VERSION = 2;

/** Version 1 counted from 1 to 4 below a person's word. Read for ever; `nova migrate run` writes the old ones anew. */
export const strengthOf = ({ v, strength }: Item): number =>
  Number(strength) * (v === 1 && Number(strength) < ASSIGNED_STRENGTH ? 10 : 1);

/** Replaces the thread that was read at `rev - 1`, and no other. */
export function threadPut(thread: PaymentThread): Put {
  const { source, paymentKey: payment, whose, lines, rev, ...sums } = thread;
  const item: Item = {
    ...paymentKey(source, payment),
    ...sums,
    v: THREAD_VERSION,
    source,
    paymentKey: payment,
    agentId: whose.agentId,
    method: whose.method,
    confidenceBps: whose.confidenceBps,
    strength: whose.strength,
    ...(whose.shares ? { shares: whose.shares.map(({ agentId, weight }) => [agentId, weight]) } : {}),
    ...(whose.rule === undefined ? {} : { rule: whose.rule }),
    lines: lines.map(encodeLine),
    rev,
  };
  const unchanged =
    rev === 1 ? ({ attr: 'pk', op: 'missing' } as const) : ({ attr: 'rev', op: '=', value: rev - 1 } as const);
  return { op: 'put', item, if: [unchanged] };
}

export function decodeThread(item: Item): PaymentThread {
  return {
    source: item.source as LedgerSource,
    paymentKey: String(item.paymentKey),
    whose: {
      agentId: textOrNull(item.agentId),
      method: item.method as AttributionMethod,
      confidenceBps: Number(item.confidenceBps),
      strength: strengthOf(item),
      ...(Array.isArray(item.shares) ? { shares: item.shares.map(decodeShare) } : {}),
      ...(typeof item.rule === 'string' ? { rule: item.rule } : {}),
    },
    lines: (item.lines as readonly Value[]).map(decodeLine),
    refundedByIdMinor: bigintOf(item.refundedByIdMinor),
    refundedTotalMinor: bigintOf(item.refundedTotalMinor),
    excessMinor: bigintOf(item.excessMinor),
    excessAt: Number(item.excessAt),
    rev: Number(item.rev),
  };
}

function decodeShare(value: Value): Share {
  const [agentId, weight] = value as readonly Value[];
  return { agentId: String(agentId), weight: Number(weight) };
}

/** Adds to the sums of an agent, or of nobody; makes the item when there is none. */
export function earningsUpdate(owner: string, { sums, proof }: Addition, now: number): Update {
  return {
    op: 'update',
    key: earningsKey(owner),
    add: { ...sums, ...proof },
    set: { lastAt: now },
    setIfAbsent: { v: 1, agentId: owner },
  };
}

/** Adds to the sums of a day. `department`: the agent's; empty for nobody's money. */
export function daySumsUpdate({ date, owner, source }: DayCell, { sums, proof }: Addition, department: string): Update {
  return {
    op: 'update',
    key: ledgerSumsKey(date, owner, source),
    add: { ...sums, ...proof },
    setIfAbsent: { v: 1, date, agentId: owner, source, department },
  };
}

export function fingerprintOfItem(item: Item | null): Fingerprint {
  const of = (name: keyof Fingerprint): bigint => bigintOf(item?.[name]);
  return { proofA: of('proofA'), proofB: of('proofB'), proofCount: of('proofCount') };
}

const SUM = /^(revenueMicros|refundMicros|feeMicros|payoutMicros|entries|(minor|unconverted|payout)_[A-Z]{3})$/;

/** The named sums of an earnings item, without those that are 0. */
export function sumsOf(item: Item): Additions {
  const sums = Object.entries(item).filter(([name]) => SUM.test(name));
  return Object.fromEntries(
    sums.map(([name, value]) => [name, bigintOf(value)] as const).filter(([, sum]) => sum !== 0n),
  );
}

/** Earnings from an item of the fleet's shards whose sort key ends in #EARN. */
export function decodeEarnings(item: Item): Earnings {
  const owner = item.sk.replace(/#EARN$/, '');
  return earningsFrom(owner, sumsOf(item), typeof item.lastAt === 'number' ? item.lastAt : null);
}
