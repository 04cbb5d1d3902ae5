/** The children of a host: gives out orders, grows, shrinks, and replaces those that died. */
import { NovaError } from '../domain/error.ts';
import { crashed, timedOut } from '../runtime/run-blueprint.ts';
import { Child } from './child.ts';
import { type ChildProgram, SOURCE } from './child-flags.ts';
import type { ChildHostOptions } from './child-host.ts';
import type { Job } from './child-run.ts';
import { Warden } from './warden.ts';

/** From then on a run is a long one: nothing waits behind it, and another child may be started. */
const LONG_RUN_MS = 20;
/** Children coming up at the same time: each costs a processor for 0.1 s. */
const MAX_STARTING = 2;
const MAX_LOST = 3;
/** An order is begun at once by a child that has none: one that does not is held up by what an earlier run left behind. */
const STUCK_MS = 3_000;
/**
 * Children that died before they came up, in a row, after which waiting orders are given up. One that said why would say
 * it again; one that went without a word was ended from outside, which says little about the next.
 */
const MAX_STILLBORN = 12;
const SAID_WHY = 4;

export class ChildPool {
  readonly #max: number;
  readonly #idle: number;
  readonly #idleMs: number;
  readonly #memoryMb: number;
  readonly #mailbox: number;
  readonly #program: ChildProgram;
  readonly #now: () => number;
  readonly #children = new Set<Child>();
  readonly #waiting: Job[] = [];
  /** Where a container's end takes all its processes, nobody else need. */
  readonly #warden: Warden | null;
  #timer: NodeJS.Timeout | undefined;
  #stillborn = 0;
  #closed = false;
  #warmed = false;
  /** What the last child that never came up has said. */
  #lastWords = '';
  #onChange: (() => void)[] = [];

  constructor(options: ChildHostOptions) {
    this.#max = Math.max(1, options.maxConcurrentRuns ?? 16);
    this.#idle = Math.min(this.#max, options.idleChildren ?? 2);
    this.#idleMs = options.idleMs ?? 30_000;
    this.#memoryMb = options.memoryMb ?? 256;
    this.#mailbox = options.mailbox ?? 4;
    this.#program = options.program ?? SOURCE;
    this.#warden = options.program ? null : new Warden();
    this.#now = options.now ?? Date.now;
  }

  take(job: Job): void {
    if (this.#closed) job.resolve(crashed('the host is closed'));
    else {
      this.#waiting.push(job);
      this.#distribute();
    }
  }

  /** Ends one run at once, begun or not; nothing when it has ended. */
  stop(job: Job): void {
    const result = crashed('the run was stopped');
    const at = this.#waiting.indexOf(job);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      job.resolve(result);
      return;
    }
    for (const child of this.#children) {
      if (child.isAt(job)) child.kill(result);
      else if (child.holds(job)) {
        this.#waiting.unshift(...child.takeBack().filter((other) => other !== job));
        job.resolve(result);
        this.#distribute();
      }
    }
  }

