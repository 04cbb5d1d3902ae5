/** Learns of records that other processes write, where no table can be watched: by looking. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../infra/local/engine.ts';
import { getInstance } from '../../shared/store/instance-store.ts';
import { instanceKey } from '../../shared/store/keys.ts';
import type { Load } from './load.ts';
import { runKey } from './watched-table.ts';

/** With more under way than this, the queue is asked first: looking at every instance would be a load of its own. */
const FEW = 16;
/** What it adds to a latency at most, beside the look itself. */
const PAUSE_MS = 4;

/** Looks again and again while something is worked on. */
export async function whileLooking<T>(
  { world, admin }: Pick<Engine, 'world' | 'admin'>,
  load: Load,
  work: () => Promise<T>,
): Promise<T> {
  const working = { still: true };
  const done = work().finally(() => {
    working.still = false;
  });
  const look = async (): Promise<void> => {
    const waiting = load.waiting();
    if (waiting.length > FEW) {
      const depth = await admin.queues.runs?.depth();
      if (depth && depth.visible + depth.inFlight > 0) return;
    }
    await Promise.all(
      waiting.map(async ({ run, place }) => {
        const record = (await getInstance(world.table, place.agentId, place.instance))?.journal.at(-1);
        const isIt = record && runKey(instanceKey(place.agentId, place.instance).sk, record.slot) === run;
        if (isIt) load.onRecord({ run, outcome: record.outcome });
      }),
    );
  };
  while (working.still) {
    await look();
    await sleep(PAUSE_MS);
  }
  return await done;
}
