/**
 * The environments of one function: started when an event needs one, kept, replaced when one dies. An event that finds
 * all of them busy waits for the first that is free.
 */
import { NovaError } from '../../../shared/domain/error.ts';
import { type FunctionOptions, FunctionProcess } from './function-process.ts';

export type FunctionPoolOptions = FunctionOptions & {
  readonly size: number;
  readonly watch: { born(pid: number | undefined): void; gone(pid: number | undefined): void };
};

type Waiter = { resolve(one: FunctionProcess): void; reject(thrown: unknown): void };

export class FunctionPool {
  readonly #options: FunctionPoolOptions;
  readonly #all = new Set<FunctionProcess>();
  readonly #idle: FunctionProcess[] = [];
  readonly #waiting: Waiter[] = [];
  #closed = false;
  #onGone: (() => void)[] = [];

  constructor(options: FunctionPoolOptions) {
    this.#options = options;
  }

  /** @throws NovaError as the process did; see FunctionProcess. */
  async invoke(event: unknown): Promise<unknown> {
    const one = await this.#take();
    try {
      return await one.invoke(event);
    } finally {
      this.#give(one);
    }
  }

  /** Starts one ahead of the first event. @throws NovaError broken when its module does not load. */
  async warm(): Promise<void> {
    if (this.#closed || this.#all.size > 0) return;
    await this.#spawn().ready.catch((thrown: unknown) => {
      if (!this.#closed) throw thrown;
    });
  }

  pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Lets events in progress end for so long, then ends everything. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed());
    const end = Date.now() + graceMs;
    for (const one of this.#all) if (one.busySince === null) one.kill('the engine stops');
    const timer = setTimeout(() => this.#killAll(), Math.max(0, end - Date.now()));
    while (this.#all.size > 0) await new Promise<void>((resolve) => this.#onGone.push(resolve));
    clearTimeout(timer);
  }

  #killAll(): void {
    for (const one of this.#all) one.kill('the engine stops');
  }

  #take(): Promise<FunctionProcess> {
    if (this.#closed) return Promise.reject(closed());
    const idle = this.#idle.pop();
    if (idle) return Promise.resolve(idle);
    if (this.#all.size < this.#options.size) this.#spawn();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #spawn(): FunctionProcess {
    const { watch } = this.#options;
    const one: FunctionProcess = new FunctionProcess(this.#options, (stillborn) => this.#gone(one, stillborn));
    this.#all.add(one);
    watch.born(one.pid);
    one.ready.then(
      () => this.#give(one),
      () => undefined,
    );
    return one;
  }

  #give(one: FunctionProcess): void {
    if (!this.#all.has(one)) return;
    const waiter = this.#waiting.shift();
    if (this.#closed) one.kill('the engine stops');
    else if (waiter) waiter.resolve(one);
    else this.#idle.push(one);
  }

  #gone(one: FunctionProcess, stillborn: Error | null): void {
    this.#all.delete(one);
    this.#options.watch.gone(one.pid);
    const place = this.#idle.indexOf(one);
    if (place >= 0) this.#idle.splice(place, 1);
    // One that never came up costs one event its try, and is started again by the next alone: a broken bundle must not spin.
    if (stillborn) this.#waiting.shift()?.reject(stillborn);
    if (!this.#closed && (!stillborn || this.#waiting.length > 0)) this.#spawn();
    for (const resolve of this.#onGone.splice(0)) resolve();
  }
}

const closed = (): NovaError => new NovaError('unavailable', 'the engine stops');
