/**
 * Machines: invocations of functions and tasks. Whatever one of them asks of the world outside waits for its turn, so that
 * whoever throws the dice decides who goes on, who dies, who stands still, and whose answer is lost.
 */
import type { Clock } from '../../../shared/memory/clock.ts';
import type { Dice } from '../../../shared/memory/dice.ts';
import type { TableCall } from '../../../shared/memory/faulty-table.ts';

export type AskedTask = { readonly clientToken: string; readonly environment: Readonly<Record<string, string>> };

/** What is asked, for those who choose a fault by it. */
export type About =
  | { readonly port: 'table'; readonly call: TableCall }
  | { readonly port: 'queue'; readonly verb: 'send' | 'delete' | 'give back' | 'bury'; readonly queue: string }
  | { readonly port: 'launcher'; readonly verb: 'run'; readonly task: AskedTask }
  | { readonly port: 'launcher'; readonly verb: 'stop' | 'list' }
  | { readonly port: 'scheduler' | 'mailer' | 'secrets' | 'provider' | 'rest' };

export type Ask = {
  readonly machine: Machine;
  readonly about: About;
  perform(): unknown;
  answer(value: unknown): void;
  fail(error: unknown): void;
  /** Not answered before; epoch milliseconds. */
  notBefore: number;
};

export type Machine = {
  readonly id: number;
  /** The function or the task that it is. */
  readonly kind: string;
  /** How much its clock is wrong. */
  skewMs: number;
  busy: boolean;
  dead: boolean;
  frozenUntil: number;
  /** Its heart is not heard any more, though it works on. */
  mute: boolean;
  /** What becomes of it when it dies. */
  onDeath: () => void;
};

type Beat = { readonly machine: Machine; readonly everyMs: number; next: number; readonly beat: () => void };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Longer than anything real takes: loading a module, compiling the rules. */
const MAX_TURNS = 200_000;

export class Machines {
  readonly waiting: Ask[] = [];
  readonly #clock: Clock;
  readonly #throws: Dice;
  readonly #beats = new Set<Beat>();
  #born = 0;

  constructor(clock: Clock, throws: Dice) {
    this.#clock = clock;
    this.#throws = throws;
  }

  get born(): number {
    return this.#born;
  }

  /** Begins at once, up to its first question. Its failures are its own. */
  async start(kind: string, skewMs: number, work: (machine: Machine) => Promise<unknown>): Promise<Machine> {
    const machine: Machine = {
      ...{ id: ++this.#born, kind, skewMs, busy: true, dead: false, frozenUntil: 0, mute: false },
      onDeath: () => {},
    };
    const over = (): void => {
      machine.busy = false;
      this.#silence(machine);
    };
    work(machine).then(over, over);
    await this.#settle(machine);
    return machine;
  }

  ask<T>(machine: Machine, about: About, perform: () => T, waitMs = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (machine.dead) return;
      const notBefore = this.#clock.now() + waitMs;
      this.waiting.push({
        ...{ machine, about, perform, notBefore },
        answer: (value) => resolve(value as T),
        fail: reject,
      });
    });
  }

  /** Those that could be answered now. */
  ready(): readonly Ask[] {
    const now = this.#clock.now();
    return this.waiting.filter(({ notBefore, machine }) => notBefore <= now && machine.frozenUntil <= now);
  }

  /** When the next one that waits could be answered; null when none waits. */
  nextAt(): number | null {
    const times = this.waiting.map(({ notBefore, machine }) => Math.max(notBefore, machine.frozenUntil));
    for (const { next, machine } of this.#beats) times.push(Math.max(next, machine.frozenUntil));
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Any of those, by chance; null when there is none. */
  pick(): Ask | null {
    const ready = this.ready();
    return ready.length === 0 ? null : this.#throws.pick(ready);
  }

  async answer(ask: Ask): Promise<void> {
    this.#take(ask);
    try {
      ask.answer(ask.perform());
    } catch (error) {
      ask.fail(error);
    }
    await this.#settle(ask.machine);
  }

  /** It was not done. */
  async refuse(ask: Ask, error: unknown): Promise<void> {
    this.#take(ask);
    ask.fail(error);
    await this.#settle(ask.machine);
  }

  /** It was not done, and whoever asked hears this instead. */
  async reply(ask: Ask, value: unknown): Promise<void> {
    this.#take(ask);
    ask.answer(value);
    await this.#settle(ask.machine);
  }

  /** It dies, perhaps just after what it was about to do was done. */
  killAt(ask: Ask): void {
    if (this.#throws.chance(0.5)) {
      try {
        ask.perform();
      } catch {
        // Whatever failed, nobody is there any more to hear of it.
      }
    }
    this.kill(ask.machine);
  }

  /** It was done, and whoever asked hears of an error. */
  async lose(ask: Ask, error: unknown): Promise<void> {
    ask.perform();
    await this.refuse(ask, error);
  }

  /** It was done, and is asked again: at once by an adapter, or much later by one that stood still. */
  echo(ask: Ask, afterMs: number): void {
    ask.perform();
    ask.notBefore = this.#clock.now() + afterMs;
  }

  kill(machine: Machine): void {
    machine.dead = true;
    machine.busy = false;
    this.#silence(machine);
    for (let at = this.waiting.length - 1; at >= 0; at--)
      if (this.waiting[at]?.machine === machine) this.waiting.splice(at, 1);
    machine.onDeath();
  }

  /** Every living one. */
  alive(): readonly Machine[] {
    return [...new Set(this.waiting.map(({ machine }) => machine))];
  }

  heart(machine: Machine, everyMs: number, beat: () => void): () => void {
    const mine: Beat = { machine, everyMs, next: this.#clock.now() + everyMs, beat };
    this.#beats.add(mine);
    return () => this.#beats.delete(mine);
  }

  /** Those whose heart beats, and is heard. */
  hearts(): readonly Machine[] {
    return [...this.#beats].map(({ machine }) => machine).filter(({ mute }) => !mute);
  }

  /** Beats every heart that is due. A frozen machine's stands still too. */
  async beat(): Promise<void> {
    const now = this.#clock.now();
    for (const one of [...this.#beats]) {
      const { machine, everyMs } = one;
      if (one.next > now || machine.frozenUntil > now) continue;
      one.next = now + everyMs;
      if (machine.dead || machine.mute) continue;
      one.beat();
      await this.#settle(machine);
    }
  }

  #silence(machine: Machine): void {
    for (const one of this.#beats) if (one.machine === machine) this.#beats.delete(one);
  }

  #take(ask: Ask): void {
    const at = this.waiting.indexOf(ask);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** Until it asks again or has ended; whatever else it does meanwhile is done. */
  async #settle(machine: Machine): Promise<void> {
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      await turn();
      if (!machine.busy || machine.dead || this.waiting.some((ask) => ask.machine === machine)) return;
    }
    throw new RangeError(`${machine.kind} ${machine.id} waits for nothing`);
  }
}
