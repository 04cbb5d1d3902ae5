/**
 * A second book-keeping beside the protocol: it sees every commit, keeps its own sums, and says at once what does not
 * agree. It knows nothing of how the stores reach what they write.
 */
import { agentScope, departmentScope, type Kind, type Line, lineName, usdDay } from '../../shared/domain/budget.ts';
import { type Calendar, calendarIn, momentAt, type Per, periodOf } from '../../shared/domain/calendar.ts';
import { type PriceTable, priceTable } from '../../shared/domain/price-table.ts';
import { receiptOf } from '../../shared/domain/receipt.ts';
import { decodeReceipt, tokensOf } from '../../shared/domain/receipt-code.ts';
import type { Item } from '../../shared/ports/table.ts';
import { decodeRecord } from '../../shared/store/instance-item.ts';
import { decodeLines } from '../../shared/store/line-code.ts';
import { Account } from './account.ts';
import type { Changed } from './sim-table.ts';

/** Limits that a history may set beside those that every agent is under. */
export const SPECIAL: readonly (readonly [kind: Kind, per: Per])[] = [
  ['usd', 'hour'],
  ['usd', 'week'],
  ['usd', 'month'],
  ['usd', 'lifetime'],
  ['runs', 'hour'],
  ['runs', 'day'],
  ['seconds', 'day'],
  ['tokens', 'day'],
  ['tokens', 'month'],
];
const ADDED: { readonly [kind in Kind]: string } = { usd: 'av', tokens: 'at', runs: 'ar', seconds: 'as' };
const HELD: { readonly [kind in Kind]: number } = { usd: -1, tokens: 0, runs: 1, seconds: 2 };

/** What one run of an agent sets aside. */
export type HoldsOf = (agentId: string) => { readonly [kind in Kind]: number };

export class Broken extends Error {}

const num = (item: Item | null, attr: string): number => Number(item?.[attr] ?? 0);
const list = (item: Item | null, attr: string): readonly string[] => (item?.[attr] ?? []) as readonly string[];
const sliceOf = (item: Item, kind: Kind): number => num(item, ADDED[kind]);
const heldOf = (item: Item, kind: Kind): number =>
  kind === 'usd' ? num(item, 'hd') : Number((item.hx as readonly number[] | undefined)?.[HELD[kind]] ?? 0);

export class Books {
  /** The first thing that did not agree. */
  problem: string | null = null;
  refused = 0;
  recorded = 0;
  receipts = 0;
  throttled = 0;
  readonly provider = { micros: 0, calls: new Set<string>(), runs: new Map<string, Used>() };
  readonly closed = new Set<string>();
  readonly #departments: ReadonlyMap<string, string>;
  readonly #holds: HoldsOf;
  readonly #accounts = new Map<string, Account>();
  readonly #instances = new Map<string, Held>();
  readonly #pages = new Set<string>();
  readonly #names = new Map<string, readonly Account[]>();
  #spent = 0;
  #calendar: Calendar = calendarIn('UTC');
  #sent = 0;

  constructor(departments: ReadonlyMap<string, string>, holds: HoldsOf) {
    this.#departments = departments;
    this.#holds = holds;
  }

  fail(problem: string): void {
    this.problem ??= problem;
  }

