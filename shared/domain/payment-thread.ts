/**
 * All that is known about one payment: whose it is, and which lines of the ledger belong to it. Messages about it come
 * in any order and several times. Whatever the order, the sums of every agent end the same: a line booked before it
 * was known whose it is moves, by a pair of adjustments, when a stronger claim arrives.
 */
import { exponentOf } from './currency.ts';
import {
  type Attribution,
  type BookingContext,
  type Bucket,
  entryId,
  entryOf,
  type LedgerEntry,
  type LedgerSource,
  type Movement,
  microsOf,
  strongerOf,
  UNATTRIBUTED,
} from './ledger.ts';

/** What stands under the owner's name and would have to move with it. */
export type Line = {
  readonly bucket: Bucket;
  readonly at: number;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly exponent: number;
  readonly amountMicros: number | null;
  readonly count: number;
};

export type PaymentThread = {
  readonly source: LedgerSource;
  readonly paymentKey: string;
  readonly whose: Attribution;
  readonly lines: readonly Line[];
  /** Refunds booked one by one, as a positive sum, failed ones included. */
  readonly refundedByIdMinor: bigint;
  /** The largest running total of refunds that the payment itself has reported. */
  readonly refundedTotalMinor: bigint;
  /** Booked because the total says so, though no refund with an id explains it (yet). */
  readonly excessMinor: bigint;
  readonly excessAt: number;
  /** Grows by one with every change; the condition of every change. */
  readonly rev: number;
};

export function newThread(source: LedgerSource, paymentKey: string): PaymentThread {
  const nothing = { refundedByIdMinor: 0n, refundedTotalMinor: 0n, excessMinor: 0n, excessAt: 0 };
  return { source, paymentKey, whose: UNATTRIBUTED, lines: [], ...nothing, rev: 0 };
}

/** The payment's own word on how much of it was given back so far, without naming the refunds. */
export type RefundTotal = {
  readonly source: LedgerSource;
  readonly paymentKey: string;
  readonly totalMinor: bigint;
  readonly currency: string;
  readonly at: number;
  readonly originalRef: LedgerEntry['originalRef'];
  readonly livemode: boolean;
};

/** One thing that was heard about a payment. `booked`: its movement is in the ledger already, only its claim is new. */
export type Heard =
  | { readonly is: 'movement'; readonly movement: Movement; readonly booked: boolean }
  | { readonly is: 'refund_total'; readonly total: RefundTotal };

export type Outcome = { readonly thread: PaymentThread; readonly entries: readonly LedgerEntry[] };

/** What a message about a payment changes; no entries and the same thread when it says nothing new. */
export function hear(thread: PaymentThread, heard: Heard, context: BookingContext & { claim: Attribution }): Outcome {
  const source = heard.is === 'movement' ? heard.movement : heard.total;
  const book = new Page(thread, source, context);
  book.claim(context.claim);
  if (heard.is === 'movement' && !heard.booked) book.add(heard.movement);
  if (heard.is === 'refund_total') book.total(heard.total);
  return book.close();
}

/** One transaction's worth of entries for a thread. */
class Page {
  readonly #before: PaymentThread;
  readonly #told: Pick<Movement, 'originalRef' | 'livemode' | 'currency' | 'at'>;
  readonly #context: BookingContext;
  readonly #entries: LedgerEntry[] = [];
  #thread: PaymentThread;

  constructor(
    thread: PaymentThread,
    told: Pick<Movement, 'originalRef' | 'livemode' | 'currency' | 'at'>,
    context: BookingContext,
  ) {
    this.#before = thread;
    this.#thread = thread;
    this.#told = told;
    this.#context = context;
  }

