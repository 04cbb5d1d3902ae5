/** What came back for what was spent: by agent, by department, the best of them. */
import { UNATTRIBUTED_ID } from '../ledger.ts';
import { roiBps } from '../money.ts';
import { type Books, departmentsOf } from './books.ts';
import { type CostOf, costReport } from './cost.ts';
import { type Income, type IncomeOf, revenueReport } from './income.ts';
import { byMost, ratioBps, shareBps, sumOf } from './share.ts';

export type Rating = 'excellent' | 'good' | 'fair' | 'poor' | 'negative' | 'unknown';

const RATINGS: readonly (readonly [number, Rating])[] = [
  [50_000, 'excellent'],
  [30_000, 'good'],
  [10_000, 'fair'],
  [0, 'poor'],
];

/** ≥ 500 % excellent, ≥ 300 good, ≥ 100 fair, ≥ 0 poor, else negative; unknown when nothing was spent. */
export function ratingOf(bps: number | null): Rating {
  if (bps === null) return 'unknown';
  return RATINGS.find(([from]) => bps >= from)?.[1] ?? 'negative';
}

export type RoiRow = Omit<CostOf, 'shareBps'> &
  Omit<Income, 'entries'> & {
    readonly profitMicros: number;
    readonly roiBps: number | null;
    readonly rating: Rating;
    /** Profit of each dollar of net revenue; null when nothing came in. */
    readonly marginBps: number | null;
    /** Of the runs; null when there were none. */
    readonly successBps: number | null;
  };

export const NO_INCOME: Income = {
  ...{ revenueMicros: 0, refundMicros: 0, feeMicros: 0, netMicros: 0, entries: 0 },
  unconverted: {},
};
const NO_COST: CostOf = { id: '', runs: 0, succeeded: 0, costMicros: 0, shareBps: null };

export function roiRow(id: string, income: Income, cost: Omit<CostOf, 'id' | 'shareBps'>): RoiRow {
  const { runs, succeeded, costMicros } = cost;
  const { revenueMicros, refundMicros, feeMicros, netMicros, unconverted } = income;
  const profitMicros = netMicros - costMicros;
  const roi = roiBps(netMicros, costMicros);
  return {
    ...{ id, runs, succeeded, costMicros, revenueMicros, refundMicros, feeMicros, netMicros, unconverted },
    ...{ profitMicros, roiBps: roi, rating: ratingOf(roi) },
    marginBps: ratioBps(profitMicros, netMicros),
    successBps: shareBps(succeeded, runs),
  };
}

/** Whoever earned or cost anything, the most profitable first; ROI is null where nothing was spent. */
export function roiTable(income: readonly IncomeOf[], costs: readonly CostOf[]): RoiRow[] {
  const earned = new Map(income.map((row) => [row.id, row]));
  const spent = new Map(costs.map((row) => [row.id, row]));
  const ids = [...new Set([...earned.keys(), ...spent.keys()])];
  const rows = ids.map((id) => roiRow(id, earned.get(id) ?? NO_INCOME, spent.get(id) ?? NO_COST));
  return rows.sort(byMost((row) => row.profitMicros));
}

export type RoiReport = {
  readonly total: RoiRow;
  readonly byAgent: readonly RoiRow[];
  readonly byDepartment: readonly RoiRow[];
};

/** Agents that neither earned nor spent stand at the end, so that nobody is missing. */
export function roiReport(books: Books): RoiReport {
  const income = revenueReport(books.entries, departmentsOf(books));
  const costs = costReport(books.costs);
  const busy = roiTable(income.byAgent, costs.byAgent);
  const seen = new Set(busy.map(({ id }) => id));
  const idle = books.agents.filter(({ id }) => !seen.has(id)).map(({ id }) => roiRow(id, NO_INCOME, NO_COST));
  return {
    total: roiRow('all', income.total, costs),
    byAgent: [...busy, ...idle].sort(byMost((row) => row.profitMicros)),
    byDepartment: roiTable(income.byDepartment, costs.byDepartment),
  };
}

export type Performer = RoiRow & { readonly shareBps: number | null };

/** The best by profit, losers left out, with their share of the profit of all who made any. */
export function topPerformers(rows: readonly RoiRow[], limit = 5): Performer[] {
  const winners = rows.filter(({ id, profitMicros }) => profitMicros > 0 && id !== UNATTRIBUTED_ID);
  const whole = sumOf(winners, ({ profitMicros }) => profitMicros);
  const best = [...winners].sort(byMost((row) => row.profitMicros)).slice(0, limit);
  return best.map((row) => ({ ...row, shareBps: shareBps(row.profitMicros, whole) }));
}

/** Those who lose the most, the worst first. */
export function worstPerformers(rows: readonly RoiRow[], limit = 5): RoiRow[] {
  const losers = rows.filter(({ id, profitMicros }) => profitMicros < 0 && id !== UNATTRIBUTED_ID);
  return losers.sort(byMost((row) => -row.profitMicros)).slice(0, limit);
}
