/**
 * Tasks as child processes: what RunTask and StopTask mean on one machine. The API of ECS and the launcher of the
 * embedded engine are two doors to this one room.
 */
import { NovaError } from '../../../shared/domain/error.ts';
import type { Time } from '../../../shared/ports/time.ts';
import { type RunningChild, startChild } from './task-child.ts';

/** What a task definition is on AWS. A child inherits nothing: it sees this environment and its overrides alone. */
export type TaskFamily = {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
};

export type TaskOrder = {
  readonly family: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly clientToken: string | null;
};

export type TaskState = 'PENDING' | 'RUNNING' | 'STOPPING' | 'STOPPED';

export type Task = {
  readonly taskId: string;
  readonly order: TaskOrder;
  readonly status: TaskState;
  readonly desired: 'RUNNING' | 'STOPPED';
  readonly pid: number | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly stoppingAt: number | null;
  readonly stoppedAt: number | null;
  /** As a shell tells it: 137 after SIGKILL. */
  readonly exitCode: number | null;
  readonly stopCode: 'UserInitiated' | 'EssentialContainerExited' | 'TaskFailedToStart' | null;
  readonly reason: string;
};

export type TaskProcessesOptions = {
  readonly families: Readonly<Record<string, TaskFamily>>;
  readonly time: Time;
  /** 32 hexadecimal digits on AWS; unique. */
  readonly newTaskId: () => string;
  /** Between SIGTERM and SIGKILL; 30,000 on AWS. */
  readonly stopGraceMs?: number;
  /** More than this at once is "no capacity". Default 16. */
  readonly maxTasks?: number;
  /** Each task's output goes to `<folder>/<taskId>.log`; without it, nowhere. */
  readonly outputFolder?: string;
  readonly onStopped?: (task: Task) => void;
  /** What a platform tells each task of itself. */
  readonly tell?: (taskId: string) => Readonly<Record<string, string>>;
};

type Slot = { task: Task; child: RunningChild | null; readonly started: Promise<void> };

/** Stopped tasks can be seen for about an hour, as on AWS; as long, their client tokens are known. */
const REMEMBER_MS = 3_600_000;

export class TaskProcesses {
  readonly #options: TaskProcessesOptions;
  readonly #slots = new Map<string, Slot>();

  constructor(options: TaskProcessesOptions) {
    this.#options = options;
  }

  /**
   * Starts a child, or answers the one that this client token has started before.
   * @throws NovaError not_found for an unknown family; conflict for a token used with another order; unavailable when full.
   */
  async run(order: TaskOrder): Promise<Task> {
    const family = this.#options.families[order.family];
    if (!family) throw new NovaError('not_found', `there is no task family "${order.family}"`);
    this.#forgetOld();
    const before = this.#byToken(order);
    if (!before && this.#running().length >= (this.#options.maxTasks ?? 16))
      throw new NovaError('unavailable', `no capacity: ${this.#running().length} tasks are running`);
    const slot = before ?? this.#start(order, family);
    await slot.started;
    return slot.task;
  }

  /** SIGTERM, the grace, SIGKILL. Answers at once. @throws NovaError not_found. */
  stop(taskId: string, reason: string): Task {
    const slot = this.#slots.get(taskId);
    if (!slot) throw new NovaError('not_found', `there is no task ${taskId}`);
    if (slot.task.desired === 'RUNNING') {
      const stoppingAt = this.#options.time.now();
      slot.task = {
        ...slot.task,
        status: 'STOPPING',
        desired: 'STOPPED',
        stoppingAt,
        stopCode: 'UserInitiated',
        reason,
      };
      slot.child?.stop(this.#options.stopGraceMs ?? 30_000);
    }
    return slot.task;
  }

  get(taskId: string): Task | null {
    return this.#slots.get(taskId)?.task ?? null;
  }

  /** The oldest first. */
  list(filter: { readonly family?: string | undefined; readonly desired?: Task['desired'] }): readonly Task[] {
    this.#forgetOld();
    return [...this.#slots.values()]
      .map(({ task }) => task)
      .filter(({ order }) => filter.family === undefined || order.family === filter.family)
      .filter(({ desired }) => filter.desired === undefined || desired === filter.desired);
  }

  /** Stops everything and waits until nothing is left. */
  async close(reason = 'the engine stops'): Promise<void> {
    const slots = this.#running();
    await Promise.all(slots.map(({ started }) => started));
    for (const { task } of slots) this.stop(task.taskId, reason);
    await Promise.all(slots.map(({ child }) => child?.exited));
  }

  #running(): Slot[] {
    return [...this.#slots.values()].filter(({ task }) => task.status !== 'STOPPED');
  }

  #byToken(order: TaskOrder): Slot | null {
    if (order.clientToken === null) return null;
    const slot = [...this.#slots.values()].find(({ task }) => task.order.clientToken === order.clientToken);
    if (slot && !sameOrder(slot.task.order, order))
      throw new NovaError('conflict', `the client token ${order.clientToken} was used for another task`);
    return slot ?? null;
  }

  #start(order: TaskOrder, family: TaskFamily): Slot {
    const taskId = this.#options.newTaskId();
    const child = startChild({
      command: family.command,
      environment: { ...family.environment, ...order.environment, ...this.#options.tell?.(taskId) },
      outputFile: this.#options.outputFolder ? `${this.#options.outputFolder}/${taskId}.log` : null,
    });
    const slot: Slot = { task: pendingTask(taskId, order, this.#options.time.now()), child, started: child.started };
    this.#slots.set(taskId, slot);
    child.started.then(() => {
      const { pid } = child;
      if (pid === null) return;
      const status = slot.task.desired === 'RUNNING' ? 'RUNNING' : slot.task.status;
      slot.task = { ...slot.task, status, pid, startedAt: this.#options.time.now() };
    });
    child.exited.then(({ exitCode, failure }) => {
      const asked = slot.task.stopCode !== null;
      slot.task = {
        ...slot.task,
        ...{ status: 'STOPPED', desired: 'STOPPED', stoppedAt: this.#options.time.now(), exitCode },
        stopCode: slot.task.stopCode ?? (failure === null ? 'EssentialContainerExited' : 'TaskFailedToStart'),
        reason: asked ? slot.task.reason : (failure ?? 'Essential container in task exited'),
      };
      slot.child = null;
      this.#options.onStopped?.(slot.task);
    });
    return slot;
  }

  #forgetOld(): void {
    const before = this.#options.time.now() - REMEMBER_MS;
    for (const [taskId, { task }] of this.#slots)
      if (task.stoppedAt !== null && task.stoppedAt < before) this.#slots.delete(taskId);
  }
}

function pendingTask(taskId: string, order: TaskOrder, now: number): Task {
  return {
    ...{ taskId, order, status: 'PENDING', desired: 'RUNNING', pid: null, createdAt: now, startedAt: null },
    ...{ stoppingAt: null, stoppedAt: null, exitCode: null, stopCode: null, reason: '' },
  };
}

function sameOrder(a: TaskOrder, b: TaskOrder): boolean {
  const sorted = (order: TaskOrder): string => JSON.stringify(Object.entries(order.environment).sort());
  return a.family === b.family && sorted(a) === sorted(b);
}
