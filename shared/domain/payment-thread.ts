/**
 * All that is known about one payment: whose it is, and which lines of the ledger belong to it. Messages about it come
 * in any order and several times. Whatever the order, the sums of every agent end the same: a line booked before it
 * was known whose it is moves, by a pair of adjustments, when a stronger claim arrives.
 */
import { exponentOf } from './currency.ts';
import {
  type Attribution,
  type BookingContext,
  entryId,
  entryOf,
  type LedgerEntry,
  type LedgerSource,
  type Movement,
  microsOf,
  type Settled,
  sameOwner,
  settledOf,
  strongerOf,
  UNATTRIBUTED,
} from './ledger.ts';
import { type Line, lineOf, negated, withLine } from './payment-lines.ts';
import { differences, onOneDay, ownedEntries, ownedLines } from './payment-shares.ts';

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

/**
 * What reached the vendor's balance. `standing`: what an earlier message had booked under the same id, as the buyer saw
 * it; `fee`: booked with it, also when it is 0, because it shows that the movement is settled.
 */
export type Settlement = {
  readonly movement: Movement;
  readonly fee: Movement;
  readonly standing: LedgerEntry | null;
};

/** One thing that was heard about a payment. `booked`: its movement is in the ledger already, only its claim is new. */
export type Heard =
  | { readonly is: 'movement'; readonly movement: Movement; readonly booked: boolean }
  | { readonly is: 'settlement'; readonly settlement: Settlement }
  | { readonly is: 'refund_total'; readonly total: RefundTotal };

/** The message that a change is put down to. */
export type Told = Pick<Movement, 'source' | 'originalRef' | 'livemode' | 'currency' | 'at'>;

export function toldBy(heard: Heard): Told {
  if (heard.is === 'refund_total') return heard.total;
  return heard.is === 'movement' ? heard.movement : heard.settlement.movement;
}

export type Outcome = { readonly thread: PaymentThread; readonly entries: readonly LedgerEntry[] };

/** What a message about a payment changes; no entries and the same thread when it says nothing new. */
export function hear(thread: PaymentThread, heard: Heard, context: BookingContext & { claim: Attribution }): Outcome {
  const page = new Page(thread, toldBy(heard), context);
  page.claim(context.claim);
  if (heard.is === 'movement' && !heard.booked) page.add(heard.movement);
  if (heard.is === 'settlement') page.settle(heard.settlement);
  if (heard.is === 'refund_total') page.total(heard.total);
  return page.close();
}

/** A payment of its own from an entry that belonged to none, so that it can change hands. */
export function threadOfEntry(entry: LedgerEntry, whose: Attribution): PaymentThread {
  return { ...newThread(entry.source, entry.movementId), whose, lines: [lineOf(entry)] };
}

/** Gives the payment to whom a person says, whatever messages said; `why` becomes the note of its adjustments. */
export function assign(
  thread: PaymentThread,
  to: { readonly whose: Attribution; readonly told: Told; readonly why: string },
  context: BookingContext,
): Outcome {
  const page = new Page(thread, to.told, context);
  page.claim(to.whose, to.why);
  return page.close();
}

const isSplit = ({ shares }: Attribution): boolean => shares !== undefined;

/** With a sum of a day for each, the sums of the agents and the thread: 100 actions. */
const MOST_ENTRIES = 42;

/** One transaction's worth of entries for a thread. */
class Page {
  readonly #before: PaymentThread;
  readonly #told: Told;
  readonly #context: BookingContext;
  readonly #entries: LedgerEntry[] = [];
  #thread: PaymentThread;
  #why = '';

  constructor(thread: PaymentThread, told: Told, context: BookingContext) {
    this.#before = thread;
    this.#thread = thread;
    this.#told = told;
    this.#context = context;
  }

