/** Revenue, what was taken off it, what it cost, what is left: for some days, beside the days before them. */
import { type Books, departmentsOf } from './books.ts';
import { type CostOf, costReport } from './cost.ts';
import { type Income, incomeOf, revenueReport } from './income.ts';
import { ratioBps } from './share.ts';

export type ProfitAndLoss = Income & {
  readonly costMicros: number;
  readonly costsByDepartment: readonly CostOf[];
  readonly incomeByDepartment: readonly (Income & { readonly id: string })[];
  readonly runs: number;
  readonly profitMicros: number;
  /** Profit of each dollar of net revenue; null when nothing came in. */
  readonly marginBps: number | null;
};

export function profitAndLoss(books: Books): ProfitAndLoss {
  const income = incomeOf(books.entries);
  const { costMicros, runs, byDepartment } = costReport(books.costs);
  const profitMicros = income.netMicros - costMicros;
  return {
    ...income,
    ...{ costMicros, runs, profitMicros },
    costsByDepartment: byDepartment,
    incomeByDepartment: revenueReport(books.entries, departmentsOf(books)).byDepartment,
    marginBps: ratioBps(profitMicros, income.netMicros),
  };
}
