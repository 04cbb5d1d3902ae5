/**
 * A receipt as a few characters of its run's record. It holds quantities and the version of the price table, never
 * amounts: they follow. Parts are set apart by "~", numbers are in base 36 and have no comma:
 *
 *   <version>                                   days since 2020
 *   -haiku-4-5:<input>.<output>…                tokens of claude-haiku-4-5, in the order of TOKEN_KINDS
 *   $<name>:<micros>                            what was told; without a name it is `paid_calls`
 *   =<MB>.<requests>.<sqs>.<writes>.<reads>     Lambda, its milliseconds are the record's
 *   @f:<vCPU-ms>.<MB-ms>.<address-ms>           Fargate; @s is Spot
 *   @g4dn.xlarge:<ms>.<address-ms>              the instance of a GPU
 *   !<tokens>                                   tokens of calls that nobody answered for
 *   *<fence>.<tokens>                           alone: the receipt is an item of its own
 */
import { parseTokenItem, TOKEN_KINDS, tokenItem } from './price-table.ts';
import { feeItem, feeName, isFee, tokensIn, type Usage } from './receipt.ts';

export type RunUsage = {
  /** Of the price table: the date of the claim's prices. */
  readonly version: string;
  readonly usage: readonly Usage[];
  /** Of calls whose answer was lost with their run: in no line, because nobody knows their kind. */
  readonly lostTokens: number;
};

export const NOTHING_USED: RunUsage = { version: '2020-01-01', usage: [], lostTokens: 0 };

export type ReceiptText =
  | { readonly kind: 'kept'; readonly used: RunUsage }
  | { readonly kind: 'item'; readonly fence: number; readonly tokens: number };

/** More goes into an item of its own. */
export const MAX_PARTS = 6;

const DAY_MS = 86_400_000;
const EPOCH_DAY = Date.UTC(2020, 0, 1) / DAY_MS;
const b36 = (n: number): string => n.toString(36);
const from36 = (text: string | undefined): number => Number.parseInt(text || '0', 36);
/** Zeros at the end are left out. */
const numbers = (list: readonly number[]): string =>
  list
    .map(b36)
    .join('.')
    .replace(/(\.0)+$/, '');

const encodeVersion = (date: string): string => b36(Date.parse(`${date}T00:00:00Z`) / DAY_MS - EPOCH_DAY);
const decodeVersion = (text: string): string =>
  new Date((from36(text) + EPOCH_DAY) * DAY_MS).toISOString().slice(0, 10);

const COMPUTE = 'lambda.compute.arm64';
const AROUND = ['lambda.request', 'sqs.request', 'dynamodb.write', 'dynamodb.read'] as const;
const VENDOR = 'claude';
/** Told without a name of its own. */
const USUAL_FEE = 'paid_calls';

/** The text of what a run used; null when it has too many parts, or one that has no letter. */
export function encodeUsage({ version, usage, lostTokens }: RunUsage, durationMs: number): string | null {
  const parts: string[] = [];
  const models = Map.groupBy(usage, ({ item }) => parseTokenItem(item)?.model ?? '');
  for (const [model, lines] of models) {
    if (model === '') continue;
    const counts = TOKEN_KINDS.map((kind) => lines.find(({ item }) => item === tokenItem(model, kind))?.quantity ?? 0);
    parts.push(`${model.startsWith(`${VENDOR}-`) ? model.slice(VENDOR.length) : model}:${numbers(counts)}`);
  }
  const others = models.get('') ?? [];
  for (const { item, quantity } of others)
    if (isFee(item)) parts.push(`$${feeName(item) === USUAL_FEE ? '' : feeName(item)}:${b36(quantity)}`);
  const task = encodeTask(others);
  if (task !== null) parts.push(task);
  const platform = others.filter(({ item }) => !isFee(item) && !(task !== null && isOfTask(item)));
  if (platform.length > 0) {
    const text = encodePlatform(platform, durationMs);
    if (text === null) return null;
    parts.push(text);
  }
  if (lostTokens > 0) parts.push(`!${b36(lostTokens)}`);
  return parts.length > MAX_PARTS ? null : [encodeVersion(version), ...parts].join('~');
}

