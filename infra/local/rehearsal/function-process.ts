/** One environment of a function, as its pool sees it: a process that works on one event at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { NovaError } from '../../../shared/domain/error.ts';
import type { FromFunction, ToFunction } from './function-wire.ts';

export type FunctionOptions = {
  readonly name: string;
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Priority of its process: 0 as the engine, up to 19 behind it. */
  readonly nice: number;
  /** A file descriptor that takes what the function prints. */
  readonly output: number;
};

/** Lambda gives a module ten seconds to load. */
const LOAD_MS = 10_000;

type Call = { readonly id: number; resolve(result: unknown): void; reject(thrown: Error): void };

export class FunctionProcess {
  /** Resolves when it can take an event. @throws NovaError broken when its module does not load. */
  readonly ready: Promise<void>;
  readonly #options: FunctionOptions;
  readonly #fork: ChildProcess;
  #call: Call | null = null;
  #timer: NodeJS.Timeout | undefined;
  #calls = 0;
  #why = '';
  /** Epoch milliseconds since when it is busy; null when it is not. */
  busySince: number | null = null;

  /** @param onExit hears why it never came up, or null. */
  constructor(options: FunctionOptions, onExit: (stillborn: Error | null) => void) {
    this.#options = options;
    const { bundle, name, memoryMb, env, output } = options;
    this.#fork = fork(join(import.meta.dirname, 'function-main.ts'), [bundle, name, String(memoryMb)], {
      execPath: process.execPath,
      execArgv: [`--max-old-space-size=${memoryMb}`],
      env: { ...env },
      stdio: ['ignore', output, output, 'ipc'],
    });
    standBack(this.#fork.pid, options.nice);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    let isReady = false;
    this.#killAfter(LOAD_MS, `its module was not loaded within ${LOAD_MS} ms`);
    this.#fork.on('error', (cause) => this.kill(cause.message));
    this.#fork.on('message', (message: FromFunction) => {
      if (message.kind !== 'ready') return this.#answered(message);
      isReady = true;
      clearTimeout(this.#timer);
      resolve();
    });
    this.#fork.once('exit', (code, signal) => {
      clearTimeout(this.#timer);
      const gone = new NovaError('unavailable', `${name}: ${this.#why || `its process ended (${signal ?? code})`}`);
      const stillborn = isReady ? null : new NovaError('broken', `${name} does not load: ${gone.message}`);
      if (stillborn) reject(stillborn);
      this.#call?.reject(gone);
      this.#call = null;
      onExit(stillborn);
    });
    // Whoever waits for it hears of it; nobody has to.
    promise.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#fork.pid;
  }

  /** @throws NovaError broken for what the handler threw; unavailable when the process ended or took too long. */
  invoke(event: unknown): Promise<unknown> {
    const { name, timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#calls;
    this.#call = { id, resolve, reject };
    this.busySince = Date.now();
    this.#killAfter(timeoutMs, `${name} timed out after ${timeoutMs} ms`);
    const order: ToFunction = { id, event, deadline: this.busySince + timeoutMs };
    this.#fork.send(order, undefined, undefined, (thrown) => thrown && this.kill(thrown.message));
    return promise.finally(() => {
      this.busySince = null;
    });
  }

  kill(why: string): void {
    this.#why ||= why;
    this.#fork.kill('SIGKILL');
  }

  #killAfter(ms: number, why: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kill(why), ms);
  }

  #answered(message: Exclude<FromFunction, { kind: 'ready' }>): void {
    const call = this.#call;
    if (!call || call.id !== message.id) return;
    clearTimeout(this.#timer);
    this.#call = null;
    if (message.kind === 'result') call.resolve(message.result);
    else call.reject(new NovaError('broken', `${this.#options.name}: ${message.errorType}: ${message.errorMessage}`));
  }
}

/** What is gone already, or a machine that knows no priorities, is no trouble. */
function standBack(pid: number | undefined, nice: number): void {
  if (pid === undefined || nice === 0) return;
  try {
    setPriority(pid, nice);
  } catch {}
}
