/**
 * What things cost, as published, by the date from which a price holds. A price is whole nano-USD for so many units, so
 * that nothing is a fraction. Rows are added and never changed: a version of the table is a date, and the rows in force
 * on it are its prices. So an old receipt can be read, and priced again, for ever.
 */
import { NovaError } from './error.ts';

export type PriceRow = {
  readonly item: string;
  /** What a quantity counts. */
  readonly unit: string;
  readonly nanos: number;
  /** So many units cost `nanos`. */
  readonly per: number;
  /** 'YYYY-MM-DD', the first day of the price. */
  readonly since: string;
  readonly source: string;
  /** When the source was read. */
  readonly checked: string;
};

export type Price = Pick<PriceRow, 'item' | 'unit' | 'nanos' | 'per' | 'since'> & { readonly version: string };

/** In the order of the lists below. `reasoning` is counted apart only where a model prices it apart from its output. */
export const TOKEN_KINDS = ['input', 'output', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'reasoning'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];
export type TokenCounts = { readonly [kind in TokenKind]: number };
export const NO_TOKENS: TokenCounts = {
  ...{ input: 0, output: 0, cacheRead: 0 },
  ...{ cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
};

/** `tokens.claude-sonnet-4-5.input` */
export const tokenItem = (model: string, kind: TokenKind): string => `tokens.${model}.${kind}`;

/** Model and kind of a token's item; null for anything else. */
export function parseTokenItem(item: string): { readonly model: string; readonly kind: TokenKind } | null {
  const [, model = '', word = ''] = /^tokens\.(.+)\.(\w+)$/.exec(item) ?? [];
  const kind = TOKEN_KINDS.find((one) => one === word);
  return kind ? { model, kind } : null;
}

/** A model as the table calls it: `claude-haiku-4-5-20251001` is one dated edition of `claude-haiku-4-5`. */
export const pricedModel = (model: string): string => model.replace(/-\d{8}$/, '');

/** Milli-dollars per million tokens, in the order of TOKEN_KINDS. */
type ModelPrices = readonly [
  input: number,
  output: number,
  read: number,
  write5m: number,
  write1h: number,
  reasoning?: number,
];

function model(name: string, prices: ModelPrices, since: string): PriceRow[] {
  return TOKEN_KINDS.filter((_, at) => prices[at] !== undefined).map((kind) => ({
    item: tokenItem(name, kind),
    unit: 'token',
    nanos: (prices[TOKEN_KINDS.indexOf(kind)] ?? 0) * 1_000_000,
    per: 1_000_000,
    since,
    source: 'platform.claude.com/docs/en/about-claude/pricing',
    checked: '2026-11-20',
  }));
}

const OPUS: ModelPrices = [5000, 25_000, 500, 6250, 10_000];
const OPUS_BEFORE: ModelPrices = [15_000, 75_000, 1500, 18_750, 30_000];
const SONNET: ModelPrices = [3000, 15_000, 300, 3750, 6000];

type Simple = readonly [item: string, unit: string, nanos: number, per: number];
type From = Pick<PriceRow, 'since' | 'source' | 'checked'>;

const priced = ([item, unit, nanos, per]: Simple, from: From): PriceRow => ({ item, unit, nanos, per, ...from });

const LAMBDA: From = { since: '2024-01-01', source: 'AWS Lambda price list, us-east-1', checked: '2026-09-19' };
const SQS: From = { since: '2024-01-01', source: 'cloudburn.io', checked: '2026-03-14' };
const DYNAMO_BEFORE: From = { since: '2024-01-01', source: 'AWS, on-demand cut of 2024-11-01', checked: '2025-07-21' };
const DYNAMO: From = { since: '2024-11-01', source: 'airbyte.com', checked: '2025-07-21' };
const FARGATE: From = {
  since: '2024-01-01',
  source: 'fortem.dev, reducecost, price-list tests',
  checked: '2026-02-01',
};
/** Seventy per cent below the price on demand; it moves. */
const SPOT: From = { since: '2024-01-01', source: 'general knowledge, to be checked', checked: '2026-11-20' };
const GPU: From = { since: '2024-01-01', source: 'general knowledge, to be checked', checked: '2026-11-20' };
/** Charged since February 2024. */
const IPV4: From = { since: '2024-01-01', source: 'general knowledge, to be checked', checked: '2026-11-20' };
const SES: From = { since: '2024-01-01', source: 'general knowledge, to be checked', checked: '2026-11-20' };

/** List prices of us-east-1; free allowances are not in them. Compute is counted in megabyte- and vCPU-milliseconds. */
export const PRICE_ROWS: readonly PriceRow[] = [
  ...['claude-opus-4', 'claude-opus-4-1'].flatMap((name) => model(name, OPUS_BEFORE, '2025-05-22')),
  ...['claude-opus-4-5', 'claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-4-8', 'claude-opus-5'].flatMap((name) =>
    model(name, OPUS, '2025-11-24'),
  ),
  ...['claude-sonnet-4', 'claude-sonnet-4-5', 'claude-sonnet-4-6'].flatMap((name) => model(name, SONNET, '2025-05-22')),
  ...model('claude-haiku-4-5', [1000, 5000, 100, 1250, 2000], '2025-10-15'),
  ...['claude-haiku-3-5', 'claude-3-5-haiku'].flatMap((name) => model(name, [800, 4000, 80, 1000, 1600], '2024-12-01')),
  // $0.0000133334 per GB-second on arm64.
  priced(['lambda.compute.arm64', 'MB-ms', 133_334, 10 * 1024 * 1000], LAMBDA),
  priced(['lambda.request', 'request', 200_000_000, 1_000_000], LAMBDA),
  priced(['sqs.request', 'request of 64 KB', 400_000_000, 1_000_000], SQS),
  priced(['dynamodb.write', 'write unit', 1_250_000_000, 1_000_000], DYNAMO_BEFORE),
  priced(['dynamodb.read', 'read unit', 250_000_000, 1_000_000], DYNAMO_BEFORE),
  priced(['dynamodb.write', 'write unit', 625_000_000, 1_000_000], DYNAMO),
  priced(['dynamodb.read', 'read unit', 125_000_000, 1_000_000], DYNAMO),
  // $0.03238 per vCPU-hour and $0.00356 per GB-hour on ARM.
  priced(['fargate.vcpu.arm64', 'vCPU-ms', 32_380_000, 3_600_000], FARGATE),
  priced(['fargate.memory.arm64', 'MB-ms', 3_560_000, 1024 * 3_600_000], FARGATE),
  priced(['fargate.spot.vcpu.arm64', 'vCPU-ms', 9_714_000, 3_600_000], SPOT),
  priced(['fargate.spot.memory.arm64', 'MB-ms', 1_068_000, 1024 * 3_600_000], SPOT),
  // The whole instance on demand, and 12 % for ECS Managed Instances.
  priced(['gpu.g4dn.xlarge', 'ms', 589_120_000, 3_600_000], GPU),
  priced(['gpu.g4dn.12xlarge', 'ms', 4_381_440_000, 3_600_000], GPU),
  // $0.005 an hour for each public IPv4 address.
  priced(['ipv4.address', 'ms', 5_000_000, 3_600_000], IPV4),
  priced(['email.ses', 'message', 100_000_000, 1000], SES),
];

export type PriceTable = {
  /** The date whose prices these are: the last change on or before the one asked for. */
  readonly version: string;
  /** @throws NovaError unpriced: nothing is spent on what has no price. */
  priceOf(item: string): Price;
  /** Models whose input and output have a price, sorted. */
  models(): readonly string[];
};

/**
 * The prices in force on a date.
 * @throws NovaError bad_input for a date before the first price.
 */
export function priceTable(date: string, rows: readonly PriceRow[] = PRICE_ROWS): PriceTable {
  const known = rows.filter(({ since }) => since <= date);
  const version = known.reduce((last, { since }) => (since > last ? since : last), '');
  if (version === '') throw new NovaError('bad_input', `no price is known for ${date || 'a day without a date'}`);
  // The newest row of an item wins; of the same day, the one added last.
  const byItem = new Map<string, PriceRow>();
  for (const row of known) if (row.since >= (byItem.get(row.item)?.since ?? '')) byItem.set(row.item, row);
  const models = [...byItem.keys()].flatMap((item) => {
    const token = parseTokenItem(item);
    return token?.kind === 'output' ? [token.model] : [];
  });
  return {
    version,
    models: () => models.toSorted(),
    priceOf(item) {
      const row = byItem.get(item);
      if (!row) throw unpriced(item, date, models);
      return { item, unit: row.unit, nanos: row.nanos, per: row.per, since: row.since, version };
    },
  };
}

function unpriced(item: string, date: string, models: readonly string[]): NovaError {
  const token = parseTokenItem(item);
  if (!token) return new NovaError('unpriced', `"${item}" has no price on ${date}: add a row to the price table first`);
  const known = models.length > 0 ? `priced are: ${models.toSorted().join(', ')}` : 'no model has one';
  return new NovaError('unpriced', `the model "${token.model}" has no price for ${token.kind} on ${date}; ${known}`);
}

/** The day of a price: UTC, as the vendors publish them. */
export const priceDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The prices of a moment. Before the first of them nothing has one, and only what was told can be added up. */
export function pricesAt(ms: number, rows: readonly PriceRow[] = PRICE_ROWS): PriceTable {
  const day = Math.floor(ms / DAY_MS);
  const known = rows === PRICE_ROWS ? days.get(day) : undefined;
  if (known) return known;
  const date = priceDate(ms);
  const table = rows.some(({ since }) => since <= date) ? priceTable(date, rows) : noPrices(date);
  if (rows !== PRICE_ROWS) return table;
  if (days.size >= MAX_DAYS) days.clear();
  days.set(day, table);
  return table;
}

const DAY_MS = 86_400_000;
/** Every run of a day asks for the same; days since 1970. */
const days = new Map<number, PriceTable>();
const MAX_DAYS = 100;

function noPrices(date: string): PriceTable {
  return { version: UNPRICED, models: () => [], priceOf: (item) => refuseUnpriced(item, date) };
}
/** The version of a time without prices. */
const UNPRICED = '2020-01-01';

function refuseUnpriced(item: string, date: string): never {
  throw unpriced(item, date, []);
}

/** Every version there is, the oldest first. */
export function priceVersions(rows: readonly PriceRow[] = PRICE_ROWS): string[] {
  return [...new Set(rows.map(({ since }) => since))].sort();
}