const TASKS = [
  ['f', ['fargate.vcpu.arm64', 'fargate.memory.arm64']],
  ['s', ['fargate.spot.vcpu.arm64', 'fargate.spot.memory.arm64']],
] as const;
const ADDRESS = 'ipv4.address';
const GPU = 'gpu.';
const isOfTask = (item: string): boolean => /^(fargate|gpu|ipv4)\./.test(item);

/** Null when there is no task, or one that has no letter: then nothing has. */
function encodeTask(lines: readonly Usage[]): string | null {
  const ofTask = lines.filter(({ item }) => isOfTask(item));
  const [first] = ofTask;
  if (!first) return null;
  const items = first.item.startsWith(GPU) ? [first.item] : TASKS.find(([, [vcpu]]) => vcpu === first.item)?.[1];
  if (!items) return null;
  const order: readonly string[] = [...items, ADDRESS];
  if (!ofTask.every(({ item }) => order.includes(item))) return null;
  const name = TASKS.find(([, [vcpu]]) => vcpu === first.item)?.[0] ?? first.item.slice(GPU.length);
  return `@${name}:${numbers(order.map((item) => ofTask.find((line) => line.item === item)?.quantity ?? 0))}`;
}

function decodeTask(name: string, counts: readonly number[]): Usage[] {
  const items = TASKS.find(([letter]) => letter === name)?.[1] ?? [`${GPU}${name}`];
  return [...items, ADDRESS]
    .map((item, at) => ({ item, quantity: counts[at] ?? 0 }))
    .filter(({ quantity }) => quantity > 0);
}

function encodePlatform(lines: readonly Usage[], durationMs: number): string | null {
  const quantityOf = (wanted: string): number => lines.find(({ item }) => item === wanted)?.quantity ?? 0;
  const compute = quantityOf(COMPUTE);
  const memoryMb = durationMs === 0 ? 0 : compute / durationMs;
  const known = lines.every(({ item }) => item === COMPUTE || AROUND.some((one) => one === item));
  if (!known || !Number.isSafeInteger(memoryMb) || memoryMb * durationMs !== compute) return null;
  return `=${numbers([memoryMb, ...AROUND.map(quantityOf)])}`;
}

export const encodeReceiptItem = (fence: number, usage: RunUsage): string =>
  `*${b36(fence)}.${b36(tokensIn(usage.usage) + usage.lostTokens)}`;

/** What a text says; null for one that is empty. */
export function decodeReceipt(text: string, durationMs: number): ReceiptText | null {
  if (text === '') return null;
  if (text.startsWith('*')) {
    const [fence, tokens] = text.slice(1).split('.');
    return { kind: 'item', fence: from36(fence), tokens: from36(tokens) };
  }
  const [version = '', ...parts] = text.split('~');
  const lost = parts.find((part) => part.startsWith('!'))?.slice(1);
  const usage = parts.filter((part) => !part.startsWith('!')).flatMap((part) => decodePart(part, durationMs));
  return { kind: 'kept', used: { version: decodeVersion(version), usage, lostTokens: from36(lost) } };
}

function decodePart(part: string, durationMs: number): Usage[] {
  if (part.startsWith('=')) {
    const [memoryMb = 0, ...around] = part.slice(1).split('.').map(from36);
    const lines = [{ item: COMPUTE as string, quantity: memoryMb * durationMs }];
    for (const [at, item] of AROUND.entries()) lines.push({ item, quantity: around[at] ?? 0 });
    return lines.filter(({ quantity }) => quantity > 0);
  }
  const at = part.lastIndexOf(':');
  const [name, counts] = [
    part.slice(0, at),
    part
      .slice(at + 1)
      .split('.')
      .map(from36),
  ];
  if (name.startsWith('$')) return [{ item: feeItem(name.slice(1) || USUAL_FEE), quantity: counts[0] ?? 0 }];
  if (name.startsWith('@')) return decodeTask(name.slice(1), counts);
  const model = name.startsWith('-') ? `${VENDOR}${name}` : name;
  return TOKEN_KINDS.map((kind, k) => ({ item: tokenItem(model, kind), quantity: counts[k] ?? 0 })).filter(
    ({ quantity }) => quantity > 0,
  );
}

/** Tokens that a run is charged for, whatever became of its calls. */
export function tokensOf(text: string, durationMs: number): number {
  const receipt = decodeReceipt(text, durationMs);
  if (receipt === null) return 0;
  return receipt.kind === 'item' ? receipt.tokens : tokensIn(receipt.used.usage) + receipt.used.lostTokens;
}