  claim(claim: Attribution, why = ''): void {
    const before = this.#thread.whose;
    const whose = strongerOf(before, claim);
    if (why !== '') this.#why = `: ${why}`;
    if (whose === before) return;
    this.#thread = { ...this.#thread, whose };
    if (sameOwner(whose, before) || isSplit(whose) || isSplit(before)) return;
    for (const line of this.#thread.lines) this.#move(line, { from: before, to: whose, why });
  }

  add(movement: Movement): void {
    const entry = entryOf(movement, this.#thread.whose, this.#context);
    this.#entries.push(entry);
    this.#remember(entry);
    if (movement.kind !== 'refund') return;
    const { amountMinor } = movement.presented ?? movement;
    this.#thread = { ...this.#thread, refundedByIdMinor: this.#thread.refundedByIdMinor - amountMinor };
    this.#explainExcess(movement.presented?.currency ?? movement.currency);
  }

  /** What was booked as the buyer saw it is replaced by what reached the balance; a zero-sum pair, never an edit. */
  settle({ movement, fee, standing }: Settlement): void {
    if (standing === null) this.add(movement);
    else this.#replace(lineOf(standing), movement);
    const charged = entryOf(fee, this.#thread.whose, this.#context);
    this.#entries.push(charged);
    this.#remember(charged);
  }

  #replace(standing: Line, movement: Movement): void {
    const settled = lineOf(entryOf(movement, this.#thread.whose, this.#context));
    if (sameLine(standing, settled)) return;
    const moved: readonly [Line, string, Settled][] = [
      [negated(standing), 'what reached the balance takes its place', {}],
      [settled, 'what reached the balance', settledOf(movement)],
    ];
    for (const [line, note, known] of moved) {
      this.#adjust(line, this.#thread.whose, { note, known });
      this.#remember(line);
    }
  }

  total(total: RefundTotal): void {
    if (total.totalMinor <= this.#thread.refundedTotalMinor) return;
    this.#thread = { ...this.#thread, refundedTotalMinor: total.totalMinor };
    this.#explainExcess(total.currency);
  }

  close(): Outcome {
    if (this.#thread === this.#before) return { thread: this.#before, entries: [] };
    if (isSplit(this.#before.whose) || isSplit(this.#thread.whose)) this.#share();
    return { thread: { ...this.#thread, rev: this.#before.rev + 1 }, entries: this.#entries };
  }

  /** The part of the total that refunds with an id do not explain is booked as one sum, and taken back as they come. */
  #explainExcess(currency: string): void {
    const { refundedTotalMinor: total, refundedByIdMinor: byId, excessMinor: before } = this.#thread;
    const excess = total > byId ? total - byId : 0n;
    if (excess === before) return;
    const at = before === 0n ? this.#told.at : this.#thread.excessAt;
    this.#thread = { ...this.#thread, excessMinor: excess, excessAt: at };
    const exponent = exponentOf(currency);
    // Each sum rounded for itself: the parts of an excess then cancel it to the micro-dollar.
    const micros = (minor: bigint) => microsOf({ amountMinor: minor, currency, exponent }, this.#context.rates);
    const [was, is] = [micros(-before), micros(-excess)];
    const amountMicros = was === null || is === null ? null : is - was;
    const line = {
      bucket: 'refund',
      at,
      amountMinor: before - excess,
      currency,
      exponent,
      amountMicros,
      count: 0,
    } as const;
    const note = excess > before ? 'refunded in total, no refund named yet' : 'a refund with an id took its place';
    this.#adjust(line, this.#thread.whose, { note });
    this.#remember(line);
  }

  /** Hands on what stands under nobody, or takes back what a stronger claim gives to another. */
  #share(): void {
    const { whose: from, lines } = this.#before;
    const { whose: to, lines: now } = this.#thread;
    const is = [...ownedLines(lines, from), ...ownedEntries(this.#entries)];
    const must = ownedLines(now, to);
    let moves = differences(must, is);
    if (this.#entries.length + moves.length > MOST_ENTRIES) {
      const at = now.reduce((first, line) => Math.min(first, line.at), this.#told.at);
      moves = differences(onOneDay(must, at), onOneDay(is, at));
      this.#thread = { ...this.#thread, lines: now.map((line) => ({ ...line, at })) };
    }
    const note = `${to.rule ? `split by ${to.rule}` : `belongs to ${to.agentId ?? 'nobody'}`}${this.#why}`;
    for (const { agentId, line } of moves) {
      const gained = agentId === to.agentId || to.shares?.some((share) => share.agentId === agentId);
      this.#adjust(line, { ...(gained ? to : from), agentId }, { note });
    }
  }

  #move(line: Line, { from, to, why }: { from: Attribution; to: Attribution; why: string }): void {
    const because = why === '' ? '' : `: ${why}`;
    this.#adjust(negated(line), from, { note: `belongs to ${to.agentId ?? 'nobody'}${because}` });
    this.#adjust(line, to, { note: `was booked under ${from.agentId ?? 'nobody'}${because}` });
  }

  #adjust(line: Line, whose: Attribution, { note, known = {} }: { note: string; known?: Settled }): void {
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
      ...settledOf(known),
    });
  }

  #remember(line: Line | LedgerEntry): void {
    this.#thread = { ...this.#thread, lines: withLine(this.#thread.lines, lineOf(line)) };
  }
}

const DAY_MS = 86_400_000;

/** The ledger counts by UTC days: within one it does not matter when. */
function sameLine(a: Line, b: Line): boolean {
  return (
    a.amountMinor === b.amountMinor &&
    a.currency === b.currency &&
    a.exponent === b.exponent &&
    a.amountMicros === b.amountMicros &&
    Math.floor(a.at / DAY_MS) === Math.floor(b.at / DAY_MS)
  );
}
