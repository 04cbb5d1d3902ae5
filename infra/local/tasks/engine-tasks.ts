/** The tasks of an engine that owns its table: opened with the engine's world once that is there. */
import { NovaError } from '../../../shared/domain/error.ts';
import type { TaskPorts } from '../../../shared/jobs/task-run.ts';
import type { Queue } from '../../../shared/ports/queue.ts';
import type { World } from '../../../shared/ports/world.ts';
import type { WorkMessage } from '../../../shared/wire/messages.ts';
import { tasks as rows } from '../../topology.ts';
import { taskStoppedEvent } from '../aws-apis/task-event.ts';
import { grantedTable } from '../granted.ts';
import { type TaskLoops, type TaskLoopsOptions, taskLoops } from './task-loops.ts';

export type EngineTasksOptions = Pick<TaskLoopsOptions, 'time' | 'newTaskId' | 'graceMs' | 'rest'> & {
  /** Hears of their ends, as from ECS. */
  readonly work: Pick<Queue<WorkMessage>, 'send'>;
};

export type EngineTasks = TaskLoops & {
  /** A task sees of the table what its row of the topology says. */
  open(world: World | Omit<World, 'scheduler'>): void;
};

export function engineTasks({ work, ...options }: EngineTasksOptions): EngineTasks {
  const late: { world: TaskPorts | null } = { world: null };
  const loops = taskLoops({
    ...options,
    world: () => late.world ?? starting(),
    // The queue carries what EventBridge would bring; its consumer reads both.
    onStopped: (task) => work.send(taskStoppedEvent(task, 'local') as unknown as WorkMessage),
  });
  return {
    ...loops,
    open(world) {
      const [row] = rows;
      late.world = row ? { ...world, table: grantedTable(world.table, row) } : world;
    },
  };
}

function starting(): never {
  throw new NovaError('unavailable', 'the engine is starting');
}
