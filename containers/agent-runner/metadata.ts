/** Who this task is, since when it is billed and what it holds, as the metadata endpoint of ECS tells every container. */
import { randomBytes } from 'node:crypto';

const PATIENCE_MS = 5_000;

export type Here = {
  readonly taskId: string;
  /** Epoch milliseconds: the beginning of the pull of its image. */
  readonly billedFrom: number;
};

/**
 * What the whole task holds in memory, as the endpoint counts its containers: without files that could be dropped at any
 * time. null where nobody says.
 */
export async function taskMemoryMb(source: Readonly<Record<string, string | undefined>>): Promise<number | null> {
  const stats = await ask(source, '/task/stats');
  if (stats === null) return null;
  // A container that is just starting has no numbers yet.
  const bytes = Object.values(stats).flatMap((of) => workingSet((of ?? {}) as Stats));
  return bytes.length === 0 ? null : bytes.reduce((sum, one) => sum + one, 0) / (1024 * 1024);
}

/** As Docker spells it; cgroup 1 says `total_inactive_file`, cgroup 2 `inactive_file`. */
type Stats = { readonly memory_stats?: { readonly usage?: unknown; readonly stats?: Record<string, unknown> } };

function workingSet({ memory_stats: { usage, stats } = {} }: Stats): number[] {
  if (typeof usage !== 'number') return [];
  const idle = Number(stats?.total_inactive_file ?? stats?.inactive_file ?? 0);
  return [Math.max(0, usage - (Number.isFinite(idle) ? idle : 0))];
}

async function ask(
  { ECS_CONTAINER_METADATA_URI_V4: address }: Readonly<Record<string, string | undefined>>,
  path: string,
): Promise<Record<string, unknown> | null> {
  if (!address) return null;
  try {
    const response = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? ((await response.json()) as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Without an endpoint, or while it does not answer, a task has a name of its own and begins now. */
export async function whereAmI(source: Readonly<Record<string, string | undefined>>, now: number): Promise<Here> {
  const unknown = { taskId: randomBytes(16).toString('hex'), billedFrom: now };
  const task = await ask(source, '/task');
  if (task === null) return unknown;
  const { TaskARN, PullStartedAt } = task;
  const pulled = Date.parse(String(PullStartedAt));
  return {
    taskId: typeof TaskARN === 'string' ? TaskARN.slice(TaskARN.lastIndexOf('/') + 1) : unknown.taskId,
    billedFrom: Number.isNaN(pulled) ? now : Math.min(pulled, now),
  };
}
