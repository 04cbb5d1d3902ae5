/** What AWS does by itself: brings messages to functions, fires schedules, starts tasks, ends what takes too long. */
import { callOf, type Jobs, loadJobs, type QueueWork } from '../../../infra/local/jobs.ts';
import { type QueueName, tasks as taskRows } from '../../../infra/topology.ts';
import { fateOf, messageOf } from '../../../shared/domain/error.ts';
import { tickSlot } from '../../../shared/domain/run.ts';
import { ticketOf } from '../../../shared/jobs/launch-run.ts';
import { keepRunning, runInTask, type TaskPlace } from '../../../shared/jobs/task-run.ts';
import type { Delivery } from '../../../shared/ports/queue.ts';
import type { World } from '../../../shared/ports/world.ts';
import { backoffSeconds } from '../../../shared/runtime/job.ts';
import type { TickMessage } from '../../../shared/wire/messages.ts';
import type { Cloud } from './cloud.ts';
import type { Task } from './cluster.ts';
import type { Machine } from './machines.ts';

const jobs: Jobs = await loadJobs();
/** EventBridge Scheduler gives up on a tick that is so old. */
const MAX_TICK_AGE_MS = 3_600_000;
const MINUTE = 60_000;
const DAY = 86_400_000;
const AT_ONCE = 6;

type Fate = { readonly delivery: Delivery; readonly end: 'done' | 'later' | 'back' | 'buried' };

export class Platform {
  readonly cloud: Cloud;
  readonly ticks: TickMessage[] = [];
  /** Schedules fire, and what was missed while they did not. */
  schedulerUp = true;
  readonly owed: TickMessage[] = [];
  sweepEveryMs = MINUTE;
  /** Ticks of agents come; the system's own always do. */
  agentTicks = true;
  /** Clocks of what starts from now on differ by up to so much. */
  skewMs = 0;
  /** Functions have next to no time left for requests. */
  hurries = false;
  /** What machines of functions work on. */
  readonly inHand = new Map<Machine, { readonly queue: QueueName; readonly deliveries: readonly Delivery[] }>();
  /** The next message of so many in a batch fails. */
  failing = 0;
  partial = 0;
  readonly #next = new Map<string, number>();
  #sweepAt: number;

