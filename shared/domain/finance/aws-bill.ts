/**
 * What AWS says that a month cost, by service, from a file of its own: a Cost and Usage Report (the old column names and
 * those of version 2.0), the answer of `aws ce get-cost-and-usage`, or the CSV of Cost Explorer's page. Only rows with
 * the tag of our stage count; amounts are added exactly and rounded once.
 */
import { NovaError } from '../error.ts';
import { awsService } from './aws-names.ts';
import { csvRows } from './csv-rows.ts';

/** The cost-allocation tag that every resource of a stage carries. */
export const STAGE_TAG = 'nova-stage';

export type AwsBill = {
  /** `2026-10`, in UTC as AWS bills. */
  readonly month: string;
  readonly services: readonly { readonly service: string; readonly micros: number }[];
  /** In the file and not ours: other stages, other projects, and what carries no tag at all. */
  readonly otherMicros: number;
};

export type BillAsked = {
  readonly stage: string;
  /** null: the only month there is. */
  readonly month: string | null;
  /** Everything in the file is ours: an account of its own, or a report that was filtered already. */
  readonly whole: boolean;
};

/** Cost of one service in one month, as a decimal. `stage`: null when the file does not say whose it is. */
type Row = { readonly month: string; readonly name: string; readonly amount: string; readonly stage: string | null };

