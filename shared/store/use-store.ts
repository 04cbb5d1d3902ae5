/** What tasks used, beside the state of their instance: the last so many runs, for people to look at. */
import type { Instance } from '../domain/instance.ts';
import type { Item, Table, Value } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { useKey } from './keys.ts';

export type TaskUse = {
  /** Processor time, its own and that of the process that ran the blueprint. */
  readonly cpuMs: number;
  /** Over so much time. */
  readonly wallMs: number;
  readonly peakMemoryMb: number;
  /** What it may have. */
  readonly cpuUnits: number;
  readonly memoryMb: number;
};
export type RunUse = TaskUse & { readonly slot: string; readonly at: number };

const KEPT = 20;

/** Best effort: what it is about has its record elsewhere, so nothing waits for it or fails with it. */
export async function noteUse(
  { table, time, log }: Pick<World, 'table' | 'time' | 'log'>,
  { agentId, number }: Pick<Instance, 'agentId' | 'number'>,
  use: TaskUse & { readonly slot: string },
): Promise<void> {
  try {
    const before = (await readUse(table, agentId, number)).filter(({ slot }) => slot !== use.slot);
    const uses = [...before, { ...use, at: time.now() }].slice(-KEPT).map(encode);
    await table.write({ op: 'put', item: { ...useKey(agentId, number), v: 1, uses } });
  } catch (thrown) {
    log.warn('what a task used could not be kept', { agentId, why: String(thrown) });
  }
}

/** The oldest first. */
export async function readUse(table: Table, agentId: string, number: number): Promise<RunUse[]> {
  const item = await table.get(useKey(agentId, number));
  return item ? decode(item) : [];
}

const encode = ({ slot, at, cpuMs, wallMs, peakMemoryMb, cpuUnits, memoryMb }: RunUse): Value => [
  ...[slot, at, Math.round(cpuMs), Math.round(wallMs), Math.round(peakMemoryMb), cpuUnits, memoryMb],
];

function decode({ uses }: Item): RunUse[] {
  return (Array.isArray(uses) ? (uses as readonly (readonly Value[])[]) : []).map((use) => {
    const [slot, ...numbers] = use;
    const [at = 0, cpuMs = 0, wallMs = 0, peakMemoryMb = 0, cpuUnits = 0, memoryMb = 0] = numbers.map(Number);
    return { slot: String(slot), at, cpuMs, wallMs, peakMemoryMb, cpuUnits, memoryMb };
  });
}
