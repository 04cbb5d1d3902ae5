/** One history: the real jobs on the platform, people who use it, and the faults that are let loose on both. */

import type { Dice } from '../../../shared/memory/dice.ts';
import { dice } from '../../../shared/memory/dice.ts';
import { Books, Broken } from '../books.ts';
import { type Changed, SimTable } from '../sim-table.ts';
import { DEPARTMENTS, HOLDS_OF } from './cast.ts';
import { Cloud } from './cloud.ts';
import type { Ask, Machine } from './machines.ts';
import { People } from './people.ts';
import { Platform } from './platform.ts';
import type { stageOf } from './stage.ts';
import { Watch } from './watch.ts';
import type { Wrong } from './wrong.ts';

export type Count = (fault: string) => void;
type Logged = readonly Changed[] | { readonly run: string; readonly seq: number; readonly micros: number };

export class Play {
  readonly seed: number;
  readonly throws: Dice;
  readonly cloud: Cloud;
  readonly platform: Platform;
  readonly people: People;
  watch: Watch;
  readonly wrong: Wrong;
  /** What happened, in order: two plays of a seed have the same. */
  trace = 0;
  steps = 0;
  /** Nothing else goes wrong in this history but the one fault that it knows. */
  alone = false;
  readonly counts = new Map<string, number>();
  /** What faults keep for their own checks. */
  readonly notes = new Map<string, string[]>();
  #problem: string | null = null;
  readonly #log: { readonly at: number; readonly what: Logged }[] = [];

  constructor(seed: number, stage: Awaited<ReturnType<typeof stageOf>>, wrong: Wrong) {
    this.seed = seed;
    this.wrong = wrong;
    this.throws = dice(seed);
    this.cloud = new Cloud(seed, this.throws, wrong);
    this.watch = this.#newWatch();
    this.platform = new Platform(this.cloud);
    this.people = new People(this);
    this.cloud.trouble = (problem) => {
      // An order that comes late, or a lease that was lost, may bring a second one; it finds the first at work, and goes.
      if (this.alone) this.fail(problem);
    };
    for (const [name, schedule] of stage.schedules) this.cloud.schedules.set(name, schedule);
    this.#listen(this.cloud.table);
    for (const item of stage.items) this.cloud.table.write({ op: 'put', item });
  }

  fail(problem: string): void {
    this.#problem ??= problem;
  }

  check(): void {
    const problem = this.#problem ?? this.cloud.books.problem;
    if (problem) throw new Broken(`seed ${this.seed}, step ${this.steps}: ${problem}`);
  }

  note(name: string, text: string): void {
    this.notes.set(name, [...(this.notes.get(name) ?? []), text]);
  }

  happened(fault: string): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    this.mark(fault.length * 7 + Number(fault.slice(1)));
  }

  mark(word: number): void {
    this.trace = Math.imul(this.trace ^ word, 0x01000193) >>> 0;
  }

  #listen(table: SimTable): void {
    table.onCommit = (changes) => {
      this.#log.push({ at: this.cloud.clock.now(), what: changes });
      this.mark(hashOf(changes));
      for (const { key, before } of changes)
        if (before && isRule(key.pk)) this.cloud.was.set(`${key.pk} ${key.sk}`, before);
      this.cloud.books.commit(changes);
      this.watch.commit(changes);
    };
    const { books } = this.cloud;
    const called = books.called.bind(books);
    books.called = (run, seq, used) => {
      this.#log.push({ at: this.cloud.clock.now(), what: { run, seq, micros: used.micros } });
      called(run, seq, used);
    };
  }

  /** The table as it was then, and nothing that is remembered of later. Its books are those of that moment. */
  restore(at: number): void {
    const kept = this.#log.filter((entry) => entry.at <= at);
    this.#log.length = 0;
    this.cloud.table = new SimTable();
    this.cloud.books = new Books(DEPARTMENTS, HOLDS_OF);
    const { skewed } = this.watch;
    this.watch = this.#newWatch();
    this.watch.skewed = skewed;
    this.#listen(this.cloud.table);
    for (const { what } of kept) {
      if ('run' in what) this.cloud.books.called(what.run, what.seq, { micros: what.micros, tokens: 0 });
      else this.#again(what);
    }
  }

  #newWatch(): Watch {
    return new Watch(
      (problem) => this.fail(problem),
      () => this.cloud.clock.now(),
    );
  }

  #again(changes: readonly Changed[]): void {
    const ops = changes.map(({ key, after }) =>
      after ? ({ op: 'put', item: after } as const) : ({ op: 'delete', key } as const),
    );
    this.cloud.table.transact(ops);
  }

  /** This machine goes on undisturbed until it has ended. False when something stood in its way. */
  async finish(machine: Machine): Promise<boolean> {
    for (let steps = 0; steps < 100; steps++) {
      const ask = this.cloud.machines.waiting.find((one) => one.machine === machine);
      if (!ask) return true;
      if (this.cloud.down.has(ask.about.port)) return false;
      await this.answer(ask);
    }
    return false;
  }

  /** One waiting question is answered. */
  async answer(ask: Ask): Promise<void> {
    this.steps++;
    this.mark(ask.machine.id);
    await this.cloud.machines.answer(ask);
  }

  /** Time passes without a fault: whatever is due is done, one thing after the other. */
  async pass(ms: number): Promise<void> {
    const { clock, machines, queues } = this.cloud;
    const end = clock.now() + ms;
    this.cloud.hasty = true;
    for (;;) {
      await this.platform.due();
      for (let idle = false; !idle; ) {
        const ask = machines.pick();
        if (ask) {
          await this.answer(ask);
          this.check();
          continue;
        }
        idle = true;
        for (const queue of ['runs', 'work', 'revenue'] as const)
          if ((queues[queue].nextVisibleAt() ?? Number.POSITIVE_INFINITY) <= clock.now())
            if ((await this.platform.poll(queue)) > 0) idle = false;
      }
      const next = Math.max(this.platform.nextAt(), clock.now() + 1);
      if (next > end) break;
      clock.set(next);
    }
    clock.set(end);
    this.cloud.hasty = false;
  }
}

/** What is decided by: limits, what is left of them, and the policy. */
const isRule = (pk: string): boolean => pk.startsWith('BUDGET#') || pk === 'LIMITS' || pk === 'POLICY';

const cached = new WeakMap<readonly Changed[], number>();

/** FNV-1a of what was written where. */
function hashOf(changes: readonly Changed[]): number {
  const known = cached.get(changes);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const { key, after } of changes) {
    const text = `${key.pk}/${key.sk}/${after?.rev ?? ''}/${after?.ho ?? ''}/${after?.status ?? ''}/${after?.av ?? ''}/${after?.available ?? ''}`;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
