/** A receipt as people read it: what, how much of it, at which price, how much money. */
import { parseTokenItem, type TokenKind } from '../../shared/domain/price-table.ts';
import type { RunReceiptLine } from '../../shared/domain/run-receipt.ts';
import { blocks } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { type Column, table } from '../render/table.ts';
import { durationOf, longTime, usdOf } from '../render/words.ts';

export type ReceiptView = {
  readonly id: string;
  readonly status: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly lines: readonly LineView[];
  readonly totalMicros: number;
  readonly costMicros: number;
  readonly version: string | null;
  readonly differenceMicros: number;
};

type LineView = Omit<RunReceiptLine, 'item'> & { readonly id: string };

const KINDS: { readonly [kind in TokenKind]: string } = {
  input: 'input',
  output: 'output',
  cacheRead: 'cache read',
  cacheWrite5m: 'cache write 5m',
  cacheWrite1h: 'cache write 1h',
  reasoning: 'reasoning',
};
const NAMES: ReadonlyMap<string, string> = new Map([
  ['paid_calls', 'paid calls, as they told'],
  ['lost_calls', 'calls of a lost attempt'],
  ['compute', 'compute'],
  ['lost_compute', 'compute of lost attempts'],
  ['above_hold', 'beyond what it held'],
  ['unexplained', 'not in its lines'],
  ['lambda.compute.arm64', 'Lambda compute, arm64'],
  ['lambda.request', 'Lambda requests'],
  ['sqs.request', 'SQS requests'],
  ['dynamodb.write', 'DynamoDB writes'],
  ['dynamodb.read', 'DynamoDB reads'],
  ['email.ses', 'e-mails'],
  ['fargate.vcpu.arm64', 'Fargate processors'],
  ['fargate.memory.arm64', 'Fargate memory'],
  ['fargate.spot.vcpu.arm64', 'Fargate Spot processors'],
  ['fargate.spot.memory.arm64', 'Fargate Spot memory'],
  ['gpu.g4dn.xlarge', 'GPU, g4dn.xlarge'],
  ['gpu.g4dn.12xlarge', 'GPUs, g4dn.12xlarge'],
  ['ipv4.address', 'public address'],
]);

export function itemName(item: string): string {
  const token = parseTokenItem(item);
  return token ? `${token.model}, ${KINDS[token.kind]}` : (NAMES.get(item) ?? item);
}

/** Megabyte- and vCPU-milliseconds are read as seconds. */
const LARGE: ReadonlyMap<string, { readonly unit: string; readonly size: number }> = new Map([
  ['MB-ms', { unit: 'GB-s', size: 1024 * 1000 }],
  ['vCPU-ms', { unit: 'vCPU-s', size: 1000 }],
]);

const grouped = (quantity: number): string => quantity.toLocaleString('en-US');

export function quantityText(quantity: number, unit: string): string {
  if (unit === 'ms') return durationOf(quantity);
  const large = LARGE.get(unit);
  if (!large) return grouped(quantity);
  return `${(quantity / large.size).toLocaleString('en-US', { maximumFractionDigits: 3 })} ${large.unit}`;
}

/** Per million of what is counted, per second of what is timed: as price lists say it. */
function priceText({ priceNanos, per, unit, nanosPerSecond }: LineView): string {
  if (nanosPerSecond !== null) return `${nanosPerSecond} n$/s`;
  if (priceNanos === null || per === null) return 'told';
  const large = LARGE.get(unit);
  const units = large?.size ?? 1_000_000;
  const dollars = Number(((priceNanos * units) / per / 1e9).toPrecision(6));
  return large ? `$${dollars.toFixed(10).replace(/0+$/, '')}/${large.unit}` : `$${dollars}/M`;
}

const COLUMNS: readonly Column<LineView>[] = [
  { title: 'ITEM', value: ({ id }) => itemName(id), min: 12 },
  { title: 'QUANTITY', value: ({ quantity, unit }) => quantityText(quantity, unit), align: 'right' },
  { title: 'PRICE', value: priceText, align: 'right' },
  { title: 'AMOUNT', value: ({ amountMicros }) => usdOf(amountMicros), align: 'money' },
];

export function receiptText(receipt: ReceiptView, style: Style): string {
  const { id, status, startedAt, durationMs, lines, totalMicros, costMicros, version, differenceMicros } = receipt;
  const when = `${status}, ${longTime(startedAt)}, ${durationOf(durationMs)}`;
  const prices = version === null ? '' : `, prices of ${version}`;
  return blocks(
    `${style.paint('bold', id)}\n${style.paint('dim', `${when}${prices}`)}`,
    table(lines, COLUMNS, style, 'it cost nothing'),
    `total ${style.paint('bold', usdOf(totalMicros))}`,
    differenceMicros === 0 ? '' : `it was charged ${usdOf(costMicros)}: ${usdOf(differenceMicros)} of difference`,
  );
}
