import type { ListedRun } from '../../shared/store/run-store.ts';
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

export function renderRun(run: RunView, style: Style): string {
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
    ],
    style,
  );
}
