/** Brings messages of one queue to one job, as Lambda's event source does: so many at a time, each ended in one way. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../shared/domain/agent.ts';
import { fateOf, messageOf } from '../../shared/domain/error.ts';
import type { Delivery, Inbox } from '../../shared/ports/queue.ts';
import type { World } from '../../shared/ports/world.ts';
import { backoffSeconds, type Call, type Later, type QueueJob } from '../../shared/runtime/job.ts';
import { whyUnreadable } from '../../shared/runtime/unreadable.ts';

export type PumpOptions = {
  readonly inbox: Inbox;
  readonly job: QueueJob<unknown, World>;
  readonly world: World;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly newId: () => string;
};

export type Pump = {
  /** Takes no more messages and resolves when the jobs in progress have ended. A long job is asked to hand on. */
  stop(): Promise<void>;
};

const WAIT_SECONDS = 20;
const PAUSE_MS = 1000;

export function startPump(options: PumpOptions): Pump {
  const active = new Set<Promise<void>>();
  let working = 0;
  let wake: (() => void) | null = null;
  const state = {
    stopping: false,
    onDone() {
      working--;
      // Jobs that end in the same turn make room for one larger receive.
      if (wake) process.nextTick(wake);
      wake = null;
    },
  };
  const loop = async (): Promise<void> => {
    while (!state.stopping) {
      const max = Math.min(10, options.concurrency - working);
      if (max === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      for (const delivery of await receive(options, { max, state })) {
        // Brought by a receive that was waiting when the engine began to stop: the next engine has it at once.
        if (state.stopping) {
          active.add(options.inbox.giveBack(delivery.receipt, 0).catch(() => undefined));
          continue;
        }
        working++;
        const work = workOne(options, delivery, state).finally(() => active.delete(work));
        active.add(work);
      }
    }
  };
  void loop();
  return {
    async stop() {
      state.stopping = true;
      await Promise.all(active);
    },
  };
}

type Receiving = { readonly max: number; readonly state: State };

/** A store that refuses (its disk is full, say) is asked again until it answers: said once, and once that it is over. */
async function receive(options: PumpOptions, { max, state }: Receiving): Promise<readonly Delivery[]> {
  const { inbox, world } = options;
  for (let refused = 0; !state.stopping; refused++) {
    try {
      const deliveries = await inbox.receive({ max, waitSeconds: WAIT_SECONDS });
      if (refused > 0) world.log.warn('a queue can be read again', { job: options.job.name, refused });
      return deliveries;
    } catch (thrown) {
      if (state.stopping) break;
      if (refused === 0) world.log.error('a queue cannot be read; tried again every second', fields(options, thrown));
      await sleep(PAUSE_MS, undefined, { ref: false });
    }
  }
  return [];
}

type State = {
  readonly stopping: boolean;
  /** The job has ended. What is left, the message's own end, need not hold up the next one. */
  onDone?(): void;
};

/** One delivery, to its one end: deleted, given back or buried. Never rejects because of the message. */
export async function workOne(options: PumpOptions, delivery: Delivery, state: State): Promise<void> {
  const { inbox, world } = options;
  try {
    const later = await run(options, delivery, state).finally(() => state.onDone?.());
    await (later ? inbox.giveBack(delivery.receipt, later.laterSeconds) : inbox.delete(delivery.receipt));
  } catch (thrown) {
    world.log.warn('a message failed', { ...fields(options, thrown), receiveCount: delivery.receiveCount });
    await giveUpOrBack(options, delivery, thrown).catch(() => undefined);
  }
}

class Unreadable extends Error {}
class TooLate extends Error {}

async function giveUpOrBack({ inbox, job }: PumpOptions, delivery: Delivery, thrown: unknown): Promise<void> {
  const hopeless = thrown instanceof Unreadable || fateOf(thrown).retry === 'never';
  if (hopeless) return await inbox.quarantine(delivery, messageOf(thrown));
  await inbox.giveBack(delivery.receipt, backoffSeconds(delivery.receiveCount, job));
}

async function run(options: PumpOptions, delivery: Delivery, state: State): Promise<Later | undefined> {
  const { job, world, timeoutMs, newId } = options;
  const message = read(job, delivery.body);
  const end = world.time.now() + timeoutMs;
  const call: Call = {
    invocationId: newId(),
    receiveCount: delivery.receiveCount,
    deadline: end,
    get stopping() {
      return state.stopping;
    },
  };
  return await inTime(job.run(message, world, call), { timeoutMs, name: job.name });
}

function read(job: QueueJob<unknown, World>, body: string): unknown {
  try {
    return job.parse(JSON.parse(body));
  } catch (cause) {
    throw new Unreadable(`no message of ${job.name}: ${whyUnreadable(cause)}`, { cause });
  }
}

async function inTime<T>(work: Promise<T>, limit: { timeoutMs: number; name: string }): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new TooLate(`${limit.name} took longer than ${limit.timeoutMs} ms`)),
      limit.timeoutMs,
    );
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function fields({ job }: PumpOptions, thrown: unknown): { readonly [name: string]: Json } {
  return { job: job.name, why: messageOf(thrown) };
}