  async warm(): Promise<void> {
    this.#warmed = true;
    while (this.#children.size < this.#idle) this.#spawn();
    while (!this.#closed && [...this.#children].some(({ ready }) => !ready)) {
      await new Promise<void>((resolve) => this.#onChange.push(resolve));
    }
    // Else every run would be a crash of its agent, for something that no agent can help.
    if (!this.#closed && this.#children.size === 0 && this.#lastWords) {
      throw new NovaError('misconfigured', `no child process comes up: ${this.#lastWords}`);
    }
  }

  pids(): readonly number[] {
    return [...this.#children].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const job of this.#waiting.splice(0)) job.resolve(crashed('the host was closed before the run began'));
    for (const child of this.#children) child.kill(crashed('the host was closed'));
    while (this.#children.size > 0) await new Promise<void>((resolve) => this.#onChange.push(resolve));
    this.#warden?.close();
  }

  /** Gives waiting orders to the child with the least to do. */
  #distribute(): void {
    for (let job = this.#waiting[0]; job; job = this.#waiting[0]) {
      const child = this.#freest();
      if (!child) break;
      this.#waiting.shift();
      child.hold(true);
      child.give(job);
    }
    if (this.#waiting.length > 0 && this.#children.size < this.#idle) this.#grow();
    this.#tick();
  }

  /** What was given ahead of time must not wait behind a run that turns out to be long. */
  #takeBack(): void {
    for (const child of this.#children) {
      if (child.doomed) continue;
      if (child.load > 1 && this.#isLong(child)) this.#waiting.unshift(...child.takeBack());
      const unbegun = child.unbegunSince;
      if (unbegun === null || this.#now() - unbegun < STUCK_MS) continue;
      this.#waiting.unshift(...child.takeBack());
      child.kill();
    }
  }

  #giveUpLate(): void {
    const now = this.#now();
    if (!this.#waiting.some(({ order }) => order.deadline <= now)) return;
    for (const job of this.#waiting.splice(0)) {
      if (job.order.deadline > now) this.#waiting.push(job);
      else job.resolve(timedOut(job.order, 'no child was free before its deadline'));
    }
  }

  #isLong(child: Child): boolean {
    return this.#now() - child.since >= LONG_RUN_MS;
  }

  #freest(): Child | null {
    let best: Child | null = null;
    for (const child of this.#children) {
      const free =
        child.ready && !child.doomed && (child.load === 0 || (child.load < this.#mailbox && !this.#isLong(child)));
      if (free && (!best || child.load < best.load)) best = child;
    }
    return best;
  }

  /** Short runs make no more children, however many wait: they would only share the same processors. */
  #grow(): void {
    if (this.#closed || this.#waiting.length === 0 || this.#children.size >= this.#max) return;
    const starting = [...this.#children].filter(({ ready }) => !ready).length;
    if (starting >= Math.min(MAX_STARTING, this.#waiting.length)) return;
    if ([...this.#children].every((child) => !child.ready || this.#isLong(child))) this.#spawn();
    else if (this.#children.size < this.#idle) this.#spawn();
  }

  /** Looks again in a moment while orders wait, and later for children that have been idle for long. */
  #tick(): void {
    if (this.#closed || this.#timer?.hasRef()) return;
    clearTimeout(this.#timer);
    const backlog =
      this.#waiting.length > 0 ||
      [...this.#children].some(({ load, unbegunSince }) => load > 1 || unbegunSince !== null);
    // After this process itself was held up, what the children have said meanwhile is read first (setImmediate).
    if (backlog) this.#timer = setTimeout(() => setImmediate(() => this.#reconsider()), LONG_RUN_MS);
    else if (this.#children.size > this.#idle) this.#timer = setTimeout(() => this.#shrink(), this.#idleMs).unref();
    else this.#timer = undefined;
  }

  #reconsider(): void {
    this.#timer = undefined;
    this.#takeBack();
    this.#giveUpLate();
    this.#distribute();
    this.#grow();
  }

  #shrink(): void {
    const longAgo = this.#now() - this.#idleMs;
    const idle = [...this.#children].filter(({ ready, load, since }) => ready && load === 0 && since <= longAgo);
    for (const child of idle.slice(0, Math.max(0, this.#children.size - this.#idle))) child.kill();
    this.#timer = undefined;
    this.#tick();
  }

  #spawn(): void {
    const child: Child = new Child({
      memoryMb: this.#memoryMb,
      program: this.#program,
      now: this.#now,
      onFree: () => this.#free(child),
      onExit: (_, end) => this.#exit(child, end),
    });
    this.#children.add(child);
    this.#warden?.born(child.pid);
  }

  #free(child: Child): void {
    this.#stillborn = 0;
    if (child.load === 0) child.hold(false);
    this.#changed();
    this.#distribute();
  }

  #exit(child: Child, { unstarted, ready, words }: { unstarted: Job[]; ready: boolean; words: string }): void {
    this.#children.delete(child);
    this.#warden?.gone(child.pid);
    if (!ready) {
      this.#lastWords = tellingLine(words);
      this.#stillborn += words !== '' || child.pid === undefined ? SAID_WHY : 1;
    } else if (this.#warmed && !this.#closed && this.#children.size < this.#idle) this.#spawn();
    for (const job of unstarted.reverse()) {
      job.lost += 1;
      if (this.#closed || job.lost > MAX_LOST) job.resolve(crashed('its process ended before the run began'));
      else this.#waiting.unshift(job);
    }
    if (this.#stillborn >= MAX_STILLBORN) {
      this.#stillborn = 0;
      const why = crashed(`no child process comes up: ${this.#lastWords}`);
      for (const job of this.#waiting.splice(0)) job.resolve(why);
    }
    this.#changed();
    if (!this.#closed) this.#distribute();
  }

  #changed(): void {
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}

/** Node ends its last words with its version; the line that tells is the one that names the error. */
function tellingLine(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  return lines.find((line) => /^\w*(Error|Exception)\b.*:/.test(line)) ?? lines.at(-1) ?? '';
}
