/** What a blueprint gets to see while it runs. Every way out passes the same gate: open, and before the deadline. */
import type { Json } from '../domain/agent.ts';
import type { RunContext } from '../domain/ctx.ts';
import { NovaError } from '../domain/error.ts';
import type { RunCalls, RunOrder } from '../ports/host.ts';
import type { Time } from '../ports/time.ts';
import { aboutOf, ask, isPaying, OpenGate, spend, useTool } from './run-gate.ts';
import { boundedLog } from './run-log.ts';
import { type RunState, runState } from './run-state.ts';

export type OpenRun = {
  readonly ctx: RunContext;
  readonly state: RunState;
  /** From now on its next checkpoint is its last. */
  interrupt(): void;
  /** Whether it stopped at a checkpoint because it was asked to. */
  stopped(): boolean;
  /** Set when the run broke a promise about money: whatever it answers, it has crashed. */
  fault(): string | null;
  /** From now on every call is refused; resolves when the marks and earnings under way have been answered. */
  close(): Promise<void>;
};

/** What wire/ctx.ts carries: more would be a breach of the protocol, which ends the process. */
const MAX_MOVEMENT_ID = 200;
const MAX_URL = 10_000;

/** Opens a run: its context and what its end needs to know. */
export function openRun(order: RunOrder, calls: RunCalls, time: Time): OpenRun {
  const gate = new OpenGate(order.deadline, time);
  const state = runState(order.state);
  const log = boundedLog((message, fields) => calls.log(message, fields));
  let earnings = 0;
  const ctx: RunContext = {
    agentId: order.agentId,
    runId: order.runId,
    instance: order.instance,
    rejections: order.rejections ?? [],
    deadline: order.deadline,
    attempt: order.attempt,
    sequence: order.sequence,
    now: () => time.now(),
    spend: (boundMicros, call, about) => spend(gate, calls, { boundMicros, call, ...aboutOf(about) }),
    tool: (use, call) => useTool(gate, calls, { ...use, call }),
    llm: (request) => ask(gate, calls, request),
    async earn(amountMicros, movementId) {
      gate.pass('earn');
      assertEarning(amountMicros);
      if (movementId !== undefined && !(movementId.length > 0 && movementId.length <= MAX_MOVEMENT_ID)) {
        throw new NovaError(
          'bad_input',
          `ctx.earn: an id of 1 to ${MAX_MOVEMENT_ID} characters; got ${movementId.length}`,
        );
      }
      earnings += 1;
      await gate.follow(calls.earn(amountMicros, movementId ?? `${order.runId}:${earnings}`));
    },
    log(message, fields) {
      if (!gate.closed) log(message, fields ?? {});
    },
    state: { get: state.get, set: (value) => state.set(value) },
    checkpoint: (value) => checkpoint(gate, { calls, state }, value),
    get interrupted() {
      return gate.interrupted;
    },
    http: {
      async get(url) {
        gate.pass('http.get');
        if (url.length > MAX_URL) {
          throw new NovaError('bad_input', `ctx.http.get: at most ${MAX_URL} characters; got ${url.length}`);
        }
        const { status, url: finalUrl, contentType, body } = await calls.fetch(url);
        return { status, url: finalUrl, contentType, body };
      },
    },
  };
  return {
    ctx,
    state,
    interrupt: () => {
      gate.interrupted = true;
    },
    stopped: () => gate.stopped,
    fault: () => gate.fault,
    close: () => gate.close(),
  };
}

type Keeping = { readonly calls: RunCalls; readonly state: RunState };

/** Durable when it resolves. Rejects, after that, in a run that was asked to stop. */
async function checkpoint(gate: OpenGate, { calls, state }: Keeping, value: Json): Promise<void> {
  if (gate.closed) throw new NovaError('conflict', 'ctx.checkpoint: the run has ended');
  if (isPaying(gate)) {
    throw new NovaError('bad_input', 'ctx.checkpoint: it cannot be left inside a paid call');
  }
  state.set(value);
  await gate.follow(gate.inTurn(() => calls.checkpoint(state.get())));
  if (!gate.interrupted) return;
  gate.stopped = true;
  throw new NovaError('unavailable', 'the run was asked to stop, and goes on from here in its next attempt');
}

/** $1 million: more than one sale brings in is a mistake, and a few of them would leave what sums can hold. */
export const MAX_EARNING_MICROS = 1_000_000_000_000;

/** @throws NovaError bad_input. The host asks again: it does not trust the process of a run. */
export function assertEarning(amountMicros: number): void {
  if (!Number.isSafeInteger(amountMicros) || amountMicros <= 0 || amountMicros > MAX_EARNING_MICROS) {
    const allowed = `a positive integer of micro-USD, at most ${MAX_EARNING_MICROS}`;
    throw new NovaError('bad_input', `ctx.earn: ${allowed}; got ${amountMicros}`);
  }
}
