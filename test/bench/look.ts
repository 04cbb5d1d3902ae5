/** Learns of records that other processes write, where no table can be watched: by looking. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../../shared/domain/instance.ts';
import type { Table } from '../../shared/ports/table.ts';
import { getInstance, listInstances } from '../../shared/store/instance-store.ts';
import { instanceKey } from '../../shared/store/keys.ts';
import type { Load } from './load.ts';
import { runKey } from './watched-table.ts';

/** Up to so many are looked at one by one, soon again: it is a latency that is measured. */
const FEW = 4;
/** What looking adds to a latency at most, beside the look itself. */
const SOON_MS = 4;
/** With more under way, looking too often would be a load of its own. */
const LATER_MS = 25;

/** Looks again and again while something is worked on. */
export async function whileLooking<T>(table: Table, load: Load, work: () => Promise<T>): Promise<T> {
  const working = { still: true };
  const done = work().finally(() => {
    working.still = false;
  });
  while (working.still) {
    const waiting = load.waiting();
    const runs = new Set(waiting.map(({ run }) => run));
    for (const instance of await instancesOf(table, waiting)) {
      const record = instance.journal.at(-1);
      const run = record && runKey(instanceKey(instance.agentId, instance.number).sk, record.slot);
      if (run && runs.has(run)) load.onRecord({ run, outcome: record.outcome });
    }
    await sleep(waiting.length <= FEW ? SOON_MS : LATER_MS);
  }
  return await done;
}

async function instancesOf(table: Table, waiting: ReturnType<Load['waiting']>): Promise<readonly Instance[]> {
  const places = waiting.map(({ place }) => place);
  if (places.length <= FEW) {
    const found = await Promise.all(places.map(({ agentId, instance }) => getInstance(table, agentId, instance)));
    return found.filter((instance) => instance !== null);
  }
  const agents = [...new Set(places.map(({ agentId }) => agentId))];
  return (await Promise.all(agents.map((agentId) => listInstances(table, agentId)))).flat();
}
