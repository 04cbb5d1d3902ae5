/** What processes need, as Linux tells it (proc(5)); elsewhere only this process is known. */
import { readFileSync } from 'node:fs';

/** All children; none where the system does not tell. */
export function processesOf(pid: number): number[] {
  return kernel(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

/** Processor time used so far by this process and its children, those that have ended included. */
export function cpuSeconds(children: readonly number[]): number {
  const [, , ended = 0, endedInKernel = 0] = hundredths(process.pid);
  const alive = children.reduce((sum, pid) => sum + (hundredths(pid)[0] ?? 0) + (hundredths(pid)[1] ?? 0), 0);
  return ownCpuSeconds() + (ended + endedInKernel + alive) / 100;
}

export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** utime, stime, and the same of children that have ended. */
function hundredths(pid: number): number[] {
  return kernel(pid, 'stat').split(') ').at(-1)?.split(' ').slice(11, 15).map(Number) ?? [];
}

/** Its proportional share: what several processes have in common counts once. */
export function memoryMb(pid: number): number | null {
  const found = /^Pss:\s+(\d+) kB/m.exec(kernel(pid, 'smaps_rollup'));
  return found ? Number(found[1]) / 1024 : null;
}

function kernel(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
