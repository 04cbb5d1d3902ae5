/** RunTask, StopTask, DescribeTasks and ListTasks of ECS over child processes. */
import type { Json, JsonObject } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { pidUse } from '../../../shared/embedded/pid-use.ts';
import type { Task, TaskProcesses } from '../tasks/task-processes.ts';
import { ApiError, type AwsApi } from './api-server.ts';
import { listOf, numberOf, objectOf, objectsOf, optionalText, textOf } from './fields.ts';

const SERVICE = 'AmazonEC2ContainerServiceV20141113.';
const PAGE = 100;
/** The endpoint that every container finds in its environment: <api>/v4/<task>. */
export const METADATA = '/v4/';

export type EcsApiOptions = { readonly tasks: TaskProcesses; readonly cluster: string };

type Operation = (options: EcsApiOptions, body: JsonObject) => Promise<JsonObject>;

export function ecsApi(options: EcsApiOptions): AwsApi {
  return {
    owns: ({ target, path }) => target.startsWith(SERVICE) || path.startsWith(METADATA),
    answer: async ({ target, path, body }) => {
      if (path.startsWith(METADATA)) return metadata(options, path);
      const operation = OPERATIONS[target.slice(SERVICE.length)];
      if (!operation) throw new ApiError('UnknownOperationException', 400, `not imitated on this machine: ${target}`);
      const cluster = optionalText(body, 'cluster') ?? 'default';
      if (lastPart(cluster) !== options.cluster)
        throw new ApiError('ClusterNotFoundException', 400, `Cluster not found: ${cluster}`);
      return operation(options, body);
    },
  };
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  RunTask: runTask,
  StopTask: stopTask,
  ...{ ListTasks: listTasks, DescribeTasks: describeTasks },
};

/** `/v4/<task>/task` and `/v4/<task>/task/stats`. */
function metadata({ tasks, cluster }: EcsApiOptions, path: string): JsonObject {
  const [id = '', ...what] = path.slice(METADATA.length).split('/');
  const task = tasks.get(id);
  if (!task) throw new ApiError('NotFound', 404, 'there is no such task');
  if (what.join('/') === 'task/stats') return statsOf(task);
  const { taskId, order, createdAt, status } = task;
  return {
    Cluster: cluster,
    TaskARN: taskArn(cluster, taskId),
    Family: order.family,
    KnownStatus: status,
    PullStartedAt: new Date(createdAt).toISOString(),
  };
}

/** As Docker counts a container; here it is its first process alone. */
function statsOf({ taskId, pid }: Task): JsonObject {
  const use = pid === null ? null : pidUse(pid);
  if (!use) return { [taskId]: null };
  const bytes = Math.round(use.memoryMb * 1024 * 1024);
  return { [taskId]: { memory_stats: { usage: bytes, stats: { inactive_file: 0 } } } };
}

/** Of an ARN, or of the bare name that may stand in its place. */
const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
/** `family`, `family:7` or a whole ARN of it. */
const familyOf = (definition: string): string => lastPart(definition).split(':', 1)[0] ?? '';

async function runTask({ tasks, cluster }: EcsApiOptions, body: JsonObject): Promise<JsonObject> {
  if (numberOf(body, 'count', 1) !== 1)
    throw new ApiError('InvalidParameterException', 400, 'this machine starts one task per request');
  const family = familyOf(textOf(body, 'taskDefinition'));
  const clientToken = optionalText(body, 'clientToken');
  try {
    const task = await tasks.run({ family, clientToken, environment: environmentOf(objectOf(body, 'overrides')) });
    return { tasks: [taskShape(task, cluster)], failures: [] };
  } catch (thrown) {
    if (!(thrown instanceof NovaError)) throw thrown;
    // ECS answers 200 when it cannot place a task: an unread list of failures is a task that never was.
    if (thrown.code === 'unavailable')
      return { tasks: [], failures: [{ reason: 'RESOURCE:CPU', detail: thrown.message }] };
    if (thrown.code === 'conflict') throw new ApiError('ConflictException', 400, thrown.message);
    if (thrown.code === 'not_found') throw new ApiError('ClientException', 400, 'TaskDefinition not found.');
    throw thrown;
  }
}

function environmentOf(overrides: JsonObject): Record<string, string> {
  const pairs = objectsOf(overrides, 'containerOverrides').flatMap((one) => objectsOf(one, 'environment'));
  return Object.fromEntries(
    pairs.map((pair) => [textOf(pair, 'name'), typeof pair.value === 'string' ? pair.value : '']),
  );
}

async function stopTask({ tasks, cluster }: EcsApiOptions, body: JsonObject): Promise<JsonObject> {
  const taskId = lastPart(textOf(body, 'task'));
  if (!tasks.get(taskId)) throw new ApiError('InvalidParameterException', 400, 'The referenced task was not found.');
  return { task: taskShape(tasks.stop(taskId, optionalText(body, 'reason') ?? 'Task stopped by user'), cluster) };
}

async function describeTasks({ tasks, cluster }: EcsApiOptions, body: JsonObject): Promise<JsonObject> {
  const asked = listOf(body, 'tasks').map(String);
  if (asked.length > PAGE) throw new ApiError('InvalidParameterException', 400, `at most ${PAGE} tasks at once`);
  const found = asked.map((arn) => ({ arn, task: tasks.get(lastPart(arn)) }));
  return {
    tasks: found.flatMap(({ task }) => (task ? [taskShape(task, cluster)] : [])),
    failures: found.flatMap(({ arn, task }) => (task ? [] : [{ arn, reason: 'MISSING' }])),
  };
}

async function listTasks({ tasks, cluster }: EcsApiOptions, body: JsonObject): Promise<JsonObject> {
  const desired = optionalText(body, 'desiredStatus') === 'STOPPED' ? 'STOPPED' : 'RUNNING';
  const all = tasks.list({ family: optionalText(body, 'family') ?? undefined, desired });
  const from = Number(optionalText(body, 'nextToken') ?? 0);
  const limit = Math.min(PAGE, numberOf(body, 'maxResults', PAGE));
  return {
    taskArns: all.slice(from, from + limit).map(({ taskId }) => taskArn(cluster, taskId)),
    ...(all.length > from + limit ? { nextToken: String(from + limit) } : {}),
  };
}

export const taskArn = (cluster: string, taskId: string): string =>
  `arn:aws:ecs:local:000000000000:task/${cluster}/${taskId}`;

function taskShape(task: Task, cluster: string): JsonObject {
  const { order, status } = task;
  const environment = Object.entries(order.environment).map(([name, value]) => ({ name, value }));
  const shape: { [name: string]: Json } = {
    taskArn: taskArn(cluster, task.taskId),
    clusterArn: `arn:aws:ecs:local:000000000000:cluster/${cluster}`,
    taskDefinitionArn: `arn:aws:ecs:local:000000000000:task-definition/${order.family}:1`,
    group: `family:${order.family}`,
    lastStatus: status,
    desiredStatus: task.desired,
    createdAt: task.createdAt / 1000,
    containers: [
      { name: order.family, lastStatus: status, ...(task.exitCode === null ? {} : { exitCode: task.exitCode }) },
    ],
    overrides: { containerOverrides: [{ name: order.family, environment }] },
  };
  if (task.startedAt !== null) shape.startedAt = task.startedAt / 1000;
  if (task.stoppingAt !== null) shape.stoppingAt = task.stoppingAt / 1000;
  if (task.stoppedAt !== null) shape.stoppedAt = task.stoppedAt / 1000;
  if (task.stopCode !== null) Object.assign(shape, { stopCode: task.stopCode, stoppedReason: task.reason });
  return shape;
}
