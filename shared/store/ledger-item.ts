/** Ledger entries, payments and earnings as items. */
import type { Additions } from '../domain/earnings.ts';
import { type Earnings, earningsFrom } from '../domain/earnings.ts';
import type { AttributionMethod, Bucket, LedgerEntry, LedgerSource } from '../domain/ledger.ts';
import type { Line, PaymentThread } from '../domain/payment-thread.ts';
import type { Item, Put, Update, Value } from '../ports/table.ts';
import { dayIndex, earningsKey, entryKey, paymentKey } from './keys.ts';

export const utcDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Written once, never again. */
export function entryPut(entry: LedgerEntry): Put {
  const { id, attribution, originalRef, ...fields } = entry;
  const item: Item = {
    ...entryKey(entry.source, entry.movementId),
    ...fields,
    v: 1,
    method: attribution.method,
    confidenceBps: attribution.confidenceBps,
    eventId: originalRef.eventId,
    objectId: originalRef.objectId,
    ixPk: dayIndex('ENTRY', utcDate(entry.at)),
    ixSk: `${new Date(entry.at).toISOString()}#${id}`.slice(0, 1024),
  };
  return { op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] };
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
  };
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

/** Replaces the thread that was read at `rev - 1`, and no other. */
export function threadPut(thread: PaymentThread): Put {
  const { source, paymentKey: payment, whose, lines, rev, ...sums } = thread;
  const item: Item = {
    ...paymentKey(source, payment),
    ...sums,
    v: 1,
    source,
    paymentKey: payment,
    agentId: whose.agentId,
    method: whose.method,
    confidenceBps: whose.confidenceBps,
    strength: whose.strength,
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
      strength: Number(item.strength),
    },
    lines: (item.lines as readonly Value[]).map(decodeLine),
    refundedByIdMinor: bigintOf(item.refundedByIdMinor),
    refundedTotalMinor: bigintOf(item.refundedTotalMinor),
    excessMinor: bigintOf(item.excessMinor),
    excessAt: Number(item.excessAt),
    rev: Number(item.rev),
  };
}

/** Adds to the sums of an agent, or of nobody; makes the item when there is none. */
export function earningsUpdate(owner: string, additions: Additions, now: number): Update {
  return {
    op: 'update',
    key: earningsKey(owner),
    add: additions,
    set: { lastAt: now },
    setIfAbsent: { v: 1, agentId: owner },
  };
}

const SUM = /^(revenueMicros|refundMicros|feeMicros|entries|(minor|unconverted)_[A-Z]{3})$/;

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
