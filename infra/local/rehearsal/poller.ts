/**
 * Lambda's event source for one queue: takes messages, hands them to the function in batches, deletes what it did not
 * name as failed. What failed, or whose function died, stays hidden until its visibility time-out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../shared/domain/error.ts';
import type { Delivery, Inbox } from '../../../shared/ports/queue.ts';
import { failedIds, sqsEvent } from './events.ts';

export type PollerOptions = {
  readonly inbox: Inbox;
  readonly queueArn: string;
  readonly batchSize: number;
  /** Batches at a time. */
  readonly concurrency: number;
  invoke(event: object): Promise<unknown>;
  onTrouble(message: string, error: string): void;
};

export type Poller = {
  /** Takes no more; resolves when the batches in progress have ended. */
  stop(): Promise<void>;
};

const WAIT_SECONDS = 20;
const MAX_RECEIVE = 10;
const PAUSE_MS = 500;

export function startPoller(options: PollerOptions): Poller {
  const state = { stopping: false };
  const active = new Set<Promise<void>>();
  void loop(options, state, active);
  return {
    async stop() {
      state.stopping = true;
      await Promise.all(active);
    },
  };
}

type State = { readonly stopping: boolean };

async function loop(options: PollerOptions, state: State, active: Set<Promise<void>>): Promise<void> {
  const { inbox, batchSize, concurrency } = options;
  while (!state.stopping) {
    const free = concurrency - active.size;
    if (free <= 0) {
      await Promise.race(active);
      continue;
    }
    try {
      const max = Math.min(MAX_RECEIVE, free * batchSize);
      const deliveries = await inbox.receive({ max, waitSeconds: WAIT_SECONDS });
      // What comes while the engine stops stays hidden, and is shown again at its next start.
      if (state.stopping) return;
      for (let from = 0; from < deliveries.length; from += batchSize) {
        const work = workBatch(options, deliveries.slice(from, from + batchSize)).finally(() => active.delete(work));
        active.add(work);
      }
    } catch (thrown) {
      if (state.stopping) return;
      options.onTrouble('a queue could not be read', messageOf(thrown));
      await sleep(PAUSE_MS);
    }
  }
}

async function workBatch(options: PollerOptions, batch: readonly Delivery[]): Promise<void> {
  const { inbox, queueArn, invoke, onTrouble } = options;
  try {
    const failed = failedIds(await invoke(sqsEvent(batch, queueArn)), batch);
    const done = batch.filter(({ id }) => !failed.has(id));
    await Promise.all(done.map(({ receipt }) => inbox.delete(receipt)));
  } catch (thrown) {
    onTrouble('messages stay in the queue', messageOf(thrown));
  }
}
