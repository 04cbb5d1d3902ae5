/** Where an agent's runs go on, from the options of a deployment: a function, a task, or tasks that are kept alive. */
import type { AgentSpec } from '../shared/domain/agent.ts';
import { NovaError } from '../shared/domain/error.ts';
import { priceTable } from '../shared/domain/price-table.ts';
import {
  COMPUTES,
  type Compute,
  MAX_FUNCTION_SECONDS,
  MAX_TASK_SECONDS,
  type TaskShape,
  taskNanosPerSecond,
  taskShape,
} from '../shared/domain/task.ts';
import type { World } from '../shared/ports/world.ts';
import { choice, count, flag, processors } from './fields.ts';

export const COMPUTE_OPTIONS = {
  compute: choice('where its runs go on (default lambda)', COMPUTES),
  cpu: processors('processors of a task: 0.25 to 16'),
  memory: count('memory of a task, in MB', { min: 512, max: 184_320 }),
  gpus: count('GPUs of a task: 1 or 4', { min: 1, max: 4 }),
  spot: flag('a task of Fargate that may be interrupted, at a third of the price'),
  timeout: count('seconds a run may take (default: as the blueprint says)', { min: 1, max: MAX_TASK_SECONDS }),
  continuous: flag('tasks are kept running, one cycle after the other, instead of a run for each tick'),
  rest: count('seconds between two cycles (default 60)', { min: 0, max: 3600 }),
  noRestart: flag('pause it at its first crash'),
} as const;

export type ComputeInput = {
  readonly compute: Compute | undefined;
  /** 1,024 are one processor. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly gpus: number | undefined;
  readonly spot: boolean;
  readonly timeout: number | undefined;
  readonly continuous: boolean;
  readonly rest: number | undefined;
  readonly noRestart: boolean;
};

export type Place = Pick<AgentSpec, 'task' | 'restSeconds' | 'timeoutSeconds' | 'autoRestart'>;

const REST_SECONDS = 60;

/** @throws NovaError bad_input for a size or a time that this compute does not have. */
export function placeFrom(
  input: ComputeInput,
  limits: { readonly timeoutSeconds: number },
  world: Pick<World, 'settings' | 'time'>,
): Place {
  const compute = input.compute ?? 'lambda';
  const { cpu: cpuUnits, memory: memoryMb, gpus, spot } = input;
  const shape = taskShape({ compute, cpuUnits, memoryMb, gpus, spot });
  const timeoutSeconds = input.timeout ?? limits.timeoutSeconds;
  if (!shape && input.timeout !== undefined && timeoutSeconds > MAX_FUNCTION_SECONDS) {
    const most = `--timeout is at most ${MAX_FUNCTION_SECONDS} in a function`;
    throw new NovaError('bad_input', `${most}; got ${timeoutSeconds}. Longer runs need --compute fargate`);
  }
  return {
    ...(shape ? { task: { ...shape, nanosPerSecond: rateFor(shape, world) } } : {}),
    timeoutSeconds,
    ...restOf(input, shape !== null),
    ...(input.noRestart ? { autoRestart: false as const } : {}),
  };
}

/** Where a function's time costs nothing, on the owner's machine, a task's does not either. */
function rateFor(
  shape: Omit<TaskShape, 'nanosPerSecond'>,
  { settings, time }: Pick<World, 'settings' | 'time'>,
): number {
  if (settings.computeNanosPerSecond === 0 && settings.runMemoryMb === undefined) return 0;
  return taskNanosPerSecond(shape, priceTable(new Date(time.now()).toISOString().slice(0, 10)));
}

function restOf({ continuous, rest }: ComputeInput, inTask: boolean): Pick<AgentSpec, 'restSeconds'> {
  if (continuous && inTask) return { restSeconds: rest ?? REST_SECONDS };
  if (continuous) throw new NovaError('bad_input', '--continuous needs tasks: add --compute fargate');
  if (rest !== undefined) throw new NovaError('bad_input', '--rest is about --continuous');
  return {};
}