  constructor(cloud: Cloud) {
    this.cloud = cloud;
    this.#sweepAt = cloud.clock.now() + MINUTE;
    cloud.onBoot((task) => this.#boot(task));
  }

  skew(): number {
    return this.skewMs === 0 ? 0 : this.cloud.throws.below(2 * this.skewMs) - this.skewMs;
  }

  /** One poll of the event source: as many messages as the function takes at a time. */
  async poll(queue: QueueName): Promise<number> {
    const { cloud } = this;
    const work = jobs.queues.find((one) => one.queue === queue);
    if (!work || !('queue' in work.row.on)) return 0;
    if (cloud.down.has('queue') || this.#working(work.row.name) >= AT_ONCE) return 0;
    const deliveries = await cloud.queues[queue].receive({ max: work.row.on.batchSize, waitSeconds: 0 });
    if (deliveries.length === 0) return 0;
    if (cloud.wrong.deletesFirst) for (const { receipt } of deliveries) await cloud.queues[queue].delete(receipt);
    await cloud.start(
      work.row.name,
      (world, machine) => this.#batch(work, deliveries, { world, machine }),
      this.skew(),
    );
    return deliveries.length;
  }

  #working(kind: string): number {
    return this.cloud.machines.alive().filter((machine) => machine.kind === kind).length;
  }

  async #batch(work: QueueWork, deliveries: readonly Delivery[], at: At): Promise<void> {
    this.inHand.set(at.machine, { queue: work.queue, deliveries });
    const fates = await Promise.all(deliveries.map((delivery) => this.#one(work, delivery, at)));
    const failed = fates.filter(({ end }) => end === 'back').length;
    if (failed > 0 && failed < fates.length) this.partial++;
    const whole = this.cloud.wrong.failsWhole && failed > 0;
    const queue = this.cloud.queues[work.queue];
    for (const { delivery, end } of fates)
      if (end === 'done' && !whole)
        await this.#ask(at.machine, work.queue, 'delete', () => void queue.delete(delivery.receipt));
  }

  #ask(machine: Machine, queue: QueueName, verb: 'delete' | 'give back' | 'bury', perform: () => void): Promise<void> {
    return this.cloud.machines.ask(machine, { port: 'queue', verb, queue }, perform);
  }

  async #one(work: QueueWork, delivery: Delivery, { world, machine }: At): Promise<Fate> {
    const queue = this.cloud.queues[work.queue];
    const call = { ...callOf(world, work.row), receiveCount: delivery.receiveCount };
    try {
      const message = read(work, delivery.body);
      const hurried = this.hurries && isRequest(message);
      if (this.failing > 0 && --this.failing >= 0) throw new Error('this one falls over');
      const deadline = hurried ? world.time.now() + 20_000 : call.deadline;
      const later = await work.job.run(message, world, { ...call, deadline });
      if (!later) return { delivery, end: 'done' };
      const back = (): void => void queue.giveBack(delivery.receipt, later.laterSeconds);
      await this.#ask(machine, work.queue, 'give back', back);
      return { delivery, end: 'later' };
    } catch (thrown) {
      const hopeless = thrown instanceof Unreadable || fateOf(thrown).retry === 'never';
      if (hopeless && !this.cloud.wrong.keepsPoison) {
        const bury = (): void => void queue.quarantine(delivery, messageOf(thrown));
        await this.#ask(machine, work.queue, 'bury', bury);
        return { delivery, end: 'buried' };
      }
      const back = (): void => void queue.giveBack(delivery.receipt, backoffSeconds(delivery.receiveCount, work.job));
      await this.#ask(machine, work.queue, 'give back', back);
      return { delivery, end: 'back' };
    }
  }

  /** One scheduled function of the topology, now. */
  async wake(name: string): Promise<void> {
    const found = jobs.schedules.find(({ row }) => row.name === name);
    if (!found) throw new RangeError(`the topology has no schedule "${name}"`);
    if (this.cloud.wrong.neverSweeps && name === 'sweep') return;
    await this.cloud.start(name, (world) => found.job.run(world, callOf(world, found.row)), this.skew());
  }

  web(request: Parameters<(typeof jobs.webs)[number]['job']['run']>[0]): Promise<Machine> {
    const found = jobs.webs.find(({ row }) => row.name === 'approval');
    if (!found) throw new RangeError('the topology has no page for approvals');
    return this.cloud.start('approval', (world) => found.job.run(request, world, callOf(world, found.row)));
  }

  delaySweep(ms: number): void {
    this.#sweepAt = this.cloud.clock.now() + ms;
  }

  /** Of these no record can be asked for any more. */
  forgetTicks(lost: (agentId: string, instance: number, slot: string) => boolean): void {
    const kept = this.ticks.filter(
      ({ agentId, instance, scheduledFor }) => !lost(agentId, instance, tickSlot(Date.parse(scheduledFor))),
    );
    this.ticks.splice(0, this.ticks.length, ...kept);
  }

