/** What a person should look at, by rule, from the money of a period and the agents' whole lives. */
import { RULES, type RuleId, todoFor } from '../alert/register.ts';
import type { BudgetStatus } from '../budget.ts';
import { formatBps, formatUsd } from '../money.ts';
import { COST_ALERT_BPS, COST_TARGET_BPS, type CostShare } from './cost-share.ts';
import { ROI_TARGET_BPS } from './targets.ts';

export type FinanceAlert = {
  readonly rule: string;
  /** An agent, a budget's scope, or `fleet`. */
  readonly subject: string;
  readonly severity: 'critical' | 'warning';
  readonly message: string;
  readonly recommendation: string;
};

export type AlertFacts = {
  readonly agents: readonly {
    readonly id: string;
    readonly runs: number;
    readonly crashed: number;
    readonly costMicros: number;
    readonly roiBps: number | null;
    /** As isObserved has it: something has come in, or has had time to. */
    readonly observed: boolean;
  }[];
  readonly budgets: readonly { readonly id: string; readonly status: BudgetStatus; readonly percent: number }[];
  /** Of the period that is looked at. */
  readonly money: CostShare & {
    readonly revenueMicros: number;
    readonly profitMicros: number;
    readonly costMicros: number;
    readonly roiBps: number | null;
  };
};

/** Fewer runs say nothing about an agent. */
const MIN_RUNS = 10;
const CRITICAL_COST_BPS = 2000;

/** The critical ones first, then in the order of the rules. */
export function financeAlerts(facts: AlertFacts): FinanceAlert[] {
  const found = [...facts.agents.flatMap(agentAlerts), ...facts.budgets.flatMap(budgetAlerts), ...moneyAlerts(facts)];
  return [
    ...found.filter(({ severity }) => severity === 'critical'),
    ...found.filter(({ severity }) => severity !== 'critical'),
  ];
}

/** What the register knows is said in its words. */
const inRegister = (rule: RuleId, subject: string, message: string): FinanceAlert => ({
  ...{ rule, subject, severity: RULES[rule].severity, message },
  recommendation: todoFor(rule, subject),
});

function agentAlerts({ id, runs, crashed, roiBps, observed }: AlertFacts['agents'][number]): FinanceAlert[] {
  if (runs <= MIN_RUNS) return [];
  const alerts: FinanceAlert[] = [];
  const said = `${id}: ROI ${formatBps(roiBps)} after ${runs} runs`;
  if (observed && roiBps !== null && roiBps < 10_000)
    alerts.push(inRegister(roiBps < 0 ? 'negative_roi' : 'low_roi', id, said));
  if (crashed * 5 > runs) alerts.push(inRegister('high_crash_rate', id, `${id}: ${crashed} of ${runs} runs crashed`));
  return alerts;
}

function budgetAlerts({ id, status, percent }: AlertFacts['budgets'][number]): FinanceAlert[] {
  if (status === 'healthy') return [];
  const rule = status === 'exceeded' ? 'budget_exceeded' : 'budget_warning';
  return [inRegister(rule, id, `${id}: ${percent} % of today's budget is used`)];
}

function moneyAlerts({ money, agents }: AlertFacts): FinanceAlert[] {
  const { costStatus, costShareBps, revenueMicros, profitMicros, costMicros, roiBps } = money;
  const alerts: FinanceAlert[] = [];
  const fleet = (rule: string, severity: FinanceAlert['severity'], message: string, recommendation: string): void =>
    void alerts.push({ rule, subject: 'fleet', severity, message, recommendation });
  const share = `costs are ${formatBps(costShareBps)} of the revenue`;
  if (costStatus === 'critical')
    fleet(
      'cost_percent_exceeded',
      'critical',
      `${share}, above ${formatBps(COST_ALERT_BPS)}`,
      'cut what does not earn',
    );
  if (costStatus === 'warning')
    fleet('cost_percent_high', 'warning', `${share}, above ${formatBps(COST_TARGET_BPS)}`, 'watch the dearest agents');
  // Below zero something came in, and more went back.
  if (costStatus === 'no_revenue' && revenueMicros === 0 && costMicros > 0)
    fleet(
      'no_revenue',
      'warning',
      `${formatUsd(costMicros)} spent and nothing came in`,
      'check that revenue reaches the ledger',
    );
  if (revenueMicros !== 0 && profitMicros < 0)
    fleet('negative_profit', 'critical', `a loss of ${formatUsd(-profitMicros)}`, 'pause the agents that lose');
  const losers = agents.filter(({ roiBps: roi, observed }) => observed && roi !== null && roi < -1000).length;
  if (losers > 0) fleet('negative_roi_agents', 'warning', `${losers} with an ROI below -10 %`, 'pause or retire them');
  if (roiBps !== null && roiBps < ROI_TARGET_BPS) {
    const bad = roiBps < 10_000 || (costShareBps ?? 0) > CRITICAL_COST_BPS;
    fleet(
      'month_roi',
      bad ? 'critical' : 'warning',
      `ROI ${formatBps(roiBps)}, the aim is ${formatBps(ROI_TARGET_BPS)}`,
      'scale the winners, stop the losers',
    );
  }
  return alerts;
}
