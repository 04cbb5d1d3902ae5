/** The memory engine as a subject: the same loop with nothing durable and no processes, under a clock that stands still. */
import { memoryEngine } from '../../infra/local/memory.ts';
import { deployFleet, type Size } from './fleet.ts';
import { Load } from './load.ts';
import type { Subject } from './subject.ts';
import { type Recorded, watchedTable } from './watched-table.ts';

export async function memorySubject(size: Size): Promise<Subject> {
  const heard = { by: (_: Recorded): void => undefined };
  const engine = await memoryEngine({ wrap: (table) => watchedTable(table, (recorded) => heard.by(recorded)).table });
  await deployFleet(engine.world, size);
  await engine.drain();
  const load = new Load({ runs: engine.world.runs, size, from: engine.clock.now(), drain: engine.drain });
  heard.by = (recorded) => load.onRecord(recorded);
  return {
    name: 'memory',
    ready: null,
    burst: (kind, count) => load.burst(kind, count),
    steady: (kind, pace) => load.steady(kind, pace),
    idle: async () => null,
    stop: async () => undefined,
  };
}
