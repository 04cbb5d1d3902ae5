/** One run as its host sees it: answers what the child asks, and trusts nothing that it says about money. */
import type { Json } from '../domain/agent.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import type { Interruption, RunCalls, RunOrder, RunResult } from '../ports/host.ts';
import { crashed } from '../runtime/run-blueprint.ts';
import { assertEarning } from '../runtime/run-context.ts';
import { boundedLog, type LogLine } from '../runtime/run-log.ts';
import { bytesOf, MAX_STATE_BYTES } from '../runtime/run-state.ts';
import { CTX_VERSION, type CtxToHost, type CtxToRun } from '../wire/ctx.ts';

export type Job = {
  readonly order: RunOrder;
  readonly calls: RunCalls;
  readonly interruption?: Interruption | undefined;
  resolve(result: RunResult): void;
  /** How often a child died with it, unstarted. */
  lost: number;
};

type Asked = Extract<CtxToHost, { kind: 'spend' | 'tool' | 'llm' | 'earn' | 'http' | 'checkpoint' }>;
const ASKS: ReadonlySet<string> = new Set(['spend', 'tool', 'llm', 'earn', 'http', 'checkpoint']);
type Reply = Extract<CtxToRun, { kind: 'reply' }>;
type Answer = { value?: Reply['value']; error?: Reply['error'] };
type State = { readonly state: NonNullable<RunResult['state']> | null };

/** Without an answer at one time: 46,000 pages that were asked for at once took five gigabytes of the engine. */
const MAX_ASKING = 256;
export const ASKS_TOO_MUCH = `the run asked for more than ${MAX_ASKING} things at once`;

export class ChildRun {
  readonly job: Job;
  readonly log: LogLine;
  readonly #reply: (message: CtxToRun) => void;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Without an answer yet. */
  #asking = 0;
  #openBound: number | null = null;
  #state: State | undefined;
  #fault: string | null = null;
  #over = false;

  constructor(job: Job, reply: (message: CtxToRun) => void) {
    this.job = job;
    this.log = boundedLog((message, fields) => job.calls.log(message, fields));
    this.#reply = reply;
  }

  /**
   * Does what a message of this run asks for; `end` and `begin` are not its business. False: it asks for more at once than
   * its host would hold for it, and is to be ended.
   */
  hear(message: CtxToHost): boolean {
    if (this.#over) return true;
    if (isAsked(message)) {
      if (this.#asking >= MAX_ASKING) return false;
      void this.#answer(message);
    }
    if (message.kind === 'spent') this.#settle(message.costMicros);
    if (message.kind === 'log') this.log(message.message, message.fields);
    if (message.kind === 'state') this.#state = { state: message.value };
    return true;
  }

  /** Resolves the job once its marks and earnings under way are answered. */
  async end(result: RunResult): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await Promise.all(this.#underWay);
    this.job.resolve(this.#fault === null ? this.#withState(result) : crashed(this.#fault));
  }

  async #answer(asked: Asked): Promise<void> {
    this.#asking += 1;
    const answer = await this.#track(asked);
    this.#asking -= 1;
    this.#reply({ v: CTX_VERSION, kind: 'reply', runId: this.job.order.runId, id: asked.id, ...answer });
  }

  #track(asked: Asked): Promise<Answer> {
    const answered: Promise<Answer> = this.#ask(asked).catch((error: unknown) => ({
      error: { code: error instanceof NovaError ? error.code : 'broken', message: messageOf(error) },
    }));
    // A model may think for long: what it may cost is marked, and its host lets no call begin after the end.
    if (asked.kind !== 'http' && asked.kind !== 'llm') {
      this.#underWay.add(answered);
      void answered.then(() => this.#underWay.delete(answered));
    }
    return answered;
  }

  async #ask(asked: Asked): Promise<Answer> {
    const { calls } = this.job;
    if (asked.kind === 'http') {
      const { status, url, contentType, body } = await calls.fetch(asked.url);
      return { value: { status, url, contentType, body } };
    }
    if (asked.kind === 'checkpoint') {
      assertState(asked.value);
      // Known until now is all that is settled: what is open stays at its bound.
      this.#openBound = null;
      await calls.checkpoint(asked.value);
    }
    if (asked.kind === 'llm') {
      this.#openBound = null;
      const { system, cache, ...request } = asked.request;
      return {
        value: await calls.llm({
          ...request,
          ...(system === undefined ? {} : { system }),
          ...(cache === undefined ? {} : { cache }),
        }),
      };
    }
    if (asked.kind === 'earn') {
      assertEarning(asked.amountMicros);
      await calls.earn(asked.amountMicros, asked.movementId);
    }
    if (asked.kind === 'spend') {
      await calls.mark(asked.boundMicros, asked.asks, asked.item);
      this.#openBound = asked.boundMicros;
    }
    if (asked.kind === 'tool') {
      const { name, args, boundMicros } = asked;
      await calls.tool({ name, args, boundMicros });
      this.#openBound = boundMicros;
    }
    return {};
  }

  #settle(costMicros: number): void {
    const bound = this.#openBound;
    this.#openBound = null;
    if (bound !== null && costMicros <= bound) this.job.calls.settle(costMicros);
    else this.#fault ??= `the run reported a cost of ${costMicros} micro-USD where ${bound ?? 'nothing'} was marked`;
  }

  #withState(result: RunResult): RunResult {
    if (result.outcome !== 'succeeded' && result.outcome !== 'failed') return result;
    if (this.#state && isTooLarge(this.#state.state)) {
      return crashed(`the run left a state of more than ${MAX_STATE_BYTES} bytes`);
    }
    return { ...result, ...this.#state };
  }
}

const isAsked = (message: CtxToHost): message is Asked => ASKS.has(message.kind);

const isTooLarge = (state: Json): boolean => bytesOf(JSON.stringify(state)) > MAX_STATE_BYTES;

/** @throws NovaError too_large. The process of a run is not trusted with its own limits. */
function assertState(state: Json): void {
  if (isTooLarge(state)) throw new NovaError('too_large', `ctx.checkpoint: at most ${MAX_STATE_BYTES} bytes`);
}