  /** Sees one commit whole, and checks every account that it touched. */
  commit(changes: readonly Changed[]): void {
    const touched = new Set<Account>();
    for (const { key, after } of changes) {
      if (key.pk.startsWith('BUDGET#')) touched.add(this.#budget(key.pk, key.sk).update(after));
      else if (key.pk === 'CALENDAR') this.#calendar = JSON.parse(String(after?.calendar)) as Calendar;
      else if (key.pk.startsWith('RUN#')) this.#pages.add(list(after, 'runs').join('|'));
      else if (key.pk.startsWith('LATE#')) this.#close(String(after?.id), 'refused as late');
    }
    for (const { key, before, after } of changes)
      if (key.pk.startsWith('FLEET#') && !key.sk.endsWith('#EARN') && after) this.#instance(before, after, touched);
    for (const account of touched) {
      const problem = account.check();
      if (problem) this.fail(problem);
    }
    if (this.provider.micros > this.#spent + this.#sent)
      this.fail(`the provider was asked for ${this.provider.micros}, charged are ${this.#spent + this.#sent}`);
  }

  /** A paid call is really made. */
  called(runId: string, seq: number, { micros, tokens }: Used): void {
    const id = `${runId}/${seq}`;
    if (this.provider.calls.has(id)) this.fail(`the provider was called twice for ${id}`);
    this.provider.calls.add(id);
    this.provider.micros += micros;
    const before = this.provider.runs.get(runId) ?? { micros: 0, tokens: 0 };
    this.provider.runs.set(runId, { micros: before.micros + micros, tokens: before.tokens + tokens });
    if (this.provider.micros > this.#spent + this.#sent) this.fail(`${id}: a call that nobody is charged for`);
  }

  isClosed(agentId: string, instance: number, slot: string): boolean {
    return this.closed.has(`${agentId}.${instance}.${slot}`);
  }

  leased(): number {
    return [...this.#instances.values()].filter(({ item }) => item.ho !== undefined).length;
  }

  #budget(pk: string, sk: string): Account {
    const name = `${pk} ${sk}`;
    const existing = this.#accounts.get(name);
    if (existing) return existing;
    const account = new Account(name, sk);
    this.#accounts.set(name, account);
    return account;
  }

  #instance(before: Item | null, after: Item, touched: Set<Account>): void {
    const known = this.#instances.get(after.sk);
    const is = { item: after, accounts: this.#accountsOf(after, known) };
    this.#instances.set(after.sk, is);
    if (before) {
      this.#transition(before, after);
      this.#records(before, after);
      this.#share({ item: before, accounts: this.#accountsOf(before, known) }, -1, touched);
      this.#charge(before, after, touched);
    }
    this.#share(is, 1, touched);
    this.#sent += num(after, 'se') - num(before, 'se');
  }

  /** What an instance has in hand of each of its budgets. */
  #share({ item, accounts }: Held, sign: 1 | -1, touched: Set<Account>): void {
    for (const account of accounts) {
      account.hands += sign * (sliceOf(item, account.kind) + heldOf(item, account.kind));
      touched.add(account);
    }
  }

  #accountsOf(item: Item, held?: Held): readonly Account[] {
    if (held && held.item.pe === item.pe && held.item.hr === item.hr && held.item.ls === item.ls) return held.accounts;
    const [agentId = ''] = item.sk.split('#');
    const name = `${agentId} ${item.pe} ${item.hr ?? ''} ${item.ls ?? ''}`;
    const known = this.#names.get(name);
    if (known) return known;
    const lines = item.ls === undefined ? this.#basic(agentId) : decodeLines(agentId, String(item.ls));
    const accounts = item.pe === '-' ? [] : lines.map((line) => this.#account(line, item, String(item.hr ?? '')));
    this.#names.set(name, accounts);
    return accounts;
  }

  #account(line: Line, item: Item, hour: string): Account {
    return this.#budget(...budgetName(line, String(item.pe), hour));
  }

  #basic = (agentId: string): readonly Line[] => ['fleet', agentScope(agentId)].map(usdDay);

  /** What a closed or lost run has cost goes to every account it could ever be counted in, limited yet or not. */
  #charge(before: Item, after: Item, touched: Set<Account>): void {
    const usd = total(after, 6) - total(before, 6);
    const runs = total(after, 0) - total(before, 0);
    this.#spent += usd;
    const ended = before.ho !== undefined && after.ho === undefined;
    const seconds = ended ? this.#seconds(before, after) : 0;
    const tokens = ended ? this.#tokens(before, after) : 0;
    if (usd === 0 && runs === 0 && seconds === 0 && tokens === 0) return;
    const used: { readonly [kind in Kind]: number } = { usd, runs, seconds, tokens };
    const hour = String(before.hr ?? momentAt(num(before, 'ra'), this.#calendar).hour);
    for (const account of this.#candidates(before, hour)) {
      const amount = used[account.kind];
      if (amount === 0) continue;
      account.spent += amount;
      if (account.isOpen) touched.add(account);
    }
  }

  /** Lost attempts are charged whole; others by the second, a started one whole. */
  #seconds(before: Item, after: Item): number {
    const held = heldOf(before, 'seconds');
    const record = list(after, 'j').at(-1)?.split(',') ?? [];
    if (record[0] !== before.sl || record.at(-1) === 'lease lost') return held;
    return Math.min(held, Math.ceil(Number.parseInt(record[4] ?? '0', 36) / 1000));
  }

  /** What its record says; an attempt that marked nothing has used none. */
  #tokens(before: Item, after: Item): number {
    const record = list(after, 'j').at(-1) ?? '';
    return record.startsWith(`${before.sl},`) ? tokensIn(record) : 0;
  }

  #candidates(item: Item, hour: string): readonly Account[] {
    const [agentId = ''] = item.sk.split('#');
    const name = `all ${agentId} ${item.pe} ${hour}`;
    const known = this.#names.get(name);
    if (known) return known;
    const budgets = everyBudget.get(name) ?? this.#everyBudgetOf(agentId, item, hour);
    everyBudget.set(name, budgets);
    const accounts = budgets.map(([pk, sk]) => this.#budget(pk, sk));
    this.#names.set(name, accounts);
    return accounts;
  }

  #everyBudgetOf(agentId: string, { pe }: Item, hour: string): BudgetName[] {
    const scopes = ['fleet', departmentScope(this.#departments.get(agentId) ?? ''), agentScope(agentId)];
    return scopes.flatMap((scope) =>
      [['usd', 'day'] as const, ...SPECIAL].map(([kind, per]) => budgetName({ scope, kind, per }, String(pe), hour)),
    );
  }

  #transition(before: Item, after: Item): void {
    const name = after.sk;
    if (String(after.pe) < String(before.pe)) this.fail(`${name} went back from ${before.pe} to ${after.pe}`);
    // A task goes on with the claim that was made for it.
    const adopted = before.ho !== undefined && after.f === before.f && String(after.ho).startsWith('task:');
    if (after.ho !== undefined && after.ho !== before.ho && !adopted) {
      if (before.ho !== undefined) this.fail(`${name} was claimed while it was leased`);
      if (before.st !== 'active') this.fail(`${name} was claimed while it was ${before.st}`);
      if (this.closed.has(idOf(after, String(after.sl)))) this.fail(`${name} claimed a closed slot`);
    }
    if (num(after, 'cs') > num(before, 'cs') && (before.st === 'retired' || before.st === 'halted'))
      this.fail(`${name} marked a call after a kill`);
  }

