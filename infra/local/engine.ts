/** The embedded engine: one process that owns the data directory, works its queues and fires its schedules. */
import { randomBytes } from 'node:crypto';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { takeOver } from '../../shared/jobs/sweep.ts';
import type { Admin } from '../../shared/ports/admin.ts';
import type { World } from '../../shared/ports/world.ts';
import { queues as queueRows } from '../topology.ts';
import { type Embedded, type EmbeddedOptions, openHome } from './embedded.ts';
import { type Front, openFront } from './front.ts';
import { removeAddress, writeAddress } from './home.ts';
import { answerWeb, callOf, type Jobs, loadJobs, type ScheduleWork } from './jobs.ts';
import { type Pump, startPump } from './pump.ts';
import { startTicker, type Ticker } from './scheduler/ticker.ts';
import { systemSchedules } from './system-schedules.ts';

export type EngineOptions = EmbeddedOptions & {
  readonly home: string;
  readonly port: number;
  readonly version: string;
  /** How often decisions are made, in seconds; by the topology's schedule unless told. */
  readonly evaluateEverySeconds?: number;
  /** What the command of a task becomes, where tasks are processes of their own: a jail, say. As it is unless told. */
  readonly taskCommand?: (command: readonly [string, ...string[]]) => readonly [string, ...string[]];
  /** Carries out a command of the CLI with the engine's world. */
  control(body: unknown, opened: Opened): Promise<unknown>;
};

export type Place = {
  readonly kind: 'engine';
  readonly engine: 'embedded' | 'rehearsal';
  readonly url: string;
  readonly mailUrl: string;
  readonly startedAt: number;
};
export type Opened = { readonly world: World; readonly admin: Admin; readonly place: Place };

export type Engine = Opened & {
  /** Finishes what can be finished in a few seconds, then lets go; what was left goes on at the next start. */
  stop(): Promise<void>;
};

/** Runs that are still going when the engine stops get this long. */
const GRACE_MS = 5_000;

/** @throws NovaError conflict when the port or the directory is taken, corrupt when the data cannot be read. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const jobs = await loadJobs();
  const embedded = await openHome(options.home, {
    ...options,
    system: ({ timezone }) => systemSchedules(options, timezone),
  });
  try {
    return await startOpened(options, { embedded, jobs });
  } catch (thrown) {
    await embedded.close();
    throw thrown;
  }
}

type Parts = { readonly embedded: Embedded; readonly jobs: Jobs };

async function startOpened(options: EngineOptions, { embedded, jobs }: Parts): Promise<Engine> {
  const { world, admin } = embedded;
  await succeed(embedded);
  const token = randomBytes(32).toString('base64url');
  const holder: { opened: Opened | null } = { opened: null };
  const front = await openFront({
    port: options.port,
    token,
    mails: embedded.mails,
    mailKey: () => embedded.secrets.get('sendgrid-api-key'),
    web: (request) => answerWeb(jobs, world, request),
    control: (body) => options.control(body, holder.opened ?? starting()),
    log: world.log,
  });
  const place: Place = {
    kind: 'engine',
    engine: 'embedded',
    url: front.url,
    mailUrl: front.mailUrl,
    startedAt: world.time.now(),
  };
  const opened: Opened = { world, admin, place };
  holder.opened = opened;
  embedded.announce(front.url);
  const running = await work({ embedded, jobs }, options);
  writeAddress(embedded.home, {
    url: front.url,
    pid: process.pid,
    engine: 'embedded',
    version: options.version,
    token,
  });
  return { ...opened, stop: () => stop(embedded, { ...running, front }) };
}

function starting(): never {
  throw new NovaError('unavailable', 'the engine is starting');
}

/** The lock is ours, so every old holder is dead: its leases are recovered and its messages visible at once. */
async function succeed({ queues, world }: Embedded): Promise<void> {
  await Promise.all(Object.values(queues).map((queue) => queue.releaseAll()));
  await takeOver(world);
}

type Running = { readonly pumps: readonly Pump[]; readonly ticker: Ticker };

async function work({ embedded, jobs }: Parts, options: EngineOptions): Promise<Running> {
  const { world, queues, scheduler, children } = embedded;
  await children.warm();
  const pumps = jobs.queues.map(({ row, queue, job }) =>
    startPump({
      inbox: queues[queue],
      job,
      world,
      concurrency:
        queue === 'runs'
          ? (options.maxConcurrentRuns ?? 16)
          : (queueRows.find(({ name }) => name === queue)?.maxConcurrency ?? 1),
      timeoutMs: row.timeoutSeconds * 1000,
      newId: () => world.ids.ulid(),
    }),
  );
  embedded.onSystem((target) => runSchedule(world, jobs.schedules, target));
  await scheduler.prepare();
  const ticker = startTicker(scheduler, world.time, (thrown) =>
    world.log.error('the scheduler failed', { why: messageOf(thrown) }),
  );
  return { pumps, ticker };
}

async function runSchedule(world: World, schedules: readonly ScheduleWork[], target: string): Promise<void> {
  const found = schedules.find(({ row }) => row.name === target);
  if (!found) throw new NovaError('broken', `the topology has no schedule ${target}`);
  // Not awaited: a long pass must not hold up the ticks of others. A failed one is repeated by its next tick.
  found.job.run(world, callOf(world, found.row)).catch((thrown: unknown) => {
    world.log.error('a scheduled job failed', { job: target, why: messageOf(thrown) });
  });
}

async function stop(embedded: Embedded, { pumps, ticker, front }: Running & { readonly front: Front }): Promise<void> {
  removeAddress(embedded.home);
  await ticker.stop();
  const patience = new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
  await Promise.race([Promise.all(pumps.map((pump) => pump.stop())), patience]);
  await front.close();
  await embedded.close();
}
