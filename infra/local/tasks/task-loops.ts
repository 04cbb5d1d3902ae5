/**
 * Tasks in the engine's own process: the same loop as in a container, over the engine's world. The blueprint works where
 * the engine's host puts it. For the engines whose table one process owns.
 */
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { FAMILY_NAMES } from '../../../shared/domain/task.ts';
import { ticketOf } from '../../../shared/jobs/launch-run.ts';
import { keepRunning, runInTask, type TaskPlace, type TaskPorts } from '../../../shared/jobs/task-run.ts';
import type { Launcher } from '../../../shared/ports/outside.ts';
import type { Time } from '../../../shared/ports/time.ts';
import type { Task, TaskOrder } from './task-processes.ts';

export type TaskLoopsOptions = {
  /** What tasks see of the world; asked for when the first one starts. */
  world(): TaskPorts;
  readonly time: Time;
  newTaskId(): string;
  readonly graceMs: number;
  /** Resolves after so many milliseconds, or when it is asked to stop. */
  rest(milliseconds: number, signal: AbortSignal): Promise<void>;
  onStopped(task: Task): Promise<void>;
  /** More than this at once is "no capacity". Default 16. */
  readonly maxTasks?: number;
};

export type TaskLoops = {
  readonly launcher: Launcher;
  /** Resolves when every task has ended or rests. */
  quiet(): Promise<void>;
  /** Asks all to stop, and waits for them. */
  close(): Promise<void>;
};

type Loop = { task: Task; readonly stop: AbortController; readonly done: Promise<void> };

/** Tasks that are neither at rest nor at their end. */
class Busy {
  #count = 0;
  #waiting: (() => void)[] = [];

  enter(): void {
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async none(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const REMEMBERED = 1_000;

export function taskLoops(options: TaskLoopsOptions): TaskLoops {
  const loops = new Map<string, Loop>();
  const busy = new Busy();
  const running = (): Loop[] => [...loops.values()].filter(({ task }) => task.status !== 'STOPPED');
  const launcher: Launcher = {
    async runTask({ clientToken, family, environment }) {
      if (!FAMILY_NAMES.includes(family)) throw new NovaError('misconfigured', `there is no task family "${family}"`);
      const order: TaskOrder = { family, environment, clientToken };
      const known = [...loops.values()].find(({ task }) => task.order.clientToken === clientToken);
      if (known) return { taskId: same(known.task, order), reason: '' };
      if (running().length >= (options.maxTasks ?? 16)) {
        return { taskId: null, reason: `no capacity: ${running().length} tasks are running` };
      }
      const loop = startLoop({ ...options, busy }, order);
      loops.set(loop.task.taskId, loop);
      for (const [id, { task }] of loops) if (loops.size > REMEMBERED && task.status === 'STOPPED') loops.delete(id);
      return { taskId: loop.task.taskId, reason: '' };
    },
    async stopTask(taskId, reason) {
      const loop = loops.get(taskId);
      if (!loop || loop.task.desired === 'STOPPED') return;
      const stoppingAt = options.time.now();
      loop.task = {
        ...loop.task,
        status: 'STOPPING',
        desired: 'STOPPED',
        stoppingAt,
        stopCode: 'UserInitiated',
        reason,
      };
      loop.stop.abort();
    },
    listTasks: async (family) =>
      running()
        .map(({ task }) => task)
        .filter(({ order }) => order.family === family)
        .map(({ taskId, status, desired, stoppingAt, createdAt, order }) => ({
          ...{ taskId, status, stopping: desired === 'STOPPED', stoppingAt, createdAt },
          environment: order.environment,
        })),
  };
  return {
    launcher,
    quiet: () => busy.none(),
    async close() {
      for (const { task } of running()) await launcher.stopTask(task.taskId, 'the engine stops');
      await Promise.all([...loops.values()].map(({ done }) => done));
    },
  };
}

/** @throws NovaError conflict. */
function same({ taskId, order }: Task, asked: TaskOrder): string {
  const sorted = ({ family, environment }: TaskOrder): string =>
    JSON.stringify([family, ...Object.entries(environment).sort()]);
  if (sorted(order) === sorted(asked)) return taskId;
  throw new NovaError('conflict', `the client token ${asked.clientToken} was used for another task`);
}

type Looping = TaskLoopsOptions & { readonly busy: Busy };

function startLoop(options: Looping, order: TaskOrder): Loop {
  options.busy.enter();
  const now = options.time.now();
  const stop = new AbortController();
  const task: Task = {
    ...{ taskId: options.newTaskId(), order, status: 'RUNNING', desired: 'RUNNING', pid: null },
    ...{
      createdAt: now,
      startedAt: now,
      stoppingAt: null,
      stoppedAt: null,
      exitCode: null,
      stopCode: null,
      reason: '',
    },
  };
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const loop: Loop = { task, stop, done };
  const end = async (exitCode: number, reason: string): Promise<void> => {
    const { stopCode } = loop.task;
    const asked = stopCode !== null;
    loop.task = {
      ...loop.task,
      ...{ status: 'STOPPED', desired: 'STOPPED', stoppedAt: options.time.now(), exitCode },
      ...(asked ? {} : { stopCode: 'EssentialContainerExited', reason }),
    };
    await options.onStopped(loop.task).catch(() => undefined);
    options.busy.leave();
  };
  work(options, loop)
    .then(
      (why) => end(0, why),
      (thrown: unknown) => end(1, messageOf(thrown)),
    )
    .finally(resolve);
  return loop;
}

async function work(options: Looping, { task, stop }: Loop): Promise<string> {
  // Whoever launched it has its answer first.
  await Promise.resolve();
  const ticket = ticketOf(task.order.environment);
  if (!ticket) throw new NovaError('misconfigured', 'this task was not told what to work on');
  const since = task.createdAt;
  const place: TaskPlace = {
    ...{ taskId: task.taskId, billedFrom: since },
    interruption: { signal: stop.signal, graceMs: options.graceMs },
    onHeartbeat() {},
    // One process does the work of all, and what one of them used of it nobody can say; of a run's own process its host tells.
    use: () => null,
  };
  const rest = async (milliseconds: number): Promise<void> => {
    options.busy.leave();
    await options.rest(milliseconds, stop.signal);
    options.busy.enter();
  };
  const world = options.world();
  const end = ticket.kind === 'run' ? runInTask(world, ticket, place) : keepRunning(world, ticket, { ...place, rest });
  return (await end).why;
}
