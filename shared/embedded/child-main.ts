/**
 * The process in which blueprints run, one at a time. It has no store, no secret, no key and no environment; Node's
 * permission model takes files, processes and threads from it (see child.ts). All it can do is talk to its host.
 */
import './child-walls.ts';
import type { FetchedPage } from '../domain/ctx.ts';
import { type ErrorCode, FATES, messageOf, NovaError } from '../domain/error.ts';
import type { LlmRequest } from '../domain/llm.ts';
import type { RunCalls, RunOrder, RunResult } from '../ports/host.ts';
import { crashed, runBlueprint } from '../runtime/run-blueprint.ts';
import { CTX_VERSION, CtxLlmAnswer, CtxPage, type CtxToHost, CtxToRun } from '../wire/ctx.ts';

type Waiting = { resolve(value: unknown): void; reject(error: unknown): void };
type Unversioned<T> = T extends unknown ? Omit<T, 'v'> : never;

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2_147_483_647;

let mailbox: RunOrder[] = [];
const waiting = new Map<number, Waiting>();
let current: { readonly order: RunOrder; readonly stop: AbortController } | null = null;
const unsent: CtxToHost[] = [];
let lastId = 0;

process.on('disconnect', () => process.exit(0));
process.on('message', (raw) => {
  for (const message of Array.isArray(raw) ? raw : [raw]) hear(CtxToRun.parse(message));
});
process.on('uncaughtException', (error) => endBy(`not caught: ${messageOf(error)}`));
process.on('unhandledRejection', (reason) => endBy(`a promise was rejected and not caught: ${messageOf(reason)}`));
send({ kind: 'ready' });

function hear(message: CtxToRun): void {
  if (message.kind === 'start') {
    mailbox.push(message.order);
    if (!current) void workOff();
    return;
  }
  if (message.kind === 'withdraw') {
    mailbox = mailbox.filter(({ runId }) => runId !== message.runId);
    return;
  }
  if (message.kind === 'interrupt') {
    if (current?.order.runId === message.runId) current.stop.abort();
    return;
  }
  const asked = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.error) asked?.reject(errorOf(message.error));
  else asked?.resolve(message.value);
}

async function workOff(): Promise<void> {
  for (let order = mailbox.shift(); order; order = mailbox.shift()) {
    const stop = new AbortController();
    current = { order, stop };
    send({ kind: 'begin', runId: order.runId });
    // Its host ends it after the grace.
    const interruption = { signal: stop.signal, graceMs: MAX_TIMER_MS };
    sendResult(order, await runBlueprint(order, callsOf(order.runId), { time: Date, interruption }));
    // What the last run left to be rejected is to fall on nobody, not on the next one.
    await new Promise(setImmediate);
    current = null;
  }
  flush();
}

/** The process is in doubt from here on: it says what happened to its run and goes. */
function endBy(note: string): void {
  if (!current) process.exit(1);
  const { outcome, note: cut } = crashed(note);
  const { runId } = current.order;
  unsent.push({ v: CTX_VERSION, kind: 'end', runId, outcome, note: cut });
  process.send?.(unsent.splice(0), undefined, undefined, () => process.exit(1));
}

function callsOf(runId: string): RunCalls {
  return {
    mark: async (boundMicros, asks, item) =>
      void (await ask((id) => ({
        ...{ kind: 'spend', runId, id, boundMicros },
        ...(asks === undefined ? {} : { asks }),
        ...(item === undefined ? {} : { item }),
      }))),
    tool: async ({ name, args, boundMicros }) =>
      void (await ask((id) => ({ kind: 'tool', runId, id, name, args, boundMicros }))),
    llm: async (request) =>
      CtxLlmAnswer.parse(await ask((id) => ({ kind: 'llm', runId, id, request: copyOf(request) }))),
    settle: (costMicros) => send({ kind: 'spent', runId, costMicros }),
    earn: async (amountMicros, movementId) => {
      await ask((id) => ({ kind: 'earn', runId, id, amountMicros, movementId: movementId ?? `${runId}:${id}` }));
    },
    fetch: async (url): Promise<FetchedPage> => CtxPage.parse(await ask((id) => ({ kind: 'http', runId, id, url }))),
    checkpoint: async (value) => void (await ask((id) => ({ kind: 'checkpoint', runId, id, value }))),
    log: (message, fields) => send({ kind: 'log', runId, message, fields }),
  };
}

/** Only what the protocol carries: a blueprint may hand over an object with more in it. */
function copyOf({ model, system, messages, maxOutputTokens, cache }: LlmRequest) {
  return {
    ...{ model, maxOutputTokens },
    messages: messages.map(({ role, content }) => ({ role, content })),
    ...(system === undefined ? {} : { system }),
    ...(cache === undefined ? {} : { cache }),
  };
}

function sendResult({ runId }: RunOrder, { outcome, note, state }: RunResult): void {
  if (state !== undefined) unsent.push({ v: CTX_VERSION, kind: 'state', runId, value: state });
  unsent.push({ v: CTX_VERSION, kind: 'end', runId, outcome, note });
  // With another order at hand it goes along with that one's `begin`, in a moment. But whoever is late is replaced, and
  // that better before it begins another.
  if (mailbox.length === 0 || outcome === 'timed_out') flush();
}

function ask(question: (id: number) => Unversioned<CtxToHost>): Promise<unknown> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    send(question(id));
  });
}

/** At once: whoever never gives the processor back must have said before what it was doing. */
function send(message: Unversioned<CtxToHost>): void {
  unsent.push({ v: CTX_VERSION, ...message });
  flush();
}

/** Writing to the channel is dear: what waits goes as one list, in its order. */
function flush(): void {
  if (unsent.length > 0 && process.connected) process.send?.(unsent.splice(0));
}

function errorOf({ code, message }: { code: string; message: string }): NovaError {
  return new NovaError(isCode(code) ? code : 'broken', message);
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(FATES, code);
}
