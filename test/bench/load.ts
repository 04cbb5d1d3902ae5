/**
 * Sends ticks and waits until each is recorded: as many at once as there are instances, or so many a second. An instance
 * gets its next tick when its last run is recorded: two at once would be an overlap, and refused with reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { tickSlot } from '../../shared/domain/run.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import { instanceKey } from '../../shared/store/keys.ts';
import type { RunMessage, TickMessage } from '../../shared/wire/messages.ts';
import { type Kind, type Place, placesOf, type Size } from './fleet.ts';
import { ownCpuSeconds } from './processes.ts';
import { quantile } from './statistics.ts';
import { type Recorded, runKey } from './watched-table.ts';

export type Counted = { readonly sent: number; readonly recorded: number; readonly strange: number };
export type Burst = Counted & {
  readonly runsPerSecond: number;
  /** Processor time: hardly changed by what else the machine does meanwhile. */
  readonly cpuMsPerRun: number;
};
export type Steady = Counted & { readonly p50Ms: number; readonly p99Ms: number };

export type LoadOptions = {
  readonly runs: Queue<RunMessage>;
  readonly size: Size;
  /** Epoch milliseconds: the slots of ticks go on from there, a millisecond each. */
  readonly from: number;
  /** Works off what was sent, where nobody else does. */
  drain?(): Promise<void>;
  /** Processor time used so far by whoever works; by this process unless told. */
  cpuSeconds?(): number;
  readonly timeoutMs?: number;
};

type Open = { readonly sentAt: number; readonly kind: Kind; readonly place: Place };
const CHUNK = 100;

export class Load {
  readonly #options: LoadOptions;
  readonly #free: Record<Kind, Place[]>;
  readonly #open = new Map<string, Open>();
  #slotMs: number;
  #latencies: number[] = [];
  #sent = 0;
  #strange = 0;
  #onRecord: (() => void) | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#slotMs = options.from;
    this.#free = { unpaid: placesOf('unpaid', options.size), paid: placesOf('paid', options.size) };
  }

  /** Sent, and not recorded yet. */
  waiting(): readonly { readonly run: string; readonly place: Place }[] {
    return [...this.#open].map(([run, { place }]) => ({ run, place }));
  }

  /** To be told of every record. One that nobody waits for, or that is no success, is strange. */
  onRecord({ run, outcome }: Recorded): void {
    const open = this.#open.get(run);
    this.#open.delete(run);
    if (open) this.#free[open.kind].push(open.place);
    if (open && outcome === 'succeeded') this.#latencies.push(performance.now() - open.sentAt);
    else this.#strange++;
    this.#onRecord?.();
  }

  /** All at once; the time of sending counts. @throws Error when not all are recorded in time. */
  async burst(kind: Kind, count: number): Promise<Burst> {
    this.#begin();
    const cpuSeconds = this.#options.cpuSeconds ?? ownCpuSeconds;
    const cpuBefore = cpuSeconds();
    const start = performance.now();
    while (this.#sent < count) {
      const ticks = await this.#ticks(kind, Math.min(CHUNK, count - this.#sent));
      await this.#options.runs.sendMany(ticks);
    }
    await this.#until(() => this.#open.size === 0);
    const runsPerSecond = count / ((performance.now() - start) / 1000);
    return { ...this.#counted(), runsPerSecond, cpuMsPerRun: ((cpuSeconds() - cpuBefore) * 1000) / count };
  }

  /** One after another at a steady pace. @throws Error when not all are recorded in time. */
  async steady(kind: Kind, { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<Steady> {
    this.#begin();
    const start = performance.now();
    while (this.#sent < perSecond * seconds) {
      const early = start + (this.#sent * 1000) / perSecond - performance.now();
      if (early > 0) await sleep(early);
      for (const tick of await this.#ticks(kind, 1)) await this.#options.runs.send(tick);
      await this.#options.drain?.();
    }
    await this.#until(() => this.#open.size === 0);
    const [p50Ms, p99Ms] = [quantile(this.#latencies, 0.5), quantile(this.#latencies, 0.99)];
    return { ...this.#counted(), p50Ms, p99Ms };
  }

  #begin(): void {
    this.#latencies = [];
    this.#sent = 0;
    this.#strange = 0;
  }

  #counted(): Counted {
    return { sent: this.#sent, recorded: this.#latencies.length, strange: this.#strange };
  }

  /** At least one, for the instances that have waited longest; their slots rise. */
  async #ticks(kind: Kind, atMost: number): Promise<TickMessage[]> {
    await this.#until(() => this.#free[kind].length > 0);
    return this.#free[kind].splice(0, atMost).map((place) => {
      this.#slotMs += 1;
      this.#sent += 1;
      const run = runKey(instanceKey(place.agentId, place.instance).sk, tickSlot(this.#slotMs));
      this.#open.set(run, { sentAt: performance.now(), kind, place });
      return { v: 1, kind: 'tick', ...place, scheduledFor: new Date(this.#slotMs).toISOString() };
    });
  }

  async #until(done: () => boolean): Promise<void> {
    if (done()) return;
    await this.#options.drain?.();
    if (done()) return;
    const { timeoutMs = 60_000 } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#onRecord = () => done() && resolve();
      const why = (): Error => new Error(`${this.#open.size} of ${this.#sent} runs not recorded in ${timeoutMs} ms`);
      timer = setTimeout(() => reject(why()), timeoutMs);
    }).finally(() => clearTimeout(timer));
    this.#onRecord = null;
  }
}
