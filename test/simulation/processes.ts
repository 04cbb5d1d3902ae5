/**
 * Processes whose table operations wait for a turn: one message at a time each, as functions have it, with caches that
 * outlive a message. Whoever throws the dice decides who goes, who dies, whose answer is lost, who stands still.
 */
import { NovaError } from '../../shared/domain/error.ts';
import type { Dice } from '../../shared/memory/dice.ts';
import type { Table } from '../../shared/ports/table.ts';
import type { SimTable } from './sim-table.ts';

/** What stands between the workers and the table: nothing, or a wrong protocol. */
export type Spoil = (table: SimTable) => Pick<SimTable, 'get' | 'query' | 'write' | 'transact'>;

type Process = { readonly table: Table; pause(): Promise<void>; busy: boolean; dead: boolean; asks: number };
export type Worker = Pick<Process, 'table' | 'pause'>;
type Ask = { readonly process: Process; perform(): unknown; answer(value: unknown): void; fail(error: unknown): void };

export type Faults = { crashes: number; lost: number; failures: number };

/** Hops of promises within which a process that asks several things at once asks the next. */
const HOPS = 6;

export class Processes {
  faults = true;
  started = 0;
  readonly counts: Faults = { crashes: 0, lost: 0, failures: 0 };
  readonly #sim: ReturnType<Spoil>;
  readonly #table: SimTable;
  readonly #throws: Dice;
  readonly #pool: Process[] = [];
  readonly #waiting: Ask[] = [];
  #wake: () => void = () => {};

  constructor(table: SimTable, throws: Dice, spoil: Spoil) {
    this.#table = table;
    this.#sim = spoil(table);
    this.#throws = throws;
  }

  idle(): boolean {
    return this.#waiting.length === 0;
  }

  get busy(): number {
    let busy = 0;
    for (const process of this.#pool) if (process.busy) busy++;
    return busy;
  }

  /** Begins at once, up to its first question. Its failures are its own: the message comes back. */
  start(work: (worker: Worker) => Promise<unknown>): void {
    this.started++;
    const process = this.#pool.find(({ busy }) => !busy) ?? this.#birth();
    process.busy = true;
    const over = (): void => {
      process.busy = false;
      this.#wake();
    };
    work(process).then(over, over);
  }

  /** One question is answered, and its process goes on to the next one or to its end; with faults on, its process may die before or after, or the answer be lost. */
  step(): Promise<void> | null {
    const at = this.#throws.below(this.#waiting.length);
    const ask = this.#waiting[at];
    if (!ask) return null;
    this.#waiting.splice(at, 1);
    const roll = this.faults ? this.#throws.fraction() : 1;
    if (roll < 0.012) return this.#kill(ask.process);
    const asked = ask.process.asks;
    if (roll < 0.03) return this.#lose(ask, roll);
    if (roll < 0.05) {
      // An adapter asks again: a conditional write may have been tried twice.
      this.counts.lost++;
      ask.perform();
      this.#waiting.push(ask);
      return null;
    }
    try {
      ask.answer(ask.perform());
    } catch (error) {
      ask.fail(error);
    }
    return this.#settle(ask.process, asked);
  }

  /** Done and unknown: the process dies with it, or is told that nobody knows. */
  #lose(ask: Ask, roll: number): Promise<void> | null {
    ask.perform();
    if (roll < 0.024) return this.#kill(ask.process);
    this.counts.failures++;
    const asked = ask.process.asks;
    ask.fail(new NovaError('unavailable', 'nobody knows'));
    return this.#settle(ask.process, asked);
  }

  #settle(process: Process, asked: number): Promise<void> | null {
    // It asks several things at once: more may come, or it waits for the others.
    if (this.#waiting.some((ask) => ask.process === process)) return this.#afterHops(process, asked);
    // It may have ended before, without waiting for all that it asked.
    if (!process.busy) return null;
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #afterHops(process: Process, asked: number): Promise<void> {
    for (let hop = 0; hop < HOPS && process.asks === asked && process.busy; hop++) await null;
  }

  #kill(process: Process): null {
    this.counts.crashes++;
    process.dead = true;
    this.#pool.splice(this.#pool.indexOf(process), 1);
    for (let at = this.#waiting.length - 1; at >= 0; at--)
      if (this.#waiting[at]?.process === process) this.#waiting.splice(at, 1);
    return null;
  }

  #birth(): Process {
    const ask = <T>(perform: () => T): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        if (process.dead) return;
        process.asks++;
        this.#wake();
        this.#waiting.push({ process, perform, answer: (value) => resolve(value as T), fail: reject });
      });
    const table: Table = {
      get: (key) => ask(() => this.#sim.get(key)),
      // Nothing is ever put into an empty shard while a history runs.
      query: (query) =>
        this.#table.isEmpty(query.pk) && query.pk.startsWith('FLEET#')
          ? Promise.resolve({ items: [], cursor: null })
          : ask(() => this.#sim.query(query)),
      write: (op) => ask(() => this.#sim.write(op)),
      transact: (ops) => ask(() => this.#sim.transact(ops)),
    };
    const process: Process = { table, pause: () => ask(() => undefined), busy: true, dead: false, asks: 0 };
    this.#pool.push(process);
    return process;
  }
}
