/** One child process and its mailbox of orders. */
import { type ChildProcess, fork } from 'node:child_process';
import { dirname } from 'node:path';
import { NovaError } from '../domain/error.ts';
import type { RunCalls, RunOrder, RunResult } from '../ports/host.ts';
import { crashed, INTERRUPTED, timedOut } from '../runtime/run-blueprint.ts';
import { CTX_VERSION, CtxToHost, type CtxToRun } from '../wire/ctx.ts';
import { type ChildProgram, childFlags, ROOT, SOURCE } from './child-flags.ts';
import { ASKS_TOO_MUCH, ChildRun, type Job } from './child-run.ts';
import { type PidUse, pidUse, usedBetween } from './pid-use.ts';

const MAX_OUTPUT = 4_000;
const MAX_GHOSTS = 64;
/** setTimeout takes no more. */
const MAX_TIMER_MS = 2_147_483_647;

export type ChildOptions = {
  readonly memoryMb: number;
  readonly program: ChildProgram;
  now(): number;
  /** It can take an order: after its start and after every run. */
  onFree(child: Child): void;
  /** `unstarted` never began here; `ready` tells whether it had ever come up; `words` are its last on stderr. */
  onExit(child: Child, end: { readonly unstarted: Job[]; readonly ready: boolean; readonly words: string }): void;
};

const refuse = () => Promise.reject(new NovaError('conflict', 'the run was given to another process'));
const REFUSED: RunCalls = {
  ...{
    mark: refuse,
    settle() {},
    tool: refuse,
    llm: refuse,
    checkpoint: refuse,
    earn: refuse,
    fetch: refuse,
    log() {},
  },
};

