/** What runs ask of the platform: the real jobs in the memory engine, over a metered table and counted queues. */
import { type MemoryEngine, memoryEngine } from '../../infra/local/memory.ts';
import { deployAgent } from '../../shared/store/deploy-store.ts';
import { type Meter, meteredTable } from './metered-table.ts';

export type Metered = Meter & { sqsRequests: number };

export type UseBench = { readonly engine: MemoryEngine; readonly meter: Metered };

export async function openUseBench(): Promise<UseBench> {
  const meter: Metered = { writeUnits: 0, readUnits: 0, requests: 0, sqsRequests: 0 };
  const engine = await memoryEngine({
    start: Date.UTC(2026, 9, 1),
    settings: { computeNanosPerSecond: 6_667 },
    wrap: (table) => meteredTable(table, meter),
  });
  for (const queue of Object.values(engine.admin.queues)) countRequests(queue, meter);
  return { engine, meter };
}

/** A message is sent, received and deleted: three requests; a look at an empty queue is the idle bill's. */
function countRequests(queue: object, meter: Metered): void {
  const counted = queue as { [name: string]: (...given: readonly unknown[]) => Promise<unknown> };
  for (const name of ['send', 'delete'] as const) {
    const plain = counted[name];
    if (!plain) throw new RangeError(`a queue without ${name}`);
    counted[name] = (...given) => {
      meter.sqsRequests += name === 'send' ? 1 : 2;
      return plain.apply(queue, given as []);
    };
  }
}

export type Scripted = {
  readonly name: string;
  readonly schedule: string;
  readonly instances?: number;
  readonly costUsd?: string;
  readonly revenueUsd?: string;
};

export async function deployScripted({ engine }: UseBench, agent: Scripted): Promise<void> {
  const { name, schedule: expression, instances = 1, costUsd = '0', revenueUsd = '0' } = agent;
  await deployAgent(
    engine.world,
    {
      ...{ name, blueprint: 'lab.scripted', department: 'bench', instances, timeoutSeconds: 60 },
      schedule: { expression, timezone: 'UTC' },
      config: { outcomes: [{ ok: true, costUsd, revenueUsd }] },
      repeats: ['input', 'outcome'],
      holdMicros: Math.round(Number(costUsd) * 1e6) + 400_020,
    },
    'cli:bench',
  );
  await engine.drain();
}

/** What was used between two moments. */
export const since = (meter: Metered, before: Metered): Metered => ({
  writeUnits: meter.writeUnits - before.writeUnits,
  readUnits: meter.readUnits - before.readUnits,
  requests: meter.requests - before.requests,
  sqsRequests: meter.sqsRequests - before.sqsRequests,
});
