/** What ECS tells of a task, as EventBridge brings it: at least once, in any order. Only what is read is described. */
import * as z from 'zod';
import { WorkMessage } from './messages.ts';

const pair = z.object({ name: z.string(), value: z.string() });
const time = z.iso.datetime({ offset: true });

/** "ECS Task State Change", for tasks that have stopped: the last thing that is ever said of one. */
export const TaskStoppedEvent = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  source: z.literal('aws.ecs'),
  detail: z.object({
    taskArn: z.string().min(1).max(300),
    lastStatus: z.literal('STOPPED'),
    stopCode: z.string().max(100).optional(),
    stoppedReason: z.string().max(2_000).optional(),
    pullStartedAt: time.optional(),
    startedAt: time.optional(),
    stoppedAt: time.optional(),
    containers: z.array(z.object({ exitCode: z.int().optional() })).default([]),
    overrides: z.object({ containerOverrides: z.array(z.object({ environment: z.array(pair).default([]) })) }),
  }),
});
export type TaskStoppedEvent = z.infer<typeof TaskStoppedEvent>;

/** The same in the words of the house. */
export const TaskStopped = TaskStoppedEvent.transform(({ detail }) => ({
  v: 1 as const,
  kind: 'task-stopped' as const,
  taskId: detail.taskArn.slice(detail.taskArn.lastIndexOf('/') + 1),
  stopCode: detail.stopCode ?? '',
  reason: (detail.stoppedReason ?? '').slice(0, 300),
  exitCode: detail.containers.find(({ exitCode }) => exitCode !== undefined)?.exitCode ?? null,
  /** What is billed; 0 when its image was never pulled. */
  billedMs: billedMs(detail),
  /** Epoch milliseconds; null when it is not told. */
  stoppedAt: detail.stoppedAt === undefined ? null : Date.parse(detail.stoppedAt),
  environment: Object.fromEntries(
    detail.overrides.containerOverrides
      .flatMap(({ environment }) => environment)
      .map(({ name, value }) => [name, value]),
  ),
}));
export type TaskStopped = z.infer<typeof TaskStopped>;

function billedMs({ pullStartedAt, startedAt, stoppedAt }: TaskStoppedEvent['detail']): number {
  const from = pullStartedAt ?? startedAt;
  return from && stoppedAt ? Math.max(0, Date.parse(stoppedAt) - Date.parse(from)) : 0;
}

/** What the work queue brings: orders of our own, and what ECS tells. */
export const WorkDelivery = z.union([WorkMessage, TaskStopped]);
export type WorkDelivery = z.infer<typeof WorkDelivery>;
