/** The gate that every way out of a run passes, and the paid calls that pass it one after another. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { JsonObject } from '../domain/agent.ts';
import type { CallAbout, Spent } from '../domain/ctx.ts';
import { NovaError } from '../domain/error.ts';
import { printOf } from '../domain/fingerprint.ts';
import type { LlmAnswer, LlmRequest } from '../domain/llm.ts';
import { TOOL_NAME, type ToolUse } from '../domain/tool.ts';
import type { RunCalls } from '../ports/host.ts';
import type { Time } from '../ports/time.ts';

/** Tells a paid call made inside another one, which would wait for itself. */
const paying = new AsyncLocalStorage<OpenGate>();

export const isPaying = (gate: OpenGate): boolean => paying.getStore() === gate;

type PaidCall<T> = {
  readonly boundMicros: number;
  readonly call: () => Promise<Spent<T>>;
  readonly asks: string | undefined;
  readonly item: string | undefined;
};

export const aboutOf = (about: CallAbout = {}): Pick<PaidCall<unknown>, 'asks' | 'item'> =>
  typeof about === 'string' ? { asks: about, item: undefined } : { asks: about.asks, item: about.item };

/** Marked, made and booked by the host: here it only waits for its turn. */
export function ask(gate: OpenGate, calls: RunCalls, request: LlmRequest): Promise<LlmAnswer> {
  if (isPaying(gate)) {
    return Promise.reject(new NovaError('bad_input', 'ctx.llm: a paid call cannot be made inside another one'));
  }
  return gate.inTurn(async () => {
    gate.pass('llm');
    return await calls.llm(request);
  });
}

/** Paid calls of a run are made one after another, so that "the last marked call" is always one call. */
export function spend<T>(gate: OpenGate, calls: RunCalls, paid: PaidCall<T>): Promise<T> {
  const { boundMicros, item } = paid;
  if (item !== undefined && !TOOL_NAME.test(item)) {
    const allowed = 'up to 40 lower-case letters, digits, dots and dashes';
    return Promise.reject(new NovaError('bad_input', `ctx.spend: an item is ${allowed}; got "${item}"`));
  }
  if (!Number.isSafeInteger(boundMicros) || boundMicros < 0) {
    const got = `got ${boundMicros}`;
    return Promise.reject(new NovaError('bad_input', `ctx.spend: the bound is an integer of micro-USD; ${got}`));
  }
  if (isPaying(gate)) {
    return Promise.reject(new NovaError('bad_input', 'ctx.spend: a paid call cannot be made inside another one'));
  }
  const { call, asks } = paid;
  const mark = () => calls.mark(boundMicros, asks === undefined ? undefined : printOf(asks), item);
  return gate.inTurn(() => payFor(gate, calls, { way: 'spend', mark, boundMicros, call }));
}

type ToolCall<T> = ToolUse & { readonly call: (args: JsonObject) => Promise<Spent<T>> };

/** Whether the agent has the tool, and with these arguments, is for the host to say. */
export function useTool<T>(gate: OpenGate, calls: RunCalls, use: ToolCall<T>): Promise<T> {
  if (isPaying(gate)) {
    return Promise.reject(new NovaError('bad_input', 'ctx.tool: a paid call cannot be made inside another one'));
  }
  const { name, boundMicros, call } = use;
  return gate.inTurn(async () => {
    // What was marked is what is called, whatever becomes of the object meanwhile.
    const args = copied(use.args);
    const mark = () => calls.tool({ name, args, boundMicros });
    return await payFor(gate, calls, { way: 'tool', mark, boundMicros, call: () => call(args) });
  });
}

function copied(args: JsonObject): JsonObject {
  try {
    return JSON.parse(JSON.stringify(args)) as JsonObject;
  } catch {
    throw new NovaError('bad_input', 'ctx.tool: the arguments are an object of texts, numbers and flags');
  }
}

type Payment<T> = {
  readonly way: 'spend' | 'tool';
  mark(): Promise<void>;
  readonly boundMicros: number;
  readonly call: () => Promise<Spent<T>>;
};

async function payFor<T>(gate: OpenGate, calls: RunCalls, paid: Payment<T>): Promise<T> {
  const { boundMicros, call } = paid;
  gate.pass(paid.way);
  await gate.follow(paid.mark());
  gate.pass(paid.way);
  // From here on the bound stays booked, unless the call says what it really cost.
  const { costMicros, value } = await paying.run(gate, call);
  if (!Number.isSafeInteger(costMicros) || costMicros < 0) {
    throw gate.broke(`a paid call said it cost ${costMicros}: not an integer of micro-USD; its bound was booked`);
  }
  if (costMicros > boundMicros) {
    throw gate.broke(`a paid call cost ${costMicros} micro-USD, its bound was ${boundMicros}: the bound was booked`);
  }
  if (!gate.closed) calls.settle(costMicros);
  return value;
}

export class OpenGate {
  closed = false;
  interrupted = false;
  stopped = false;
  fault: string | null = null;
  readonly #deadline: number;
  readonly #time: Time;
  readonly #underWay = new Set<Promise<unknown>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deadline: number, time: Time) {
    this.#deadline = deadline;
    this.#time = time;
  }

  pass(call: string): void {
    if (this.closed) throw new NovaError('conflict', `ctx.${call}: the run has ended`);
    if (this.#time.now() >= this.#deadline) throw new NovaError('conflict', `ctx.${call}: the deadline has passed`);
  }

  broke(fault: string): NovaError {
    this.fault ??= fault;
    return new NovaError('broken', fault);
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  follow<T>(call: Promise<T>): Promise<T> {
    const answered: Promise<unknown> = call.catch(() => {}).then(() => this.#underWay.delete(answered));
    this.#underWay.add(answered);
    return call;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.#underWay);
  }
}
