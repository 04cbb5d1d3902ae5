/** "ECS Task State Change" of a task that has stopped, as EventBridge brings it to a queue. */
import type { Json, JsonObject } from '../../../shared/domain/agent.ts';
import type { Task } from '../tasks/task-processes.ts';
import { taskArn } from './ecs-api.ts';

export function taskStoppedEvent(task: Task, cluster: string): JsonObject {
  const { taskId, order, createdAt, startedAt, stoppedAt, stopCode, exitCode, reason } = task;
  const environment = Object.entries(order.environment).map(([name, value]) => ({ name, value }));
  const times: { [name: string]: Json } = {};
  for (const [name, at] of Object.entries({ pullStartedAt: startedAt && createdAt, startedAt, stoppedAt })) {
    if (at) times[name] = new Date(at).toISOString();
  }
  return {
    version: '0',
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    detail: {
      taskArn: taskArn(cluster, taskId),
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: stopCode ?? '',
      stoppedReason: reason,
      version: 3,
      ...times,
      containers: [{ name: order.family, lastStatus: 'STOPPED', ...(exitCode === null ? {} : { exitCode }) }],
      overrides: { containerOverrides: [{ name: order.family, environment }] },
    },
  };
}
