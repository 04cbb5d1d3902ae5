/** What the processes of a task use, as Linux counts it in /proc. Elsewhere nothing is known of the blueprint's own. */
import { readFileSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export type Used = { readonly cpuMs: number; readonly wallMs: number; readonly peakMemoryMb: number };

export type UseMeter = {
  /** A process that has ended can no longer be asked: its use is what the last sample saw. */
  sample(): void;
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
  const sample = (): void => {
    let memoryMb = 0;
    for (const pid of pids()) {
      const seen = look(pid);
      if (!seen) continue;
      cpu.set(pid, seen.cpuMs);
      memoryMb += seen.memoryMb;
    }
    peakMb = Math.max(peakMb, memoryMb);
  };
  return {
    sample,
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

/** `utime` and `stime` are the 14th and 15th field of stat; its second one is a name in brackets that may hold anything. */
function look(pid: number): { readonly cpuMs: number; readonly memoryMb: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, memoryMb: Number(kilobytes) / 1024 };
  } catch {
    return null;
  }
}