/** @throws NovaError bad_input for a file that cannot be understood, or holds another month. */
export function readAwsBill(text: string, asked: BillAsked): AwsBill {
  const { rows, tagged } = /^\s*\{/.test(text) ? shaped(() => explorerRows(text)) : tableRows(text);
  if (!tagged && !asked.whole)
    throw new NovaError(
      'bad_input',
      `the file does not say which rows carry the tag ${STAGE_TAG}: activate it as a cost-allocation tag and export again, or say --whole if all of it is this stage’s`,
    );
  const month = monthOf(rows, asked.month);
  const sums = new Map<string, bigint>();
  let other = 0n;
  for (const row of rows) {
    if (row.month !== month) continue;
    const picos = picosOf(row.amount);
    if (!asked.whole && row.stage !== asked.stage) other += picos;
    else sums.set(awsService(row.name), (sums.get(awsService(row.name)) ?? 0n) + picos);
  }
  const services = [...sums].map(([service, picos]) => ({ service, micros: microsOf(picos) }));
  return { month, services: services.sort((a, b) => (a.service < b.service ? -1 : 1)), otherMicros: microsOf(other) };
}

/** JSON of any shape: what is not where it should be makes the file another one than it is said to be. */
function shaped(read: () => Read): Read {
  try {
    const told = read();
    const texts = told.rows.flatMap(({ name, amount, month }): readonly unknown[] => [name, amount, month]);
    if (texts.every((text) => typeof text === 'string')) return told;
    throw new TypeError('a name, an amount or a date is no text');
  } catch (cause) {
    if (cause instanceof NovaError) throw cause;
    throw new NovaError('bad_input', 'the file is no answer of Cost Explorer: parts are missing', { cause });
  }
}

function monthOf(rows: readonly Row[], asked: string | null): string {
  const months = [...new Set(rows.map(({ month }) => month))].sort();
  const odd = months.find((month) => !/^\d{4}-(0[1-9]|1[0-2])$/.test(month));
  if (odd !== undefined) throw new NovaError('bad_input', `a date in the file is none: "${odd}"`);
  if (asked !== null) {
    if (months.includes(asked)) return asked;
    throw new NovaError('bad_input', `the file has nothing of ${asked}; it holds ${months.join(', ') || 'no costs'}`);
  }
  const [only] = months;
  if (only !== undefined && months.length === 1) return only;
  throw new NovaError('bad_input', `say which --month: the file holds ${months.join(', ') || 'no costs'}`);
}

const PICOS_PER_MICRO = 1_000_000n;
/** A billion dollars: sums over services and months stay whole numbers. */
const MOST_MICROS = 1_000_000_000_000_000;

/** A decimal of dollars, twelve places counted, also as 1.2E-7. */
function picosOf(amount: string): bigint {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^(-?)(\d{0,15})(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(amount.trim()) ?? [];
  if (whole + fraction === '' || Math.abs(Number(power)) > 30)
    throw new NovaError('bad_input', `an amount in the file is no number: "${amount.slice(0, 40)}"`);
  const places = 12 + Number(power) - fraction.length;
  const digits = BigInt(whole + fraction);
  const picos = places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
  return sign === '-' ? -picos : picos;
}

/** Half a micro-dollar and more counts whole. */
function microsOf(picos: bigint): number {
  const size = picos < 0n ? -picos : picos;
  const micros = Number((size + PICOS_PER_MICRO / 2n) / PICOS_PER_MICRO);
  if (micros > MOST_MICROS) throw new NovaError('bad_input', 'the amounts in the file are larger than any bill');
  return picos < 0n ? -micros || 0 : micros;
}

type Read = { readonly rows: readonly Row[]; readonly tagged: boolean };

/** Old and new names of the columns that count; the first that is there is taken. */
const COLUMNS = {
  amount: ['lineitem/unblendedcost', 'line_item_unblended_cost'],
  start: ['lineitem/usagestartdate', 'line_item_usage_start_date'],
  period: ['bill/billingperiodstartdate', 'bill_billing_period_start_date'],
  product: ['lineitem/productcode', 'line_item_product_code'],
  currency: ['lineitem/currencycode', 'line_item_currency_code'],
  tag: [`resourcetags/user:${STAGE_TAG}`, 'resource_tags_user_nova_stage'],
  tags: ['resource_tags'],
} as const;

function tableRows(text: string): Read {
  const rows = csvRows(text);
  const header = (rows.next().value ?? []).map((name: string) => name.trim().toLowerCase());
  if (header[0] === 'service') return pageRows(header, rows);
  const at = (names: readonly string[]): number => header.findIndex((name: string) => names.includes(name));
  const [amount, product, start, period] = [COLUMNS.amount, COLUMNS.product, COLUMNS.start, COLUMNS.period].map(at);
  const [tag = -1, tags = -1, currency = -1] = [COLUMNS.tag, COLUMNS.tags, COLUMNS.currency].map(at);
  if (
    amount === undefined ||
    product === undefined ||
    amount < 0 ||
    product < 0 ||
    Math.max(start ?? -1, period ?? -1) < 0
  )
    throw new NovaError(
      'bad_input',
      'the file is no Cost and Usage Report: its columns of cost, product or date are missing',
    );
  const read: Row[] = [];
  for (const row of rows) {
    if (row.length !== header.length) throw new NovaError('bad_input', `row ${read.length + 2} is cut off`);
    requireDollars(row[currency]);
    // A charge belongs to the month that it is billed in, whenever its usage began.
    const month = (row[period ?? -1] || row[start ?? -1] || '').slice(0, 7);
    const stage = tag >= 0 ? (row[tag] ?? '') : tags >= 0 ? stageIn(row[tags] ?? '') : null;
    read.push({ month, name: row[product] ?? '', amount: row[amount] || '0', stage });
  }
  return { rows: read, tagged: tag >= 0 || tags >= 0 };
}

/** A map as JSON: {"user_nova_stage":"prod"}; its keys have lost their dashes. */
function stageIn(text: string): string {
  if (text.trim() === '') return '';
  try {
    const tags = JSON.parse(text) as { readonly [name: string]: unknown };
    return String(tags.user_nova_stage ?? tags[`user:${STAGE_TAG}`] ?? tags[STAGE_TAG] ?? '');
  } catch {
    throw new NovaError('bad_input', 'a column of tags in the file is not JSON');
  }
}

function requireDollars(currency: string | undefined): void {
  if (currency !== undefined && currency !== '' && currency !== 'USD')
    throw new NovaError('bad_input', `the bill is in ${currency}; NovaOS compares dollars`);
}

/** The page's own download: a column per service, a row per month, sums in the first row and the last column. */
function pageRows(header: readonly string[], rows: Iterable<string[]>): Read {
  const read: Row[] = [];
  for (const [date = '', ...amounts] of rows) {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) continue;
    for (const [place, amount] of amounts.entries()) {
      const name = (header[place + 1] ?? '').replace(/\s*\(.*\)$/, '');
      if (name !== '' && !/^total/.test(name))
        read.push({ month: date.slice(0, 7), name, amount: amount || '0', stage: null });
    }
  }
  return { rows: read, tagged: false };
}

type Metrics = { readonly [metric: string]: { readonly Amount?: string; readonly Unit?: string } | undefined };
type Group = {
  readonly Keys?: readonly string[];
  readonly Metrics?: Metrics;
};
type Explorer = {
  readonly GroupDefinitions?: readonly { readonly Type?: string; readonly Key?: string }[];
  readonly ResultsByTime?: readonly {
    readonly TimePeriod?: { readonly Start?: string };
    readonly Groups?: readonly Group[];
  }[];
};
const METRICS = ['UnblendedCost', 'NetUnblendedCost', 'AmortizedCost', 'NetAmortizedCost', 'BlendedCost'];

function explorerRows(text: string): Read {
  let told: Explorer;
  try {
    told = JSON.parse(text) as Explorer;
  } catch (cause) {
    throw new NovaError('bad_input', 'the file is not JSON', { cause });
  }
  const groups = Array.isArray(told.GroupDefinitions) ? told.GroupDefinitions : [];
  const service = groups.findIndex(({ Type, Key }) => Type === 'DIMENSION' && Key === 'SERVICE');
  const tag = groups.findIndex(({ Type, Key }) => Type === 'TAG' && Key === STAGE_TAG);
  if (service < 0 || !Array.isArray(told.ResultsByTime))
    throw new NovaError('bad_input', 'the file is no answer of Cost Explorer grouped by SERVICE');
  const rows = told.ResultsByTime.flatMap(({ TimePeriod, Groups = [] }) =>
    Groups.map(({ Keys = [], Metrics }: Group): Row => {
      const cost = METRICS.map((metric) => Metrics?.[metric]).find((one) => one !== undefined);
      requireDollars(cost?.Unit);
      // A tag is told with its name: nova-stage$prod.
      const stage = tag < 0 ? null : (Keys[tag] ?? '').slice(STAGE_TAG.length + 1);
      return {
        month: (TimePeriod?.Start ?? '').slice(0, 7),
        name: Keys[service] ?? '',
        amount: cost?.Amount ?? '',
        stage,
      };
    }),
  );
  return { rows, tagged: tag >= 0 };
}
