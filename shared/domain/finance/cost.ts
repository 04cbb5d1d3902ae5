/** What runs cost, by day, agent and department. */
import { byMost, shareBps, sumOf } from './share.ts';

/** What runs of one agent cost on one day of the owner's zone. */
export type CostDay = {
  readonly agentId: string;
  readonly department: string;
  readonly date: string;
  readonly runs: number;
  readonly succeeded: number;
  readonly costMicros: number;
};

export type CostOf = {
  readonly id: string;
  readonly runs: number;
  readonly succeeded: number;
  readonly costMicros: number;
  /** Of all that was spent; null when nothing was. */
  readonly shareBps: number | null;
};
export type CostReport = Omit<CostOf, 'id' | 'shareBps'> & {
  readonly byAgent: readonly CostOf[];
  readonly byDepartment: readonly CostOf[];
};

/** The dearest first. */
export function costReport(days: readonly CostDay[]): CostReport {
  const { runs, succeeded, costMicros } = costOf('', days, 0);
  const by = (nameOf: (day: CostDay) => string): CostOf[] =>
    [...Map.groupBy(days, nameOf)]
      .map(([id, some]) => costOf(id, some, costMicros))
      .filter((row) => row.runs > 0 || row.costMicros > 0)
      .sort(byMost((row) => row.costMicros));
  return {
    ...{ runs, succeeded, costMicros },
    byAgent: by(({ agentId }) => agentId),
    byDepartment: by(({ department }) => department),
  };
}

export function costOf(id: string, days: readonly CostDay[], whole: number): CostOf {
  const costMicros = sumOf(days, (day) => day.costMicros);
  return {
    id,
    runs: sumOf(days, ({ runs }) => runs),
    succeeded: sumOf(days, ({ succeeded }) => succeeded),
    costMicros,
    shareBps: shareBps(costMicros, whole),
  };
}
