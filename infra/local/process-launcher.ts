/** The Launcher port of the embedded engine: tasks are child processes of it. */
import { NovaError } from '../../shared/domain/error.ts';
import type { Launcher } from '../../shared/ports/outside.ts';
import type { TaskProcesses } from './tasks/task-processes.ts';

export function processLauncher(tasks: TaskProcesses): Launcher {
  return {
    runTask: async (order) => {
      const { taskId } = await tasks.run(order).catch((thrown: unknown) => {
        if (thrown instanceof NovaError && thrown.code === 'not_found')
          throw new NovaError('misconfigured', thrown.message, { cause: thrown });
        throw thrown;
      });
      return { taskId };
    },
    stopTask: async (taskId, reason) => {
      if (tasks.get(taskId)) tasks.stop(taskId, reason);
    },
    listTasks: async (family) =>
      tasks.list({ family, desired: 'RUNNING' }).map(({ taskId, status }) => ({ taskId, status })),
  };
}
