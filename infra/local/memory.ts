/**
 * The memory engine: the same jobs in one process under a clock that the caller owns. `drain` works off what is
 * visible now, `advance` moves time from one due moment to the next; nothing happens in between.
 */
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { type Clock, stillClock } from '../../shared/memory/clock.ts';
import { type MapTable, mapTable } from '../../shared/memory/map-table.ts';
import { type MemoryQueue, memoryQueue } from '../../shared/memory/memory-queue.ts';
import { memoryRoots } from '../../shared/memory/memory-roots.ts';
import { noGumroad, noStripe } from '../../shared/memory/no-books.ts';
import { noLlm } from '../../shared/memory/no-llm.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import { openPolicy } from '../../shared/policy/open-policy.ts';
import type { Admin, CaughtMail } from '../../shared/ports/admin.ts';
import type { Http, Llm, PageOut, Pager } from '../../shared/ports/outside.ts';
import type { PolicyEngine } from '../../shared/ports/policy.ts';
import type { Settings } from '../../shared/ports/settings.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { inProcessHost } from '../../shared/runtime/in-process-host.ts';
import type { WebRequest, WebResponse } from '../../shared/runtime/job.ts';
import { jsonLog } from '../../shared/runtime/log.ts';
import { DomainEvent } from '../../shared/wire/events.ts';
import type { RevenueMessage, RunMessage, WorkMessage } from '../../shared/wire/messages.ts';
import { type QueueName, queues as queueRows } from '../topology.ts';
import { answerWeb, callOf, type Jobs, loadJobs } from './jobs.ts';
import { workOne } from './pump.ts';
import { queueGauges } from './queue-gauges.ts';
import { LocalScheduler } from './scheduler/local-scheduler.ts';
import { systemSchedules } from './system-schedules.ts';
import { engineTasks } from './tasks/engine-tasks.ts';
import { type StillRests, stillRests } from './tasks/rests.ts';

export type MemoryOptions = {
  readonly seed?: number;
  /** Epoch milliseconds. */
  readonly start?: number;
  readonly settings?: Partial<Settings>;
  readonly http?: Http;
  /** Models; none is connected unless given. */
  readonly llm?: Llm;
  /** The rules in this process unless told. */
  readonly policy?: PolicyEngine;
  /** Takes what goes over other channels than mail. */
  readonly pager?: Pager;
  /** Books of vendors; none is connected unless given. */
  readonly books?: Partial<Pick<World, 'stripe' | 'gumroad'>>;
  /** Wraps the table, for faults. */
  readonly wrap?: (table: MapTable) => World['table'];
  readonly onLog?: (line: string) => void;
};

export type MemoryEngine = {
  readonly world: World;
  readonly admin: Admin;
  readonly clock: Clock;
  readonly table: MapTable;
  readonly mails: readonly CaughtMail[];
  /** What went to the bus. */
  readonly events: readonly DomainEvent[];
  /** What went over other channels of alerts. */
  readonly pages: readonly PageOut[];
  /** Works until no message is visible. */
  drain(): Promise<void>;
  /** Moves the clock, firing schedules and delivering messages when they are due. */
  advance(milliseconds: number): Promise<void>;
  /** Runs one scheduled job of the topology now. */
  wake(name: string): Promise<unknown>;
  web(request: WebRequest): Promise<WebResponse | null>;
};

const SETTINGS: Settings = {
  stage: 'memory',
  timezone: 'UTC',
  currency: 'USD',
  ownerEmail: 'owner@example.com',
  senderEmail: 'nova@example.com',
  computeNanosPerSecond: 0,
  leaseSeconds: 60,
  heartbeatSeconds: 20,
};

export async function memoryEngine(options: MemoryOptions = {}): Promise<MemoryEngine> {
  const jobs = await loadJobs();
  const clock = stillClock(options.start);
  const parts = assemble(options, clock);
  const scheduler = schedulerOf(parts, jobs);
  const world: World = { ...parts.world, scheduler };
  const drain = async (): Promise<void> => {
    await drainQueues(parts.queues, jobs, world);
    // What tasks did may have left messages: each cycle of a task is a message or none, so this comes to an end.
    for (let calm = false; !calm; ) {
      await parts.tasks.quiet();
      calm = Object.values(parts.queues).every((queue) => (queue.nextVisibleAt() ?? Infinity) > clock.now());
      await drainQueues(parts.queues, jobs, world);
    }
  };
  await scheduler.prepare();
  return {
    ...{ world, clock, table: parts.table, mails: parts.mails, events: parts.events, pages: parts.pages, drain },
    admin: {
      queues: parts.queues,
      secrets: parts.shelf,
      mails: { list: async () => parts.mails, show: async (id) => parts.mails.find((mail) => mail.id === id) ?? null },
    },
    advance: (milliseconds) =>
      advance({ clock, scheduler, queues: parts.queues, rests: parts.rests, drain }, clock.now() + milliseconds),
    wake: async (name) => {
      const found = jobs.schedules.find(({ row }) => row.name === name);
      if (!found) throw new NovaError('not_found', `the topology has no schedule "${name}"`);
      return await found.job.run(world, callOf(world, found.row));
    },
    web: (request) => answerWeb(jobs, world, request),
  };
}

type Queues = {
  readonly runs: MemoryQueue<RunMessage>;
  readonly revenue: MemoryQueue<RevenueMessage>;
  readonly work: MemoryQueue<WorkMessage>;
};