export class Child {
  readonly pid: number | undefined;
  ready = false;
  /** On its way out: it is given nothing, and what it still says is not heard. */
  doomed = false;
  /** Epoch milliseconds since which it has been doing what it does: its run, or nothing. */
  since: number;
  /** Epoch milliseconds since which an order waits with no run before it; null when none does. */
  unbegunSince: number | null = null;
  readonly #options: ChildOptions;
  readonly #fork: ChildProcess;
  readonly #mailbox: Job[] = [];
  readonly #ghosts = new Map<string, RunOrder>();
  #unsent: CtxToRun[] = [];
  #current: ChildRun | null = null;
  /** When the run in progress began; of runs alone whose owner wants to know. */
  #usedBefore: PidUse | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #killedFor: RunResult | null = null;
  #words = '';
  #alive = true;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.since = options.now();
    this.#fork = fork(options.program.file, [], {
      execPath: process.execPath,
      execArgv: childFlags(options.memoryMb, options.program),
      env: {},
      cwd: options.program === SOURCE ? ROOT : dirname(options.program.file),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.pid = this.#fork.pid;
    this.#fork.on('message', (raw) => {
      for (const message of Array.isArray(raw) ? raw : [raw]) this.#hear(message);
    });
    this.#fork.on('error', () => this.kill());
    this.#fork.once('close', (code, signal) => this.#gone(code, signal));
    this.#fork.stdout?.setEncoding('utf8').on('data', (text: string) => this.#said(text, 'stdout'));
    this.#fork.stderr?.setEncoding('utf8').on('data', (text: string) => this.#said(text, 'stderr'));
  }

  /** Orders it holds, the one being worked on included. */
  get load(): number {
    return this.#mailbox.length + (this.#current ? 1 : 0);
  }

  isAt(job: Job): boolean {
    return this.#current?.job === job;
  }

  /** It has the order and has not begun it. */
  holds(job: Job): boolean {
    return this.#mailbox.includes(job);
  }

  give(job: Job): void {
    // What is sent now is read after every withdrawal before it.
    if (this.load === 0) {
      this.#ghosts.clear();
      this.unbegunSince = this.#options.now();
    }
    this.#mailbox.push(job);
    this.#send({ v: CTX_VERSION, kind: 'start', order: job.order });
    this.#watchDeadline();
  }

  /** Orders that wait behind a run. Should it begin one all the same, that is a ghost: refused every call, unheard. */
  takeBack(): Job[] {
    const unstarted = this.#mailbox.splice(0);
    this.unbegunSince = null;
    for (const { order } of unstarted) {
      this.#ghosts.set(order.runId, order);
      for (const oldest of this.#ghosts.keys()) if (this.#ghosts.size > MAX_GHOSTS) this.#ghosts.delete(oldest);
      this.#send({ v: CTX_VERSION, kind: 'withdraw', runId: order.runId });
    }
    return unstarted;
  }

  /** `because` becomes the result of the run in progress; without one it has crashed. */
  kill(because: RunResult | null = null): void {
    this.#tellUse(this.#current);
    this.doomed = true;
    this.#killedFor ??= because;
    this.hold(true);
    this.#fork.kill('SIGKILL');
  }

  /** Keeps its owner's process alive only while there is something to wait for. */
  hold(held: boolean): void {
    const { channel, stdout, stderr } = this.#fork;
    const pipes = [channel, stdout, stderr] as readonly ({ ref?(): void; unref?(): void } | null | undefined)[];
    for (const one of [this.#fork, ...pipes]) {
      if (held) one?.ref?.();
      else one?.unref?.();
    }
  }

  #hear(raw: unknown): void {
    if (this.doomed) return;
    const { success, data: message } = CtxToHost.safeParse(raw);
    if (!success) this.kill(crashed('the run spoke out of protocol'));
    else if (message.kind === 'ready') this.#isReady();
    else if (message.kind === 'begin') this.#begin(message.runId);
    else if (message.runId !== this.#current?.job.order.runId) return;
    else if (message.kind === 'end') void this.#end(message);
    else if (!this.#current.hear(message)) this.kill(crashed(ASKS_TOO_MUCH));
  }

  #isReady(): void {
    this.ready = true;
    this.#options.onFree(this);
  }

  #begin(runId: string): void {
    const job = this.#mailbox[0]?.order.runId === runId ? this.#mailbox.shift() : this.#ghost(runId);
    if (this.#current || !job) {
      this.kill(crashed('the run spoke out of protocol'));
      return;
    }
    this.since = this.#options.now();
    this.unbegunSince = null;
    this.#current = new ChildRun(job, (message) => this.#send(message));
    this.#usedBefore = job.calls.used && this.pid !== undefined ? pidUse(this.pid) : null;
    this.#watchDeadline();
    this.#watchInterruption(job);
  }

  #ghost(runId: string): Job | null {
    const order = this.#ghosts.get(runId);
    return order ? { order, calls: REFUSED, resolve() {}, lost: 0 } : null;
  }

  async #end({ outcome, note }: RunResult): Promise<void> {
    const run = this.#current;
    this.#tellUse(run);
    // A run that did not stop at its deadline may still be at work in there: what comes next gets a clean process.
    if (outcome === 'timed_out') this.kill();
    this.#current = null;
    this.since = this.#options.now();
    this.unbegunSince = this.#mailbox.length > 0 ? this.since : null;
    clearTimeout(this.#deadline);
    await run?.end({ outcome, note });
    if (!this.#alive || this.doomed) return;
    this.#watchDeadline();
    this.#options.onFree(this);
  }

  #tellUse(run: ChildRun | null): void {
    const before = this.#usedBefore;
    const after = before && this.pid !== undefined ? pidUse(this.pid) : null;
    if (before && after) run?.job.calls.used?.(usedBetween(before, after));
    this.#usedBefore = null;
  }

  #gone(code: number | null, signal: NodeJS.Signals | null): void {
    this.#alive = false;
    clearTimeout(this.#deadline);
    const how = signal ? `by ${signal}` : `with code ${code}`;
    const memory = this.#words.includes('heap out of memory') ? `: more than ${this.#options.memoryMb} MB` : '';
    void this.#current?.end(this.#killedFor ?? crashed(`its process ended ${how}${memory}`));
    this.#current = null;
    const unstarted = this.#mailbox.splice(0);
    this.#options.onExit(this, { unstarted, ready: this.ready, words: this.#words.trim() });
  }

  /** The run in progress, or the order that should have been begun: a frozen child must not hold it for ever. */
  #watchDeadline(): void {
    const order = this.#current?.job.order ?? this.#mailbox[0]?.order;
    clearTimeout(this.#deadline);
    if (!order) return;
    const milliseconds = Math.min(Math.max(order.deadline - this.#options.now(), 0), MAX_TIMER_MS);
    this.#deadline = setTimeout(() => this.kill(timedOut(order)), milliseconds);
  }

  /** Asked first, ended after the grace. */
  #watchInterruption({ order, interruption }: Job): void {
    if (!interruption) return;
    const { signal, graceMs } = interruption;
    const mine = (): boolean => this.#current?.job.order.runId === order.runId;
    const ask = (): void => {
      if (!mine()) return;
      this.#send({ v: CTX_VERSION, kind: 'interrupt', runId: order.runId });
      setTimeout(() => mine() && this.kill(INTERRUPTED), graceMs).unref();
    };
    if (signal.aborted) ask();
    else signal.addEventListener('abort', ask, { once: true });
  }

  #said(text: string, stream: string): void {
    if (stream === 'stderr') this.#words = (this.#words + text).slice(-MAX_OUTPUT);
    this.#current?.log(text.trim(), { stream });
  }

  /** Writing to the channel is dear: what is said within one turn goes as one list, in its order. */
  #send(message: CtxToRun): void {
    this.#unsent.push(message);
    if (this.#unsent.length > 1) return;
    process.nextTick(() => {
      const messages = this.#unsent;
      this.#unsent = [];
      if (this.#alive && this.#fork.connected) this.#fork.send(messages, undefined, undefined, () => {});
    });
  }
}
