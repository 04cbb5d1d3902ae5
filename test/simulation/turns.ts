/** Workers whose table operations wait for a turn; whoever throws the dice decides who goes, who dies, who waits. */
import type { Dice } from '../../shared/memory/dice.ts';
import type { Table } from '../../shared/ports/table.ts';

type Waiting = { readonly worker: number; go(): void; die(): void; lose(): void };

export type Fault = 'crashes' | 'lost';

export class Turns {
  faults = true;
  started = 0;
  readonly #throws: Dice;
  readonly #waiting: Waiting[] = [];
  readonly #dead = new Set<number>();
  #current = 0;
  #count: (kind: Fault) => void = () => {};

  constructor(throws: Dice) {
    this.#throws = throws;
  }

  idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Starts a worker; its failures are its own: an honest consumer would be delivered again. */
  start(work: () => Promise<unknown>): void {
    this.#current = ++this.started;
    work().catch(() => undefined);
  }

  /** One waiting operation goes on; with faults on, now and then it kills its worker or loses its answer. */
  async step(): Promise<void> {
    const [next] = this.#waiting.splice(this.#throws.below(this.#waiting.length), 1);
    if (!next) return;
    const roll = this.faults ? this.#throws.fraction() : 1;
    if (roll < 0.02) this.#kill(next, () => next.die());
    else if (roll < 0.04) this.#kill(next, () => next.lose());
    else if (roll < 0.07) next.lose();
    else next.go();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #kill({ worker }: Waiting, last: () => void): void {
    this.#count('crashes');
    last();
    this.#dead.add(worker);
    for (let i = this.#waiting.length - 1; i >= 0; i--)
      if (this.#waiting[i]?.worker === worker) this.#waiting.splice(i, 1);
  }

  /** The table as workers see it. A lost answer is asked for again, as an adapter would: the op runs twice. */
  gate(table: Table, count: (kind: Fault) => void): Table {
    this.#count = count;
    const ask = <T>(operation: () => Promise<T>): Promise<T> => {
      const worker = this.#current;
      return new Promise<T>((resolve, reject) => {
        const answer = (): void => {
          operation().then((value) => {
            this.#current = worker;
            if (!this.#dead.has(worker)) resolve(value);
          }, reject);
        };
        const lose = (): void => {
          count('lost');
          operation().then(() => this.#waiting.push({ worker, go: answer, die: () => {}, lose: answer }), reject);
        };
        this.#waiting.push({ worker, go: answer, die: () => {}, lose });
      });
    };
    return {
      get: (key) => ask(() => table.get(key)),
      query: (query) => ask(() => table.query(query)),
      write: (op) => ask(() => table.write(op)),
      transact: (ops) => ask(() => table.transact(ops)),
    };
  }
}
