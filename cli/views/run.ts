import type { ListedRun } from '../../shared/store/run-store.ts';
import type { TaskUse } from '../../shared/store/use-store.ts';
import { details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { durationOf, longTime, shortTime, usdOf } from '../render/words.ts';

export type RunView = {
  readonly id: string;
  readonly agentId: string;
  readonly instance: number;
  readonly trigger: string;
  readonly status: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly costMicros: number;
  /** What the run itself declared; the ledger is the truth. */
  readonly earnedMicros: number;
  /** A refusal's reason, an error's message or the run's own summary. */
  readonly note: string;
};

/** Of a run in a task: what it used of what it was given. */
export type UseView = {
  /** Of its processors, in percent of its time. */
  readonly cpuPercent: number;
  readonly cpuUnits: number;
  readonly peakMemoryMb: number;
  readonly memoryMb: number;
};

export const useView = ({ cpuMs, wallMs, cpuUnits, peakMemoryMb, memoryMb }: TaskUse): UseView => ({
  cpuPercent: Math.round((cpuMs * 100 * 1024) / (Math.max(1, wallMs) * Math.max(1, cpuUnits))),
  ...{ cpuUnits, peakMemoryMb, memoryMb },
});

export function runView(run: ListedRun): RunView {
  const { id, agentId, instance, trigger, status, attempt, durationMs, costMicros, earnedMicros, note } = run;
  const startedAt = new Date(run.startedAt).toISOString();
  return { id, agentId, instance, trigger, status, attempt, startedAt, durationMs, costMicros, earnedMicros, note };
}

export function renderRuns(runs: readonly RunView[], style: Style): string {
  return table(
    runs,
    [
      { title: 'RUN', value: ({ id }) => id },
      { title: 'STATUS', value: ({ status }) => status, state: true },
      { title: 'STARTED (UTC)', value: ({ startedAt }) => shortTime(startedAt) },
      { title: 'TOOK', value: ({ durationMs }) => durationOf(durationMs), align: 'right', dropOrder: 2 },
      { title: 'COST', value: ({ costMicros }) => usdOf(costMicros), align: 'money' },
      { title: 'EARNED', value: ({ earnedMicros }) => usdOf(earnedMicros), align: 'money', dropOrder: 1 },
      { title: 'NOTE', value: ({ note }) => note, min: 6, dropOrder: 3 },
    ],
    style,
    'no runs yet; nova run now <agent> starts one',
  );
}

function useText({ cpuPercent, cpuUnits, peakMemoryMb, memoryMb }: UseView): string {
  return `${peakMemoryMb} of ${memoryMb} MB, ${cpuPercent} % of ${cpuUnits / 1024} processors`;
}

export function renderRun(run: RunView & { readonly use: UseView | null }, style: Style): string {
  return details(
    run.id,
    [
      ['status', run.status],
      ['note', run.note],
      ['agent', `${run.agentId}, instance ${run.instance}`],
      ['trigger', run.trigger],
      ['attempt', String(run.attempt)],
      ['started', longTime(run.startedAt)],
      ['took', durationOf(run.durationMs)],
      ['cost', usdOf(run.costMicros)],
      ['earned', usdOf(run.earnedMicros)],
      ['used', run.use && useText(run.use)],
    ],
    style,
  );
}
