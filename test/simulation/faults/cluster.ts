/** ECS as its callers meet it: tasks by client token, a list that lags, and one event at the end, perhaps twice, perhaps late. */
import type { Clock } from '../../../shared/memory/clock.ts';
import type { LaunchedTask, Placed, TaskSize } from '../../../shared/ports/outside.ts';
import type { Machine, Machines } from './machines.ts';

export type Task = {
  readonly taskId: string;
  readonly family: string;
  readonly clientToken: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly createdAt: number;
  status: 'PENDING' | 'RUNNING' | 'STOPPED';
  startsAt: number;
  startedAt: number | null;
  stoppedAt: number | null;
  /** ListTasks does not show it before. */
  seenFrom: number;
  stopping: boolean;
  stoppingAt: number | null;
  stopCode: string;
  reason: string;
  /** SIGKILL comes then; null: nobody has asked it to stop. */
  killAt: number | null;
  /** It does not hear SIGTERM, and SIGKILL does not reach it. */
  stubborn: boolean;
  machine: Machine | null;
  readonly term: AbortController;
};

const STOP_MS = 120_000;

type Asked = {
  readonly clientToken: string;
  readonly family: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly size?: TaskSize;
};

export type ClusterPorts = {
  readonly clock: Clock;
  readonly machines: Machines;
  /** Starts what runs in it; answers its machine. */
  boot(task: Task): Promise<Machine>;
  /** Two tasks where there may be one. */
  trouble(problem: string): void;
  /** The event of its end, as EventBridge spells it. */
  tell(event: unknown, delaySeconds: number): void;
};

export class Cluster {
  readonly tasks: Task[] = [];
  /** For so long a new task is not listed. */
  unlistedMs = 0;
  readonly #ports: ClusterPorts;
  readonly #byToken = new Map<string, Task>();

  constructor(ports: ClusterPorts) {
    this.#ports = ports;
  }

  run(asked: Asked): Placed {
    const known = this.#byToken.get(asked.clientToken);
    if (known) return { taskId: known.taskId, reason: '' };
    const now = this.#ports.clock.now();
    const task: Task = {
      ...{ taskId: `t${this.tasks.length + 1}`, family: asked.family, clientToken: asked.clientToken },
      ...{
        environment: asked.environment,
        createdAt: now,
        status: 'PENDING',
        startsAt: now + 20_000,
        startedAt: null,
      },
      ...{
        stoppedAt: null,
        seenFrom: now + this.unlistedMs,
        stopping: false,
        stoppingAt: null,
        stopCode: '',
        reason: '',
        killAt: null,
        stubborn: false,
        machine: null,
      },
      term: new AbortController(),
    };
    const twin = this.#hiddenTwinOf(task);
    if (twin) this.#ports.trouble(`task ${task.taskId} was started while ${twin.taskId} is there and not listed yet`);
    this.tasks.push(task);
    this.#byToken.set(asked.clientToken, task);
    return { taskId: task.taskId, reason: '' };
  }

  /** ECS has answered for this token already. */
  knows(clientToken: string): boolean {
    return this.#byToken.has(clientToken);
  }

  /** One that is kept running for the same instance, and that the list does not show yet. */
  #hiddenTwinOf({ environment, createdAt }: Task): Task | undefined {
    const { NOVA_TASK_SPEC: version, NOVA_TASK_AGENT: agent, NOVA_TASK_INSTANCE: instance } = environment;
    if (version === undefined) return undefined;
    return this.alive().find(
      (other) =>
        other.seenFrom > createdAt &&
        other.environment.NOVA_TASK_SPEC === version &&
        other.environment.NOVA_TASK_AGENT === agent &&
        other.environment.NOVA_TASK_INSTANCE === instance,
    );
  }

  list(family: string): readonly LaunchedTask[] {
    const now = this.#ports.clock.now();
    return this.alive()
      .filter((task) => task.family === family && task.seenFrom <= now)
      .map(({ taskId, status, stopping, stoppingAt, createdAt, environment }) => ({
        ...{ taskId, status, stopping, stoppingAt, createdAt, environment },
      }));
  }

  stop(taskId: string, reason: string, stopCode = 'UserInitiated'): void {
    const task = this.tasks.find((one) => one.taskId === taskId);
    if (!task || task.status === 'STOPPED' || task.stopping) return;
    const stoppingAt = this.#ports.clock.now();
    Object.assign(task, { stopping: true, stoppingAt, reason, stopCode, killAt: stoppingAt + STOP_MS });
    if (task.status === 'PENDING') this.#end(task, null);
    else if (!task.stubborn) task.term.abort();
  }

  alive(): readonly Task[] {
    return this.tasks.filter(({ status }) => status !== 'STOPPED');
  }

  running(): readonly Task[] {
    return this.tasks.filter(({ status }) => status === 'RUNNING');
  }

  /** Starts and kills what is due. */
  async step(): Promise<void> {
    const now = this.#ports.clock.now();
    for (const task of this.alive()) {
      if (task.status === 'PENDING' && task.startsAt <= now) await this.#start(task);
      else if (task.killAt !== null && task.killAt <= now && !task.stubborn && task.machine)
        this.#ports.machines.kill(task.machine);
    }
  }

  nextAt(): number | null {
    const times = this.alive().flatMap(({ status, startsAt, killAt, stubborn }) => [
      ...(status === 'PENDING' ? [startsAt] : []),
      ...(killAt !== null && !stubborn ? [killAt] : []),
    ]);
    return times.length === 0 ? null : Math.min(...times);
  }

  async #start(task: Task): Promise<void> {
    task.status = 'RUNNING';
    task.startedAt = this.#ports.clock.now();
    const machine = await this.#ports.boot(task);
    task.machine = machine;
    machine.onDeath = () => this.#end(task, 137);
    if (!machine.busy) this.exited(task);
  }

  /** It has done what it had to. */
  exited(task: Task): void {
    if (task.status === 'RUNNING') this.#end(task, 0);
  }

  #end(task: Task, exitCode: number | null): void {
    if (task.status === 'STOPPED') return;
    task.status = 'STOPPED';
    task.stoppedAt = this.#ports.clock.now();
    if (task.stopCode === '') task.stopCode = exitCode === null ? 'TaskFailedToStart' : 'EssentialContainerExited';
    this.#ports.tell(this.event(task, exitCode), 0);
  }

  event(task: Task, exitCode: number | null): unknown {
    const iso = (at: number): string => new Date(at).toISOString();
    const environment = Object.entries(task.environment).map(([name, value]) => ({ name, value }));
    const started =
      task.startedAt === null ? {} : { pullStartedAt: iso(task.startedAt), startedAt: iso(task.startedAt) };
    return {
      ...{ 'detail-type': 'ECS Task State Change', source: 'aws.ecs' },
      detail: {
        taskArn: `arn:aws:ecs:eu-central-1:123456789012:task/nova-test/${task.taskId}`,
        ...{ lastStatus: 'STOPPED', stopCode: task.stopCode, stoppedReason: task.reason },
        ...{ ...started, stoppedAt: iso(this.#ports.clock.now()) },
        containers: [exitCode === null ? {} : { exitCode }],
        overrides: { containerOverrides: [{ environment }] },
      },
    };
  }
}
