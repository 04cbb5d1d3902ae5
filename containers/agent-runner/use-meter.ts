/** What the processes of a task use, from two sides: each of them as Linux counts it, and the whole as ECS counts it. */
import { pidUse } from '../../shared/embedded/pid-use.ts';

export type Used = { readonly cpuMs: number; readonly wallMs: number; readonly peakMemoryMb: number };

export type UseMeter = {
  /** A process that has ended can no longer be asked: its use is what the last sample saw. */
  sample(): void;
  /** The whole task, in this moment: with what no process owns, as files in memory. */
  saw(memoryMb: number): void;
  /** Since the last reading. */
  read(): Used;
};

export function useMeter(
  pids: () => readonly number[],
  now: () => number = performance.now.bind(performance),
): UseMeter {
  const cpu = new Map<number, number>();
  let counted = 0;
  let peakMb = 0;
  let since = now();
  const saw = (memoryMb: number): void => {
    peakMb = Math.max(peakMb, memoryMb);
  };
  const sample = (): void => {
    let memoryMb = 0;
    for (const pid of pids()) {
      const seen = pidUse(pid);
      if (!seen) continue;
      cpu.set(pid, seen.cpuMs);
      memoryMb += seen.peakMemoryMb;
    }
    saw(memoryMb);
  };
  return {
    sample,
    saw,
    read() {
      sample();
      const total = [...cpu.values()].reduce((sum, one) => sum + one, 0);
      const used = { cpuMs: total - counted, wallMs: now() - since, peakMemoryMb: peakMb };
      counted = total;
      peakMb = 0;
      since = now();
      return used;
    },
  };
}
