/** Who plays: agents of every compute, one that always crashes, one that is kept alive, and the limits of them all. */
import type { JsonObject } from '../../../shared/domain/agent.ts';
import type { Amounts } from '../../../shared/domain/budget.ts';
import { holdsOf } from '../../../shared/domain/protocol/slice.ts';
import type { TaskShape } from '../../../shared/domain/task.ts';
import type { NewAgent } from '../../../shared/store/deploy-store.ts';
import { CALL_MICROS, type Part } from './script.ts';

const FARGATE: TaskShape = {
  ...{ kind: 'fargate', cpuUnits: 256, memoryMb: 512, gpus: 0, spot: true, nanosPerSecond: 2_000 },
};
const GPU: TaskShape = {
  ...{ kind: 'gpu', cpuUnits: 2048, memoryMb: 7_168, gpus: 1, spot: false, nanosPerSecond: 150_000 },
};
/** A little more than the compute of the longest run costs at most. */
const COMPUTE_MICROS = 60_000;
const GPU_COMPUTE_MICROS = 700_000;

type Row = Partial<NewAgent> & { readonly name: string; readonly department: string; readonly part: Part };

const rate = (minutes: number) => ({ expression: `rate(${minutes} minutes)`, timezone: 'UTC' });

const ROWS: readonly Row[] = [
  {
    ...{ name: 'ada', department: 'shop', instances: 2, schedule: rate(10) },
    part: { calls: 2, callMs: 4_000, earnsMicros: 500_000 },
  },
  { name: 'bob', department: 'shop', schedule: rate(5), part: { calls: 0, callMs: 0, crashes: true } },
  {
    ...{ name: 'eve', department: 'shop', overlap: 'wait', schedule: rate(15) },
    part: { calls: 1, callMs: 30_000 },
  },
  {
    ...{ name: 'cyd', department: 'lab', schedule: rate(10), task: FARGATE, timeoutSeconds: 7_800 },
    part: { calls: 3, callMs: 60_000, checkpoints: true },
  },
  {
    ...{ name: 'dot', department: 'lab', task: FARGATE, restSeconds: 60, timeoutSeconds: 600 },
    part: { calls: 1, callMs: 2_000 },
  },
  { name: 'zed', department: 'shop', part: { calls: 1, callMs: 1_000 } },
  { name: 'gil', department: 'lab', task: GPU, timeoutSeconds: 3_600, part: { calls: 1, callMs: 5_000 } },
];

export const DEPARTMENTS: ReadonlyMap<string, string> = new Map(ROWS.map(({ name, department }) => [name, department]));
export const NAMES: readonly string[] = ROWS.map(({ name }) => name);

export const CAST: readonly NewAgent[] = ROWS.map(({ part, ...row }) => ({
  ...{ blueprint: 'lab.scripted', schedule: null, timeoutSeconds: 60, repeats: ['input', 'outcome'] as const },
  holdMicros:
    part.calls * CALL_MICROS + (row.task?.kind === 'gpu' ? GPU_COMPUTE_MICROS : row.task ? COMPUTE_MICROS : 400),
  config: part as unknown as JsonObject,
  ...row,
}));

const HOLDS: ReadonlyMap<string, Amounts> = new Map(
  CAST.map((agent) => [
    agent.name,
    holdsOf({ ...agent, agentId: agent.name } as unknown as Parameters<typeof holdsOf>[0]),
  ]),
);

export function HOLDS_OF(agentId: string): Amounts {
  const holds = HOLDS.get(agentId);
  if (!holds) throw new RangeError(`nobody is called ${agentId}`);
  return holds;
}
