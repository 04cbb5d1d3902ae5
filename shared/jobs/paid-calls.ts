/**
 * The paid calls of one run as its host books them, one after another. A call is marked at the most it may cost, in
 * dollars and tokens; what it is not said to have cost stays booked at that. Everything is kept as quantities, and priced
 * by the table of the moment of the claim.
 */
import type { Json } from '../domain/agent.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import { mixed, printOf } from '../domain/fingerprint.ts';
import type { LlmAnswer, LlmRequest } from '../domain/llm.ts';
import { type PriceTable, pricesAt } from '../domain/price-table.ts';
import { type PlatformUse, platformUsage, rateOf } from '../domain/protocol/cost.ts';
import { addUsage, feeItem, isFee, receiptOf, tokensIn, type Usage } from '../domain/receipt.ts';
import type { RunUsage } from '../domain/receipt-code.ts';
import { judgedTool, type ToolUse } from '../domain/tool.ts';
import type { World } from '../ports/world.ts';
import type { Claimed } from '../store/claim.ts';
import { keepCheckpoint, markCall } from '../store/mark-store.ts';
import { mayGoOn, type Stop } from './stop-run.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings' | 'llm'>;

/** A call that was marked and not yet settled. */
type Open = { readonly bound: readonly Usage[] };

/** Loaded with the first question: most runs ask none, and looking a module up costs more than a question's bound. */
let asking: Promise<typeof import('./ask-model.ts')> | undefined;

function askModel(): Promise<typeof import('./ask-model.ts')> {
  asking ??= import('./ask-model.ts');
  return asking;
}

export class PaidCalls implements Stop {
  claimed: Claimed;
  readonly stop = new AbortController();
  marking: Promise<unknown> = Promise.resolve();
  seenAt: number;
  looking: Promise<void> | null = null;
  looks = 0;
  /** Set when a vendor broke a promise about money: the run has crashed, whatever it answers. */
  fault: string | null = null;
  /** What calls asked for that the hold had no room for. */
  refusedMicros = 0;
  /** The print of all that it read and asked for; null while that is nothing. */
  input: number | null = null;
  readonly #ports: Ports;
  readonly #prices: PriceTable;
  readonly #deadline: number;
  #settled: readonly Usage[] = [];
  #open: Open | null = null;
  #closed = false;

  constructor(ports: Ports, claimed: Claimed, deadline: number) {
    this.#ports = ports;
    this.claimed = claimed;
    this.#deadline = deadline;
    this.seenAt = ports.time.now();
    this.#prices = pricesAt(claimed.instance.run?.startedAt ?? ports.time.now());
  }

  /** What is charged: calls without an answer at their bound. */
  get usage(): readonly Usage[] {
    return this.#open ? addUsage(this.#settled, this.#open.bound) : this.#settled;
  }

  /** In any order: a run may read several pages at a time. */
  takeIn(print: number): void {
    this.input = mixed(this.input ?? 0, print);
  }

  /** A call of the run's own: it says itself what it cost. @throws NovaError budget_reached, conflict, denied. */
  async mark(boundMicros: number, asks?: number, item = 'paid_calls'): Promise<void> {
    mayGoOn(this);
    if (asks !== undefined) this.takeIn(asks);
    await this.#mark([{ item: feeItem(item), quantity: boundMicros }]);
  }

  /** A call of a tool, held against what the agent may use. @throws NovaError as mark, bad_input. */
  async tool(use: ToolUse): Promise<void> {
    mayGoOn(this);
    this.takeIn(judgedTool(this.claimed.spec.tools ?? [], use));
    await this.#mark([{ item: feeItem(use.name), quantity: use.boundMicros }]);
  }

  async checkpoint(state: Json): Promise<void> {
    mayGoOn(this);
    if (this.#open) this.#book(this.#open.bound);
    const settledMicros = receiptOf(this.#settled, this.#prices).totalMicros;
    const kept = { state, settledMicros, settledTokens: tokensIn(this.#settled) };
    this.claimed = await keepCheckpoint(this.#ports, this.claimed, kept);
  }

  settle(costMicros: number): void {
    const [bound] = this.#open?.bound ?? [];
    if (!bound || !isFee(bound.item) || costMicros < 0 || costMicros > bound.quantity) return;
    this.#book([{ item: bound.item, quantity: costMicros }]);
  }

  /** As ctx.llm says. */
  async llm(request: LlmRequest): Promise<LlmAnswer> {
    mayGoOn(this);
    const { answerUsage, questionBound } = await askModel();
    const bound = questionBound(request, this.#prices);
    this.takeIn(printOf(request.model, request.system ?? '', ...request.messages.map(({ content }) => content)));
    const call = await this.#ports.llm.open(request.model);
    const open = await this.#mark(bound);
    if (this.#closed) throw new NovaError('conflict', 'ctx.llm: the run has ended');
    const reply = await call(request, { timeoutMs: Math.max(1, this.#deadline - this.#ports.time.now()) });
    if (reply.kind === 'refused') {
      if (this.#open === open) this.#book([]);
      throw reply.error;
    }
    try {
      const { used, ...booked } = answerUsage(reply.told, { request, bound, prices: this.#prices });
      if (this.#open === open) this.#book(used);
      return { text: reply.text, stop: reply.stop, ...booked };
    } catch (thrown) {
      this.fault ??= messageOf(thrown);
      throw thrown;
    }
  }

  /** From now on no call is made; resolves when the marks under way have been answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.marking;
  }

  /** The whole receipt, with what the attempt used of the platform. */
  total(use: PlatformUse): { readonly costMicros: number; readonly used: RunUsage } {
    const rate = rateOf(this.claimed.spec, this.#ports.settings);
    const usage = addUsage(this.usage, platformUsage(rate, use));
    const { totalMicros, version } = receiptOf(usage, this.#prices);
    return { costMicros: totalMicros, used: { version, usage, lostTokens: 0 } };
  }

  async #mark(bound: readonly Usage[]): Promise<Open> {
    const marked = this.#tryMark(bound);
    this.marking = Promise.allSettled([this.marking, marked]);
    const open = await marked;
    mayGoOn(this);
    return open;
  }

  async #tryMark(bound: readonly Usage[]): Promise<Open> {
    if (this.#closed) throw new NovaError('conflict', 'the run has ended: no paid call may start');
    // A call whose cost nobody told is booked at its bound before the next one is marked.
    if (this.#open) this.#book(this.#open.bound);
    const settledMicros = receiptOf(this.#settled, this.#prices).totalMicros;
    const sentMicros = receiptOf(addUsage(this.#settled, bound), this.#prices).totalMicros;
    const boundMicros = sentMicros - settledMicros;
    const tokens = { boundTokens: tokensIn(bound), settledTokens: tokensIn(this.#settled) };
    try {
      this.claimed = await markCall(this.#ports, this.claimed, { boundMicros, settledMicros, ...tokens });
    } catch (thrown) {
      const code = thrown instanceof NovaError ? thrown.code : null;
      if (code === 'denied') this.stop.abort();
      if (code === 'budget_reached') this.refusedMicros += boundMicros;
      throw thrown;
    }
    this.seenAt = this.#ports.time.now();
    this.#open = { bound };
    return this.#open;
  }

  #book(used: readonly Usage[]): void {
    this.#settled = addUsage(this.#settled, used);
    this.#open = null;
  }
}