function assemble(options: MemoryOptions, clock: Clock) {
  const open = <T>(name: QueueName): MemoryQueue<T> => {
    const row = queueRows.find((candidate) => candidate.name === name);
    const { visibilitySeconds = 60, maxReceiveCount = 10 } = row ?? {};
    return memoryQueue<T>({ name, time: clock, visibilitySeconds, maxReceiveCount });
  };
  const table = mapTable();
  const queues: Queues = { runs: open('runs'), revenue: open('revenue'), work: open('work') };
  const rests = stillRests(clock);
  const taskIds = seededIds((options.seed ?? 1) + 1, clock);
  const newTaskId = (): string => taskIds.ulid().toLowerCase();
  const tasks = engineTasks({ time: clock, newTaskId, graceMs: 0, rest: rests.rest, work: queues.work });
  const shelf = secretShelf();
  const mails: CaughtMail[] = [];
  const events: DomainEvent[] = [];
  const pages: PageOut[] = [];
  const closed: Http = { get: () => Promise.reject(new NovaError('unavailable', 'this engine has no way out')) };
  const world: Omit<World, 'scheduler'> = {
    settings: { ...SETTINGS, ...options.settings },
    time: clock,
    heart: { every: () => () => undefined },
    ids: seededIds(options.seed ?? 1, clock),
    hashing: systemHashing,
    log: jsonLog({ time: clock, from: 'warn', sink: options.onLog ?? (() => undefined) }),
    table: options.wrap?.(table) ?? table,
    policy: options.policy ?? openPolicy(clock),
    ...queues,
    secrets: shelf,
    roots: memoryRoots(),
    http: options.http ?? closed,
    llm: options.llm ?? noLlm,
    stripe: options.books?.stripe ?? noStripe,
    gumroad: options.books?.gumroad ?? noGumroad,
    host: inProcessHost(clock),
    launcher: tasks.launcher,
    publicUrl: async () => 'http://localhost:4400',
    events: { put: async (event) => void events.push(DomainEvent.parse(event)) },
    pager: options.pager ?? { page: async (page) => void pages.push(page) },
    gauges: queueGauges(queues),
    mailer: {
      async send({ to, subject, text, html }) {
        mails.push({
          id: `mail-${mails.length + 1}`,
          at: clock.now(),
          from: SETTINGS.senderEmail,
          to: [to],
          subject,
          text,
          html,
        });
      },
    },
  };
  tasks.open(world);
  return { table, queues, shelf, mails, events, pages, world, tasks, rests };
}

function secretShelf() {
  const values = new Map([
    ['approval-pepper', 'pepper-of-the-memory-engine'],
    ['stripe-webhook-secret', 'whsec_memoryEngineSecret0123456789'],
  ]);
  return {
    async get(name: string): Promise<string> {
      const value = values.get(name);
      if (value === undefined) throw new NovaError('misconfigured', `there is no secret "${name}"`);
      return value;
    },
    set: async (name: string, value: string): Promise<void> => void values.set(name, value),
    names: async (): Promise<readonly string[]> => [...values.keys()].sort(),
  };
}

type Assembled = ReturnType<typeof assemble>;

function schedulerOf({ world, queues, table }: Assembled, jobs: Jobs): LocalScheduler {
  const scheduler: LocalScheduler = new LocalScheduler({
    table,
    time: world.time,
    system: systemSchedules({}, world.settings.timezone),
    fire: async (target, scheduledFor) => {
      if (target.kind === 'agent') {
        const { agentId, instance } = target;
        return await queues.runs.send({ v: 1, kind: 'tick', agentId, instance, scheduledFor });
      }
      const found = jobs.schedules.find(({ row }) => row.name === (target.kind === 'system' ? target.target : ''));
      if (!found) return;
      // As every platform does: a pass that failed is said, and the next tick is the next try.
      await found.job.run({ ...world, scheduler }, callOf(world, found.row)).catch((thrown: unknown) => {
        world.log.error('a scheduled job failed', { job: found.row.name, why: messageOf(thrown) });
      });
    },
  });
  return scheduler;
}

async function drainQueues(queues: Queues, jobs: Jobs, world: World): Promise<void> {
  for (let worked = true; worked; ) {
    worked = false;
    for (const { row, queue, job } of jobs.queues) {
      const options = {
        inbox: queues[queue],
        job,
        world,
        concurrency: 1,
        timeoutMs: row.timeoutSeconds * 1000,
        newId: () => world.ids.ulid(),
      };
      for (const delivery of await queues[queue].receive({ max: 10, waitSeconds: 0 })) {
        worked = true;
        await workOne(options, delivery, { stopping: false });
      }
    }
  }
}

type Advancing = {
  readonly clock: Clock;
  readonly scheduler: LocalScheduler;
  readonly queues: Queues;
  readonly rests: StillRests;
  drain(): Promise<void>;
};

async function advance({ clock, scheduler, queues, rests, drain }: Advancing, target: number): Promise<void> {
  for (;;) {
    await scheduler.tick();
    rests.wake();
    await drain();
    const due = [
      await scheduler.nextDue(),
      rests.nextWake(),
      ...Object.values(queues).map((queue) => queue.nextVisibleAt()),
    ];
    const next = Math.min(...due.filter((at) => at !== null));
    if (next > target) break;
    clock.set(Math.max(next, clock.now() + 1));
  }
  clock.set(Math.max(target, clock.now()));
}
