/** The cluster of a rehearsal: the program of the images as child processes, and what ECS tells of them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { messageOf } from '../../../shared/domain/error.ts';
import type { Log } from '../../../shared/ports/outside.ts';
import { systemTime } from '../../../shared/runtime/clock.ts';
import { childEnv } from '../../../shared/runtime/env.ts';
import { heard, type TaskRow, tasks as taskRows } from '../../topology.ts';
import type { ApiServer } from '../aws-apis/api-server.ts';
import { METADATA } from '../aws-apis/ecs-api.ts';
import { taskStoppedEvent } from '../aws-apis/task-event.ts';
import type { EngineOptions } from '../engine.ts';
import { guardedNode } from '../tasks/task-child.ts';
import { TaskProcesses } from '../tasks/task-processes.ts';
import { type Places, taskEnv } from './names.ts';
import { awsEnv, type Cloud, type Stands } from './platform.ts';

export type TaskGround = {
  readonly home: { file(name: string): string };
  readonly scale: number;
  readonly log: Log;
  readonly options: Pick<EngineOptions, 'taskCommand'>;
};
type Site = Stands & { readonly places: Places };
/** What is there once the engine has started. */
type Late = { api(): ApiServer; cloud(): Cloud };

/** In fast motion a container is given less time to stop; what it has to do takes as long as ever. */
const LEAST_STOP_SECONDS = 4;

export function rehearsalTasks({ home, scale, log, options }: TaskGround, site: Site, late: Late): TaskProcesses {
  const { places, bundleOf, sqs } = site;
  const { names } = places;
  const folder = home.file('rehearsal/tasks');
  const own = { HOME: folder, TMPDIR: folder };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stopSeconds = Math.max(LEAST_STOP_SECONDS, Math.max(...taskRows.map((row) => row.stopSeconds)) / scale);
  const { taskCommand = (command) => command } = options;
  const family = (row: TaskRow) => ({
    command: taskCommand(guardedNode(bundleOf(row.name))),
    environment: childEnv({
      // As ECS hands it over: everything in one parameter.
      NOVA_TASK_SETTINGS: JSON.stringify({ ...taskEnv(row, places), NOVA_TASK_STOP_SECONDS: String(stopSeconds) }),
      ...{ TZ: 'UTC', ...own },
    }),
  });
  const tell = async (event: object): Promise<void> => {
    for (const { queue } of heard) await late.cloud().send(sqs.arn(names.queue(queue)), event);
  };
  return new TaskProcesses({
    families: Object.fromEntries(taskRows.map((row) => [names.family(row.name), family(row)])),
    time: systemTime,
    newTaskId: () => randomBytes(16).toString('hex'),
    stopGraceMs: stopSeconds * 1000,
    outputFolder: folder,
    tell: (taskId) => ({
      ...awsEnv({ ...site, apis: late.api() }),
      ECS_CONTAINER_METADATA_URI_V4: `${late.api().url}${METADATA}${taskId}`,
    }),
    onStopped: (task) => {
      // While the engine stops nobody hears it: the next one recovers every lease anyway.
      tell(taskStoppedEvent(task, names.cluster)).catch((thrown: unknown) =>
        log.warn('the end of a task was not told', { taskId: task.taskId, why: messageOf(thrown) }),
      );
    },
  });
}
