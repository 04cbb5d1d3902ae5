/** The Launcher port on ECS. Tasks get a public address of their own where there is no NAT gateway. */
import {
  DescribeTasksCommand,
  type ECSClient,
  type Failure,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  type RunTaskCommandOutput,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { type ErrorCode, NovaError } from '../domain/error.ts';
import type { LaunchedTask, Launcher, Placed } from '../ports/outside.ts';
import { errorName, serviceError } from './service-error.ts';

export type EcsLauncherOptions = {
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** What stands before a family's name in its task definition: `nova-<stage>-`. The container has the family's name. */
  readonly prefix: string;
  /** Where tasks with GPUs go; without one none can be started. */
  readonly gpuProvider?: string | undefined;
  /** false in subnets of the owner's that have another way out. */
  readonly publicIp?: boolean;
};

type Order = Parameters<Launcher['runTask']>[0];

/** All container overrides of a task together, in characters. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html */
const MAX_OVERRIDES = 8192;
/** Tasks that DescribeTasks takes at once. */
const DESCRIBE = 100;

const CODES: Readonly<Record<string, ErrorCode>> = {
  ClientException: 'misconfigured',
  InvalidParameterException: 'misconfigured',
  ClusterNotFoundException: 'misconfigured',
  PlatformUnknownException: 'misconfigured',
  // The client token was used with other parameters: what runs under it is not what was asked for.
  ConflictException: 'conflict',
  LimitExceededException: 'unavailable',
  BlockedException: 'misconfigured',
};

export class EcsLauncher implements Launcher {
  readonly #client: ECSClient;
  readonly #options: EcsLauncherOptions;

  constructor(client: ECSClient, options: EcsLauncherOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * The same client token answers the same task, however often it is asked.
   * @throws NovaError unavailable when nobody knows whether it was started; too_large; conflict; misconfigured.
   */
  async runTask(order: Order): Promise<Placed> {
    const input = runInput(order, this.#options);
    let output: RunTaskCommandOutput;
    try {
      output = await this.#client.send(new RunTaskCommand(input));
    } catch (thrown) {
      throw serviceError(`task ${order.family}`, thrown, CODES);
    }
    // RunTask answers 200 when it placed nothing.
    const arn = output.tasks?.[0]?.taskArn;
    if (output.failures?.length || !arn) return notPlaced(order.family, output.failures ?? []);
    return { taskId: taskIdOf(arn), reason: '' };
  }

  /** SIGTERM, the stop time-out of its definition, SIGKILL. One that is gone already is fine. */
  async stopTask(taskId: string, reason: string): Promise<void> {
    try {
      const input = { cluster: this.#options.cluster, task: taskId, reason: reason.slice(0, 255) };
      await this.#client.send(new StopTaskCommand(input));
    } catch (thrown) {
      if (errorName(thrown) === 'InvalidParameterException' && /not found/i.test(String(thrown))) return;
      throw serviceError(`task ${taskId}`, thrown, CODES);
    }
  }

  async listTasks(family: string): Promise<readonly LaunchedTask[]> {
    const { cluster } = this.#options;
    try {
      // One that is asked to stop is listed as stopped, long before it is.
      const arns = [...(await this.#arns(family, 'RUNNING')), ...(await this.#arns(family, 'STOPPED'))];
      const found: LaunchedTask[] = [];
      for (let i = 0; i < arns.length; i += DESCRIBE) {
        const tasks = arns.slice(i, i + DESCRIBE);
        const { tasks: described = [] } = await this.#client.send(new DescribeTasksCommand({ cluster, tasks }));
        found.push(...described.flatMap(launchedTask));
      }
      return found;
    } catch (thrown) {
      throw serviceError(`tasks ${family}`, thrown, CODES);
    }
  }

  async #arns(family: string, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<string[]> {
    const { cluster, prefix } = this.#options;
    const arns: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListTasksCommand({ cluster, family: `${prefix}${family}`, desiredStatus, nextToken: token }),
      );
      arns.push(...(page.taskArns ?? []));
      token = page.nextToken;
    } while (token);
    return arns;
  }
}

/** `arn:aws:ecs:<region>:<account>:task/<cluster>/<id>`. */
const taskIdOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

function runInput(order: Order, options: EcsLauncherOptions): RunTaskCommandInput {
  const environment = Object.entries(order.environment).map(([name, value]) => ({ name, value }));
  const { size } = order;
  const gpus = size?.gpus ? { resourceRequirements: [{ type: 'GPU' as const, value: String(size.gpus) }] } : {};
  const overrides = {
    ...(size && { cpu: String(size.cpuUnits), memory: String(size.memoryMb) }),
    containerOverrides: [{ name: order.family, environment, ...gpus }],
  };
  const length = JSON.stringify(overrides).length;
  if (length > MAX_OVERRIDES)
    throw new NovaError('too_large', `what a task is told has at most ${MAX_OVERRIDES} characters; got ${length}`);
  return {
    cluster: options.cluster,
    taskDefinition: `${options.prefix}${order.family}`,
    clientToken: order.clientToken,
    count: 1,
    overrides,
    capacityProviderStrategy: [{ capacityProvider: providerOf(order, options), weight: 1 }],
    ...(size?.gpus ? {} : network(options)),
    propagateTags: 'TASK_DEFINITION',
  };
}

function providerOf({ family, size }: Order, { gpuProvider }: EcsLauncherOptions): string {
  if (!size?.gpus) return size?.spot ? 'FARGATE_SPOT' : 'FARGATE';
  if (gpuProvider) return gpuProvider;
  throw new NovaError('misconfigured', `task ${family}: this stage has no GPUs; deploy it with -c gpu=true`);
}

/** A task with GPUs shares the network of its instance, which has an address: one of its own would have no way out. */
const network = ({ subnets, securityGroups, publicIp = true }: EcsLauncherOptions) => ({
  networkConfiguration: {
    awsvpcConfiguration: {
      subnets: [...subnets],
      securityGroups: [...securityGroups],
      assignPublicIp: publicIp ? ('ENABLED' as const) : ('DISABLED' as const),
    },
  },
});

function launchedTask({ taskArn, lastStatus, desiredStatus, createdAt, stoppingAt, overrides }: Task): LaunchedTask[] {
  if (!taskArn || lastStatus === 'STOPPED' || lastStatus === 'DELETED') return [];
  const pairs = (overrides?.containerOverrides ?? []).flatMap(({ environment = [] }) => environment);
  return [
    {
      taskId: taskIdOf(taskArn),
      status: lastStatus ?? '',
      stopping: desiredStatus === 'STOPPED',
      stoppingAt: stoppingAt?.getTime() ?? null,
      createdAt: createdAt?.getTime() ?? 0,
      environment: Object.fromEntries(pairs.map(({ name = '', value = '' }) => [name, value])),
    },
  ];
}

/** Capacity comes back; a thing that is missing does not. @throws NovaError misconfigured. */
function notPlaced(family: string, failures: readonly Failure[]): Placed {
  const reasons = failures.map(({ reason = 'no reason', detail }) => (detail ? `${reason} (${detail})` : reason));
  const missing = failures.some(({ reason }) => reason === 'MISSING' || reason === 'INACTIVE');
  const reason = reasons.join('; ') || 'ECS answered neither a task nor a reason';
  if (missing) throw new NovaError('misconfigured', `task ${family} was not started: ${reason}`);
  return { taskId: null, reason };
}
