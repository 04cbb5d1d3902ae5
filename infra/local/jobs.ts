/** The jobs of the topology, by the same entries that become Lambda functions. */
import type { World } from '../../shared/ports/world.ts';
import type { Call, QueueJob, ScheduleJob, WebJob, WebRequest, WebResponse } from '../../shared/runtime/job.ts';
import { type FunctionRow, functions, type QueueName } from '../topology.ts';
import { withinGrants } from './granted.ts';

export type QueueWork = {
  readonly row: FunctionRow;
  readonly queue: QueueName;
  readonly job: QueueJob<unknown, World>;
};
export type ScheduleWork = { readonly row: FunctionRow; readonly job: ScheduleJob<World> };
export type WebWork = { readonly row: FunctionRow; readonly job: WebJob<World> };

export type Jobs = {
  readonly queues: readonly QueueWork[];
  readonly schedules: readonly ScheduleWork[];
  readonly webs: readonly WebWork[];
};

/** Loads every entry. An engine's world has all ports, so each job finds the few it names, within its rights. */
export async function loadJobs(): Promise<Jobs> {
  const loaded = await Promise.all(
    functions.map(async (row) => {
      const { job } = (await import(`../../${row.entry}`)) as { job: object };
      return { row, job: withinGrants<unknown>(row, job) };
    }),
  );
  return {
    queues: loaded.flatMap(({ row, job }) =>
      'queue' in row.on ? [{ row, queue: row.on.queue, job: job as QueueJob<unknown, World> }] : [],
    ),
    schedules: loaded.flatMap(({ row, job }) =>
      'schedule' in row.on ? [{ row, job: job as ScheduleJob<World> }] : [],
    ),
    webs: loaded.flatMap(({ row, job }) => ('http' in row.on ? [{ row, job: job as WebJob<World> }] : [])),
  };
}

/** What the platform tells a job that no queue delivered. */
export function callOf(world: Pick<World, 'ids' | 'time'>, { timeoutSeconds }: FunctionRow): Call {
  return { invocationId: world.ids.ulid(), deadline: world.time.now() + timeoutSeconds * 1000, receiveCount: 1 };
}

/** Answers a request by the route that fits it; null when none does. */
export async function answerWeb(jobs: Jobs, world: World, request: WebRequest): Promise<WebResponse | null> {
  const found = webRow(jobs.webs, request);
  return found && (await found.job.run(request, world, callOf(world, found.row)));
}

/** The row that answers a request: by method and by the first part of its path. */
export function webRow<Row extends { readonly row: FunctionRow }>(
  webs: readonly Row[],
  { method, path }: { readonly method: string; readonly path: string },
): Row | null {
  const verb = method === 'HEAD' ? 'GET' : method;
  const fits = ({ row }: Row): boolean =>
    'http' in row.on && row.on.http.some((route) => route.method === verb && path.startsWith(route.path.slice(0, -1)));
  return webs.find(fits) ?? null;
}
