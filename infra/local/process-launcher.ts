/** The Launcher port of the embedded engine: tasks are child processes of it. */
import { NovaError } from '../../shared/domain/error.ts';
import type { Launcher } from '../../shared/ports/outside.ts';
import type { TaskProcesses } from './tasks/task-processes.ts';

export function processLauncher(tasks: TaskProcesses): Launcher {
  return {
    runTask: async (order) => {
      try {
        return { taskId: (await tasks.run(order)).taskId, reason: '' };
      } catch (thrown) {
        if (!(thrown instanceof NovaError)) throw thrown;
        if (thrown.code === 'unavailable') return { taskId: null, reason: thrown.message };
        if (thrown.code !== 'not_found') throw thrown;
        throw new NovaError('misconfigured', thrown.message, { cause: thrown });
      }
    },
    stopTask: async (taskId, reason) => {
      if (tasks.get(taskId)) tasks.stop(taskId, reason);
    },
    listTasks: async (family) =>
      tasks
        .list({ family })
        .filter(({ status }) => status !== 'STOPPED')
        .map(({ taskId, status, desired, createdAt, order }) => ({
          ...{ taskId, status, stopping: desired === 'STOPPED', createdAt, environment: order.environment },
        })),
  };
}