  /** Records only ever come; a full journal leaves when its page is there. */
  #records(before: Item, after: Item): void {
    const [was, is] = [list(before, 'j'), list(after, 'j')];
    const last = is.at(-1);
    if (last === undefined || (is.length === was.length && last === was.at(-1))) return;
    if (is.length <= was.length && !this.#pages.has(was.join('|')))
      this.fail(`${after.sk} lost records that are in no page`);
    const [slot = '', outcome, , , , cost = '0', , note = ''] = last.split(',');
    const id = idOf(after, slot);
    this.#close(id, 'recorded');
    const asked = this.provider.runs.get(id) ?? { micros: 0, tokens: 0 };
    if (Number.parseInt(cost, 36) < asked.micros)
      this.fail(`${id} is recorded at less than the ${asked.micros} it has cost`);
    if (tokensIn(last) < asked.tokens)
      this.fail(`${id} is recorded with less than the ${asked.tokens} tokens it has used`);
    this.#receipt(id, last);
    this.recorded++;
    if (note === 'throttled') this.throttled++;
    if (note === 'budget_reached' && outcome === 'r') this.#refusal(before);
  }

  /** P20: the lines of the receipt are the cost; only attempts that were lost are charged beside them. */
  #receipt(id: string, text: string): void {
    const record = decodeRecord(text);
    const found = decodeReceipt(record.receipt ?? '', record.durationMs);
    if (found?.kind !== 'kept') return;
    const rest = record.costMicros - receiptOf(found.used.usage, pricesOf(found.used.version)).totalMicros;
    const lost = record.attempt > 1 || record.note === 'lease lost' || record.note === 'engine stopped';
    // Nothing is charged beyond the hold, however long a run took.
    const late = record.durationMs > 60_000;
    if ((rest < 0 && !late) || (rest > 0 && !lost)) this.fail(`${id}: its receipt differs from its cost by ${rest}`);
    this.receipts++;
  }

  #close(id: string, how: string): void {
    if (this.closed.has(id)) this.fail(`${id} is ${how}, and was closed before`);
    this.closed.add(id);
  }

  /** Nobody is refused while every budget has, with what lies idle in slices, what is lacking. */
  #refusal(before: Item): void {
    this.refused++;
    const holds = this.#holds(before.sk.split('#')[0] ?? '');
    const broke = this.#accountsOf(before).some((account) => {
      const lacks = holds[account.kind] - sliceOf(before, account.kind);
      return lacks > 0 && account.before + this.#idle(account, before.sk) < lacks;
    });
    if (!broke) this.fail(`${before.sk} was refused while every budget had enough`);
  }

  #idle(account: Account, except: string): number {
    let sum = 0;
    for (const [name, { item, accounts }] of this.#instances)
      if (name !== except && item.ho === undefined && accounts.includes(account)) sum += sliceOf(item, account.kind);
    return sum;
  }
}

/** An instance as it stands, and the accounts of its slice. */
type Held = { readonly item: Item; readonly accounts: readonly Account[] };

type BudgetName = readonly [pk: string, sk: string];
const budgetName = (line: Line, date: string, hour: string): BudgetName => [
  `BUDGET#${line.scope}`,
  `${lineName(line)}#${periodOf(line.per, { date, hour })}`,
];
/** The same in every history: all that a run could ever be counted in, by agent, date and hour. */
const everyBudget = new Map<string, readonly BudgetName[]>();

const tables = new Map<string, PriceTable>();

function pricesOf(version: string): PriceTable {
  const known = tables.get(version) ?? priceTable(version);
  tables.set(version, known);
  return known;
}

/** Several questions about the same record come one after another. */
let last = { text: '', tokens: 0 };

function tokensIn(text: string): number {
  if (last.text === text) return last.tokens;
  const [, outcome = '', , , duration = '0'] = text.split(',');
  const receipt = outcome.slice(1);
  const has = receipt.includes(':') || receipt.includes('!') || receipt.startsWith('*');
  last = { text, tokens: has ? tokensOf(receipt, Number.parseInt(duration, 36)) : 0 };
  return last.tokens;
}

type Used = { readonly micros: number; readonly tokens: number };

const total = (item: Item, at: number): number => Number((item.t as readonly number[])[at] ?? 0);

function idOf({ sk }: Item, slot: string): string {
  const [agentId = '', number = '0'] = sk.split('#');
  return `${agentId}.${Number(number)}.${slot}`;
}
