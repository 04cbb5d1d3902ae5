/**
 * One seeded history of the run protocol: workers over one table, whose every operation waits for its turn. Between
 * turns anything may happen: a crash before or after a write, a lost answer, a duplicate delivery, a call that takes
 * long, a skewed clock, a kill, another hour, day, week or month, limits that come, rise and fall, another zone. A second
 * book-keeping checks every commit.
 */
import { tickSlot } from '../../shared/domain/run.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { recoverExpired } from '../../shared/jobs/sweep.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { type Dice, dice } from '../../shared/memory/dice.ts';
import { adoptZone } from '../../shared/store/calendar-store.ts';
import { setInstanceStatusOp } from '../../shared/store/instance-store.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import type { TickMessage } from '../../shared/wire/messages.ts';
import { Books, Broken } from './books.ts';
import { Processes, type Spoil, type Worker } from './processes.ts';
import { SimTable } from './sim-table.ts';
import { type Cast, castOf, DEPARTMENTS, HOLDS, START, someLimit, ticksOf, worldOf } from './stage.ts';

export type Counts = {
  steps: number;
  crashes: number;
  lost: number;
  failures: number;
  recorded: number;
  receipts: number;
  refused: number;
  throttled: number;
  kills: number;
  limits: number;
  jumps: number;
};

export const NO_COUNTS: Counts = {
  ...{ steps: 0, crashes: 0, lost: 0, failures: 0, recorded: 0, receipts: 0 },
  ...{ refused: 0, throttled: 0, kills: 0, limits: 0, jumps: 0 },
};

/** What a wrong protocol changes beside the table. */
export type Wrong = {
  readonly spoil?: Spoil;
  /** Takes a message as done when its worker was fenced out. */
  readonly acknowledgesFenced?: boolean;
  readonly overrun?: number;
  /** Each attempt works under a name of its own. */
  readonly renames?: boolean;
};

const FAULTY_STEPS = 60;
const MAX_STEPS = 2_000;
const FENCED_SECONDS = 2;
/** Messages in work at a time. */
const MAX_BUSY = 5;

class Play {
  readonly seed: number;
  readonly throws: Dice;
  readonly cast: Cast;
  readonly table: SimTable;
  readonly books: Books;
  readonly processes: Processes;
  readonly clock = stillClock(START);
  readonly open: Set<TickMessage>;
  readonly ticks: readonly TickMessage[];
  readonly wrong: Wrong;
  zone = 'UTC';
  deliveries = 0;
  kills = 0;
  limits = 0;
  jumps = 0;

  constructor(seed: number, throws: Dice, { cast, wrong }: { cast: Cast; wrong: Wrong }) {
    this.seed = seed;
    this.throws = throws;
    this.cast = cast;
    this.wrong = wrong;
    this.table = new SimTable();
    this.books = new Books(DEPARTMENTS, () => HOLDS);
    this.table.onCommit = (changes) => this.books.commit(changes);
    for (const item of cast.items) this.table.write({ op: 'put', item });
    this.processes = new Processes(this.table, throws, wrong.spoil ?? ((table) => table));
    this.ticks = ticksOf(cast, throws);
    this.open = new Set(this.ticks);
  }

  check(): void {
    if (this.books.problem) throw new Broken(`seed ${this.seed}: ${this.books.problem}`);
  }

  world(worker: Worker, skewMs = 0) {
    const { books, clock, zone } = this;
    return worldOf({ worker, books, now: () => clock.now() + skewMs, zone, overrun: this.wrong.overrun ?? 0 });
  }

  act(): Promise<void> | null | void {
    const { throws, processes, clock } = this;
    const roll = throws.fraction();
    if ((roll < 0.78 && !processes.idle()) || processes.busy >= MAX_BUSY) return processes.step();
    if (roll < 0.92 && this.open.size > 0) return this.deliver(throws.pick([...this.open]));
    if (roll < 0.95) return clock.advance(throws.below(70_000));
    if (roll < 0.965) return this.sweep();
    if (roll < 0.985) return this.setSomeLimit();
    if (roll < 0.99) return this.jump();
    if (roll < 0.993) return this.deliver(throws.pick(this.ticks));
    if (roll < 0.995) return this.move();
    this.kill();
  }

