/** What a process has used so far, as Linux counts it in /proc; elsewhere nobody can say. */
import { readFileSync } from 'node:fs';

export type PidUse = {
  readonly cpuMs: number;
  /** Now, and at most since it began. */
  readonly memoryMb: number;
  readonly peakMemoryMb: number;
};

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** `utime` and `stime` are the 14th and 15th field of stat; its second one is a name in brackets that may hold anything. */
export function pidUse(pid: number): PidUse | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const megabytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024;
    return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, memoryMb: megabytes('VmRSS'), peakMemoryMb: megabytes('VmHWM') };
  } catch {
    return null;
  }
}

/** What lies between two looks at one process: its peak is known when it is a new one, else the larger of both moments. */
export function usedBetween(before: PidUse, after: PidUse): Pick<PidUse, 'cpuMs' | 'peakMemoryMb'> {
  const isNew = after.peakMemoryMb > before.peakMemoryMb;
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    peakMemoryMb: isNew ? after.peakMemoryMb : Math.max(before.memoryMb, after.memoryMb),
  };
}