  claim(claim: Attribution): void {
    const before = this.#thread.whose;
    const whose = strongerOf(before, claim);
    if (whose === before) return;
    this.#thread = { ...this.#thread, whose };
    if (whose.agentId === before.agentId) return;
    for (const line of this.#thread.lines) this.#move(line, before, whose);
  }

  add(movement: Movement): void {
    const entry = entryOf(movement, this.#thread.whose, this.#context);
    this.#entries.push(entry);
    this.#remember(entry);
    if (movement.kind !== 'refund') return;
    this.#thread = { ...this.#thread, refundedByIdMinor: this.#thread.refundedByIdMinor - movement.amountMinor };
    this.#explainExcess();
  }

  total(total: RefundTotal): void {
    if (total.totalMinor <= this.#thread.refundedTotalMinor) return;
    this.#thread = { ...this.#thread, refundedTotalMinor: total.totalMinor };
    this.#explainExcess();
  }

  close(): Outcome {
    if (this.#thread === this.#before) return { thread: this.#before, entries: [] };
    return { thread: { ...this.#thread, rev: this.#before.rev + 1 }, entries: this.#entries };
  }

  /** The part of the total that refunds with an id do not explain is booked as one sum, and taken back as they come. */
  #explainExcess(): void {
    const { refundedTotalMinor: total, refundedByIdMinor: byId, excessMinor: before } = this.#thread;
    const excess = total > byId ? total - byId : 0n;
    if (excess === before) return;
    const at = before === 0n ? this.#told.at : this.#thread.excessAt;
    this.#thread = { ...this.#thread, excessMinor: excess, excessAt: at };
    const { currency } = this.#told;
    const money = { amountMinor: before - excess, currency, exponent: exponentOf(currency) };
    const line = {
      bucket: 'refund',
      at,
      ...money,
      amountMicros: microsOf(money, this.#context.rates),
      count: 0,
    } as const;
    const note = excess > before ? 'refunded in total, no refund named yet' : 'a refund with an id took its place';
    this.#adjust(line, this.#thread.whose, note);
    this.#remember(line);
  }

  #move(line: Line, from: Attribution, to: Attribution): void {
    const back = line.amountMicros === null ? null : -line.amountMicros || 0;
    const away = { ...line, amountMinor: -line.amountMinor, amountMicros: back, count: -line.count || 0 };
    this.#adjust(away, from, `belongs to ${to.agentId ?? 'nobody'}`);
    this.#adjust(line, to, `was booked under ${from.agentId ?? 'nobody'}`);
  }

  #adjust(line: Line, whose: Attribution, note: string): void {
    const { source, paymentKey, rev } = this.#before;
    const movementId = `${paymentKey}~${rev + 1}.${this.#entries.length}`;
    this.#entries.push({
      ...line,
      id: entryId(source, movementId),
      source,
      movementId,
      kind: 'adjustment',
      bookedAt: this.#context.now,
      agentId: whose.agentId,
      attribution: { method: whose.method, confidenceBps: whose.confidenceBps },
      paymentKey,
      originalRef: this.#told.originalRef,
      livemode: this.#told.livemode,
      note,
    });
  }

  #remember({ bucket, at, amountMinor, currency, exponent, amountMicros, count }: Line): void {
    const line = { bucket, at, amountMinor, currency, exponent, amountMicros, count };
    this.#thread = { ...this.#thread, lines: withLine(this.#thread.lines, line) };
  }
}

/** Two adjustments per line and the rest must fit into one transaction of 100 actions. */
const MAX_LINES = 40;

/** Lines of one bucket, time and currency are one line; when there are too many, the time is given up. */
function withLine(lines: readonly Line[], line: Line): Line[] {
  const alike = (other: Line): boolean =>
    other.bucket === line.bucket &&
    other.currency === line.currency &&
    other.exponent === line.exponent &&
    (other.amountMicros === null) === (line.amountMicros === null) &&
    Number.isSafeInteger((other.amountMicros ?? 0) + (line.amountMicros ?? 0)) &&
    (other.at === line.at || lines.length >= MAX_LINES);
  const index = lines.findIndex(alike);
  const found = lines[index];
  if (!found) return [...lines, line];
  const amountMicros = found.amountMicros === null ? null : found.amountMicros + (line.amountMicros ?? 0);
  const merged = {
    ...found,
    amountMinor: found.amountMinor + line.amountMinor,
    amountMicros,
    count: found.count + line.count,
  };
  return lines
    .map((other, n) => (n === index ? merged : other))
    .filter((other) => other.amountMinor !== 0n || other.count !== 0);
}
