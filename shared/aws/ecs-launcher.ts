/** The Launcher port on ECS. Tasks get a public address of their own, because there is no NAT gateway. */
import {
  DescribeTasksCommand,
  type ECSClient,
  type Failure,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  type RunTaskCommandOutput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { type ErrorCode, NovaError } from '../domain/error.ts';
import type { Launcher } from '../ports/outside.ts';
import { errorName, serviceError } from './service-error.ts';

export type EcsLauncherOptions = {
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** What stands before a family's name in its task definition: `nova-<stage>-`. The container has the family's name. */
  readonly prefix: string;
  /** By family; FARGATE where none is named. */
  readonly capacityProviders?: Readonly<Record<string, string>>;
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
   * @throws NovaError unavailable without capacity; too_large; conflict; misconfigured.
   */
  async runTask(order: Order): Promise<{ readonly taskId: string }> {
    const input = runInput(order, this.#options);
    let output: RunTaskCommandOutput;
    try {
      output = await this.#client.send(new RunTaskCommand(input));
    } catch (thrown) {
      throw serviceError(`task ${order.family}`, thrown, CODES);
    }
    // RunTask answers 200 when it placed nothing.
    const arn = output.tasks?.[0]?.taskArn;
    if (output.failures?.length || !arn) throw failureError(order.family, output.failures ?? []);
    return { taskId: taskIdOf(arn) };
  }

  /** SIGTERM, 30 s, SIGKILL. One that is gone already is fine. */
  async stopTask(taskId: string, reason: string): Promise<void> {
    try {
      const input = { cluster: this.#options.cluster, task: taskId, reason: reason.slice(0, 255) };
      await this.#client.send(new StopTaskCommand(input));
    } catch (thrown) {
      if (errorName(thrown) === 'InvalidParameterException' && /not found/i.test(String(thrown))) return;
      throw serviceError(`task ${taskId}`, thrown, CODES);
    }
  }

  /** Tasks that are meant to run; one on its way out is not among them. */
  async listTasks(family: string): Promise<readonly { readonly taskId: string; readonly status: string }[]> {
    const { cluster } = this.#options;
    try {
      const arns = await this.#arns(family);
      const found: { taskId: string; status: string }[] = [];
      for (let i = 0; i < arns.length; i += DESCRIBE) {
        const tasks = arns.slice(i, i + DESCRIBE);
        const { tasks: described = [] } = await this.#client.send(new DescribeTasksCommand({ cluster, tasks }));
        found.push(
          ...described.flatMap(({ taskArn, lastStatus, desiredStatus }) =>
            taskArn && desiredStatus !== 'STOPPED' ? [{ taskId: taskIdOf(taskArn), status: lastStatus ?? '' }] : [],
          ),
        );
      }
      return found;
    } catch (thrown) {
      throw serviceError(`tasks ${family}`, thrown, CODES);
    }
  }

  async #arns(family: string): Promise<string[]> {
    const { cluster, prefix } = this.#options;
    const arns: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListTasksCommand({ cluster, family: `${prefix}${family}`, desiredStatus: 'RUNNING', nextToken: token }),
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
  const overrides = { containerOverrides: [{ name: order.family, environment }] };
  const length = JSON.stringify(overrides).length;
  if (length > MAX_OVERRIDES)
    throw new NovaError('too_large', `what a task is told has at most ${MAX_OVERRIDES} characters; got ${length}`);
  return {
    cluster: options.cluster,
    taskDefinition: `${options.prefix}${order.family}`,
    clientToken: order.clientToken,
    count: 1,
    overrides,
    capacityProviderStrategy: [{ capacityProvider: options.capacityProviders?.[order.family] ?? 'FARGATE', weight: 1 }],
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...options.subnets],
        securityGroups: [...options.securityGroups],
        assignPublicIp: 'ENABLED',
      },
    },
    propagateTags: 'TASK_DEFINITION',
  };
}

/** Capacity comes back; a thing that is missing does not. */
function failureError(family: string, failures: readonly Failure[]): NovaError {
  const reasons = failures.map(({ reason = 'no reason', detail }) => (detail ? `${reason} (${detail})` : reason));
  const missing = failures.some(({ reason }) => reason === 'MISSING' || reason === 'INACTIVE');
  const text = reasons.join('; ') || 'ECS answered neither a task nor a reason';
  return new NovaError(missing ? 'misconfigured' : 'unavailable', `task ${family} was not started: ${text}`);
}
