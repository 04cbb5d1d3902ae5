/** Who this task is and since when it is billed, as the metadata endpoint of ECS tells every container. */
import { randomBytes } from 'node:crypto';

const PATIENCE_MS = 5_000;

export type Here = {
  readonly taskId: string;
  /** Epoch milliseconds: the beginning of the pull of its image. */
  readonly billedFrom: number;
};

/** Without an endpoint, or while it does not answer, a task has a name of its own and begins now. */
export async function whereAmI(source: Readonly<Record<string, string | undefined>>, now: number): Promise<Here> {
  const unknown = { taskId: randomBytes(16).toString('hex'), billedFrom: now };
  const address = source.ECS_CONTAINER_METADATA_URI_V4;
  if (!address) return unknown;
  try {
    const response = await fetch(`${address}/task`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { TaskARN, PullStartedAt } = (await response.json()) as { TaskARN?: unknown; PullStartedAt?: unknown };
    const pulled = Date.parse(String(PullStartedAt));
    return {
      taskId: typeof TaskARN === 'string' ? TaskARN.slice(TaskARN.lastIndexOf('/') + 1) : unknown.taskId,
      billedFrom: Number.isNaN(pulled) ? now : Math.min(pulled, now),
    };
  } catch {
    return unknown;
  }
}
