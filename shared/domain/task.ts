/** Runs that need hours or a GPU go on in tasks of ECS. What a task may be, and what its times are made of. */
import { NovaError } from './error.ts';
import type { PriceTable } from './price-table.ts';
import type { Usage } from './receipt.ts';

export const COMPUTES = ['lambda', 'fargate', 'gpu'] as const;
export type Compute = (typeof COMPUTES)[number];

export type TaskShape = {
  readonly kind: Exclude<Compute, 'lambda'>;
  /** 1,024 are one processor. */
  readonly cpuUnits: number;
  readonly memoryMb: number;
  readonly gpus: number;
  /** May be interrupted with two minutes of warning, and costs less: Fargate alone. */
  readonly spot: boolean;
  /** Nano-USD a second, as it was deployed: a later price changes no hold. */
  readonly nanosPerSecond: number;
};

/** The families of task definitions, one per image. */
export const FAMILIES = { fargate: 'agent-runner', gpu: 'agent-runner-gpu' } as const;
export const FAMILY_NAMES: readonly string[] = Object.values(FAMILIES);

/** The longest run of a task; one that needs longer is continuous. */
export const MAX_TASK_SECONDS = 86_400;
/** The longest run of a function: what is left of its 300 s after claiming and closing. */
export const MAX_FUNCTION_SECONDS = 280;
/** Between SIGTERM and SIGKILL: the most that Fargate grants. */
export const STOP_SECONDS = 120;
/** What a task costs beyond its run: pulling its image before it, stopping after it, until the watchdog has seen it. */
export const TAIL_SECONDS = 300;
/** Whatever runs less is billed as this. */
export const MINIMUM_BILLED_MS = 60_000;
/** Tasks of the whole fleet at the same time. */
export const MAX_FLEET_TASKS = 100;

const HOLDER = 'task:';
/** A task holds a run under this name; one that is kept running each of its cycles under a name of its own. */
export const taskHolder = (taskId: string): string => `${HOLDER}${taskId}`;
export const cycleHolder = (taskId: string, cycle: number): string => `${taskHolder(taskId)}.${cycle}`;
/** A task has taken the run over: no other one will. */
export const isTaskHolder = (holder: string): boolean => holder.startsWith(HOLDER);
/** The task that holds it; null for any other holder. */
export const taskOf = (holder: string): string | null =>
  isTaskHolder(holder) ? (holder.slice(HOLDER.length).split('.')[0] ?? null) : null;
/** The same of one that is kept running alone. */
export const keptTaskOf = (holder: string): string | null => (holder.includes('.') ? taskOf(holder) : null);

/** By vCPU units: least and most memory in MB, and the steps between. Fargate, Linux on ARM. */
const SIZES: ReadonlyMap<number, readonly [least: number, most: number, step: number]> = new Map([
  [256, [512, 2048, 512]],
  [512, [1024, 4096, 1024]],
  [1024, [2048, 8192, 1024]],
  [2048, [4096, 16_384, 1024]],
  [4096, [8192, 30_720, 1024]],
  [8192, [16_384, 61_440, 4096]],
  [16_384, [32_768, 122_880, 8192]],
]);

/** The instance that a number of GPUs comes with; a task gets at most what is left of it beside the agent of ECS. */
export const GPU_INSTANCES: ReadonlyMap<
  number,
  { readonly type: string; readonly cpuUnits: number; readonly memoryMb: number }
> = new Map([
  [1, { type: 'g4dn.xlarge', cpuUnits: 4096, memoryMb: 14_336 }],
  [4, { type: 'g4dn.12xlarge', cpuUnits: 49_152, memoryMb: 184_320 }],
]);

export type TaskWish = {
  readonly compute: Compute;
  readonly cpuUnits: number | undefined;
  readonly memoryMb: number | undefined;
  readonly gpus: number | undefined;
  readonly spot: boolean;
};

/**
 * The shape that was asked for; null for a function.
 * @throws NovaError bad_input for a size that AWS does not offer, or options that belong to another compute.
 */