  /** After the faults: whoever is at work goes on, then the next message comes, a lease later. */
  goOn(): Promise<void> | null {
    if (!this.processes.idle()) return this.processes.step();
    this.clock.advance(61_000);
    if (this.open.size > 0) this.deliver(this.throws.pick([...this.open]));
    return null;
  }

  deliver(tick: TickMessage): void {
    const skewMs = this.processes.faults ? this.throws.below(20_000) - 10_000 : 0;
    const invocationId = `h${++this.deliveries}`;
    this.processes.start(async (worker) => {
      const world = this.world(worker, skewMs);
      const call = { invocationId, deadline: world.time.now() + 300_000, receiveCount: 1 };
      const later = await runAgentJob.run(this.named(tick), world, call);
      const fenced = later?.laterSeconds === FENCED_SECONDS && this.wrong.acknowledgesFenced === true;
      if (!later || fenced) this.done(tick);
    });
  }

  named(tick: TickMessage): TickMessage {
    if (!this.wrong.renames) return tick;
    return { ...tick, scheduledFor: new Date(Date.parse(tick.scheduledFor) + this.deliveries).toISOString() };
  }

  /** Its message is deleted: its slot must be closed. */
  done(tick: TickMessage): void {
    this.open.delete(tick);
    const slot = tickSlot(Date.parse(tick.scheduledFor));
    if (!this.books.isClosed(tick.agentId, tick.instance, slot))
      this.books.fail(`the message of ${tick.agentId}.${tick.instance}.${slot} is gone, its slot is open`);
  }

  sweep(): void {
    const skewMs = this.throws.below(10_000);
    this.processes.start((worker) => recoverExpired(this.world(worker, skewMs)));
  }

  setSomeLimit(): void {
    this.limits++;
    const limit = someLimit(this.throws, this.cast);
    this.processes.start((worker) => setLimit(this.world(worker), limit, 'test'));
  }

  jump(): void {
    this.jumps++;
    this.clock.advance(this.throws.pick([1, 2, 25, 24 * 8]) * 3_600_000);
  }

  /** The settings name another zone from here on; the sweep writes it down. */
  move(): void {
    this.zone = this.throws.pick(['Pacific/Auckland', 'America/New_York', 'UTC']);
    this.processes.start((worker) => adoptZone(this.world(worker)));
  }

  kill(): void {
    this.kills++;
    const agentId = this.throws.pick(this.cast.agents);
    const number = this.throws.below(this.cast.instances);
    for (const status of [this.kills % 2 === 0 ? 'retired' : 'halted', 'active'] as const) {
      const op = setInstanceStatusOp(agentId, number, { status, specVersion: 1 });
      this.processes.start(({ table }) => table.write(op));
    }
  }
}

/** Plays one history to its end; throws with the seed in the message when something does not agree. */
export async function playHistory(seed: number, wrong: Wrong = {}): Promise<Counts> {
  const throws = dice(seed);
  const play = new Play(seed, throws, { cast: await castOf(throws), wrong });
  const { processes, books, open } = play;
  let steps = 0;
  while (steps < MAX_STEPS && (open.size > 0 || !processes.idle())) {
    processes.faults = steps++ < FAULTY_STEPS;
    const moved = processes.faults ? play.act() : play.goOn();
    if (moved) await moved;
    play.check();
  }
  await finish(play);
  const { kills, limits, jumps } = play;
  const { recorded, receipts, refused, throttled } = books;
  return { steps, ...processes.counts, recorded, receipts, refused, throttled, kills, limits, jumps };
}

/** Nothing happens any more but time: leases run out and are swept, every message has gone, nothing is held. */
async function finish(play: Play): Promise<void> {
  const { processes, books, clock } = play;
  processes.faults = false;
  for (let round = 0; books.leased() > 0 && round < 10; round++) {
    clock.advance(61_000);
    play.sweep();
    while (!processes.idle()) await processes.step();
  }
  play.check();
  const { size } = play.open;
  if (size > 0) throw new Broken(`seed ${play.seed}: ${size} messages never end`);
  if (books.leased() > 0) throw new Broken(`seed ${play.seed}: ${books.leased()} instances stay leased`);
}