  /** Everything that time alone makes happen. */
  async due(): Promise<void> {
    const { clock, cluster, machines } = this.cloud;
    const now = clock.now();
    await machines.beat();
    await cluster.step();
    for (const machine of machines.alive()) if (this.#isOver(machine)) machines.kill(machine);
    this.#fire(now);
    if (this.#sweepAt <= now) {
      this.#sweepAt = Math.max(this.#sweepAt, now - (now % MINUTE)) + this.sweepEveryMs;
      if (this.#working('sweep') < 2) await this.wake('sweep');
    }
  }

  /** When time alone makes something happen next. */
  nextAt(): number {
    const { machines, cluster, queues } = this.cloud;
    const times = [machines.nextAt(), cluster.nextAt(), this.#sweepAt];
    for (const queue of Object.values(queues)) times.push(queue.nextVisibleAt());
    if (this.agentTicks) times.push(...this.#next.values());
    return Math.min(...times.filter((at) => at !== null));
  }

  readonly #until = new Map<number, number>();

  /** A function that has taken longer than it may is ended; one that stands still is, when it goes on. */
  #isOver(machine: Machine): boolean {
    const now = this.cloud.clock.now();
    const row = [...jobs.queues, ...jobs.schedules, ...jobs.webs].find(({ row: { name } }) => name === machine.kind);
    if (!row) return false;
    const end = this.#until.get(machine.id) ?? now + row.row.timeoutSeconds * 1000;
    this.#until.set(machine.id, end);
    // A frozen one is thawed by a platform that has lost count: it goes on as if nothing had been.
    if (machine.frozenUntil > 0) return false;
    return now > end;
  }

  #fire(now: number): void {
    for (const { name, agentId, instance, schedule } of this.cloud.schedules.values()) {
      const everyMs = Number(/\d+/.exec(schedule.expression)?.[0] ?? 10) * MINUTE;
      let at = this.#next.get(name) ?? now - (now % everyMs) + everyMs;
      for (; at <= now; at += everyMs) {
        if (!this.agentTicks) continue;
        const tick = { v: 1, kind: 'tick', agentId, instance, scheduledFor: new Date(at).toISOString() } as const;
        if (!this.schedulerUp) this.owed.push(tick);
        else if (now - at <= MAX_TICK_AGE_MS) this.tick(tick);
      }
      this.#next.set(name, at);
    }
    for (const name of this.#next.keys()) if (!this.cloud.schedules.has(name)) this.#next.delete(name);
  }

  tick(tick: TickMessage): void {
    if (!this.ticks.includes(tick)) this.ticks.push(tick);
    this.cloud.send('runs', tick);
  }

  #boot(task: Task): Promise<Machine> {
    const { cloud } = this;
    const row = taskRows.find(({ name }) => name === task.family);
    const ticket = ticketOf(task.environment);
    if (!row || !ticket) throw new RangeError(`nobody knows the task ${task.taskId}`);
    return cloud.start(row.name, async (world, machine) => {
      if (task.environment.STRAY) return await cloud.machines.ask(machine, { port: 'rest' }, () => undefined, 30 * DAY);
      const place = this.#place(task, machine);
      await (ticket.kind === 'run' ? runInTask(world, ticket, place) : keepRunning(world, ticket, place)).catch(
        () => {},
      );
      cloud.cluster.exited(task);
    });
  }

  #place(task: Task, machine: Machine): TaskPlace & { rest(ms: number): Promise<void> } {
    const { machines } = this.cloud;
    return {
      taskId: task.taskId,
      billedFrom: task.startedAt ?? 0,
      interruption: { signal: task.term.signal, graceMs: 30_000 },
      onHeartbeat: () => {},
      use: () => ({ cpuMs: 1, wallMs: 1, peakMemoryMb: 1 }),
      rest: (ms) => {
        const woken = new Promise<void>((resolve) =>
          task.term.signal.addEventListener('abort', () => resolve(), { once: true }),
        );
        return Promise.race([machines.ask(machine, { port: 'rest' }, () => undefined, ms), woken]);
      },
    };
  }
}

type At = { readonly world: World; readonly machine: Machine };
class Unreadable extends Error {}

const isRequest = (message: unknown): boolean => (message as { kind?: unknown }).kind === 'request';

function read(work: QueueWork, body: string): unknown {
  try {
    return work.job.parse(JSON.parse(body));
  } catch (cause) {
    throw new Unreadable(messageOf(cause).slice(0, 100), { cause });
  }
}