export function taskShape(wish: TaskWish): Omit<TaskShape, 'nanosPerSecond'> | null {
  if (wish.compute === 'lambda') {
    const asked = wish.cpuUnits ?? wish.memoryMb ?? wish.gpus ?? (wish.spot || undefined);
    if (asked === undefined) return null;
    throw new NovaError(
      'bad_input',
      '--cpu, --memory, --gpus and --spot belong to tasks: add --compute fargate or gpu',
    );
  }
  return wish.compute === 'gpu' ? gpuShape(wish) : fargateShape(wish);
}

function fargateShape({ cpuUnits = 256, memoryMb, gpus, spot }: TaskWish): Omit<TaskShape, 'nanosPerSecond'> {
  if (gpus !== undefined) throw new NovaError('bad_input', 'Fargate has no GPUs: use --compute gpu');
  const size = SIZES.get(cpuUnits);
  if (!size) throw new NovaError('bad_input', `--cpu is one of 0.25, 0.5, 1, 2, 4, 8, 16; got ${cpuUnits / 1024}`);
  const [least, most, step] = size;
  const memory = memoryMb ?? Math.max(least, 1024);
  const fits = memory >= least && memory <= most && (memory % step === 0 || memory === least);
  if (fits) return { kind: 'fargate', cpuUnits, memoryMb: memory, gpus: 0, spot };
  const cpu = cpuUnits / 1024;
  throw new NovaError(
    'bad_input',
    `with --cpu ${cpu}, --memory is ${least} to ${most} MB in steps of ${step}; got ${memory}`,
  );
}

function gpuShape({ cpuUnits, memoryMb, gpus = 1, spot }: TaskWish): Omit<TaskShape, 'nanosPerSecond'> {
  if (spot) {
    const why = 'their price of Spot moves, and what a run may cost is held at a price that does not';
    throw new NovaError('bad_input', `--spot is for --compute fargate; machines with GPUs run on demand: ${why}`);
  }
  const host = GPU_INSTANCES.get(gpus);
  if (!host) throw new NovaError('bad_input', `--gpus is one of ${[...GPU_INSTANCES.keys()].join(', ')}; got ${gpus}`);
  const cpu = cpuUnits ?? host.cpuUnits / 2;
  const memory = memoryMb ?? host.memoryMb / 2;
  if (cpu <= host.cpuUnits && memory <= host.memoryMb)
    return { kind: 'gpu', cpuUnits: cpu, memoryMb: memory, gpus, spot: false };
  const most = `${host.cpuUnits / 1024} processors and ${host.memoryMb} MB`;
  throw new NovaError('bad_input', `a task with ${gpus} GPU has at most ${most}; got ${cpu / 1024} and ${memory}`);
}

type Sized = Omit<TaskShape, 'nanosPerSecond'>;

/**
 * What so many billed milliseconds of it use, its public address included. A GPU is counted as its whole instance on
 * demand.
 */
export function taskUsage({ kind, cpuUnits, memoryMb, gpus, spot }: Sized, billedMs: number): Usage[] {
  const address = { item: 'ipv4.address', quantity: billedMs };
  if (kind === 'gpu')
    return [{ item: `gpu.${GPU_INSTANCES.get(gpus)?.type ?? 'unknown'}`, quantity: billedMs }, address];
  const fargate = spot ? 'fargate.spot' : 'fargate';
  return [
    { item: `${fargate}.vcpu.arm64`, quantity: Math.ceil((cpuUnits * billedMs) / 1024) },
    { item: `${fargate}.memory.arm64`, quantity: memoryMb * billedMs },
    address,
  ];
}

/** Nano-USD for a second of it, rounded up: for bills ahead. @throws NovaError unpriced. */
export function taskNanosPerSecond(shape: Sized, table: PriceTable): number {
  return taskUsage(shape, 1000).reduce((sum, { item, quantity }) => {
    const { nanos, per } = table.priceOf(item);
    return sum + Number((BigInt(quantity) * BigInt(nanos) + BigInt(per) - 1n) / BigInt(per));
  }, 0);
}
