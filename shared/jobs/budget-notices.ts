/** Once a minute: who is near a limit or at it is told to the owner, once per limit, period and step. */
import {
  agentScope,
  BUDGET_KIND,
  type Budget,
  budgetStatus,
  defaultLimitMicros,
  isBasic,
  type Kind,
  type Line,
  lineName,
  usdDay,
} from '../domain/budget.ts';
import { periodOf } from '../domain/calendar.ts';
import { todayOf } from '../domain/facts.ts';
import { formatUsd } from '../domain/money.ts';
import type { World } from '../ports/world.ts';
import { budgetKeyFor, getBudget } from '../store/budget-store.ts';
import { type CalendarPorts, momentNow } from '../store/calendar-store.ts';
import { listFleet } from '../store/instance-store.ts';
import { allLimits } from '../store/scope-store.ts';

type Ports = CalendarPorts & Pick<World, 'work'>;

const STEPS = { critical: 90, exceeded: 100 } as const;

/** Answers how many notices were sent. The message goes first: a crash in between repeats it under the same key. */
export async function noticeBudgets(ports: Ports): Promise<number> {
  const moment = await momentNow(ports);
  let sent = 0;
  for (const line of await watchedLines(ports, moment.date)) {
    const period = periodOf(line.per, moment);
    const budget = await getBudget(ports.table, line, period);
    const step = budget ? stepOf(budget) : 0;
    if (!budget || step <= budget.told) continue;
    await ports.work.send({ v: 1, kind: 'notify', ...noticeOf(budget, step) });
    await ports.table.write({
      op: 'update',
      key: budgetKeyFor(line, period),
      if: [{ attr: 'limit', op: '=', value: budget.limitMicros }],
      set: { told: step },
    });
    sent++;
  }
  return sent;
}

/** Limits that are worth a look at their budget: the fleet's, the special ones, and of agents those that come near. */
async function watchedLines({ table }: Ports, date: string): Promise<Line[]> {
  const [fleet, limits] = await Promise.all([listFleet(table), allLimits(table)]);
  const today = fleet.filter(({ slice }) => slice.period === date);
  const limitOf = new Map(limits.map(({ line, limitMicros }) => [`${line.scope}#${lineName(line)}`, limitMicros]));
  const near = [...new Set(today.map(({ agentId }) => agentId))].filter((agentId) => {
    const { costMicros, refused } = todayOf(
      today.filter((one) => one.agentId === agentId),
      date,
    );
    const scope = agentScope(agentId);
    return refused > 0 || costMicros * 2 >= (limitOf.get(`${scope}#${BUDGET_KIND}`) ?? defaultLimitMicros(scope));
  });
  const special = limits.map(({ line }) => line).filter((line) => !isBasic(line));
  return [...['fleet', ...near.map(agentScope)].map(usdDay), ...special];
}

/**
 * 90 or 100, or 0 for nothing to tell. Before a budget is exact, money lies about in slices and says nothing; 100 is told
 * as soon as somebody was refused as well.
 */
function stepOf({ exact, full, counting, limitMicros, availableMicros }: Budget): number {
  if (counting || !exact) return 0;
  const status = budgetStatus(limitMicros - availableMicros, limitMicros);
  if (full || status === 'exceeded') return STEPS.exceeded;
  return status === 'critical' ? STEPS.critical : 0;
}

type Notice = { readonly subject: string; readonly text: string; readonly dedupKey: string };

function noticeOf({ line, period, limitMicros, availableMicros }: Budget, step: number): Notice {
  const name = isBasic(line) ? `the budget of ${line.scope}` : `the ${lineName(line)} budget of ${line.scope}`;
  const used = `${amountOf(line.kind, limitMicros - availableMicros)} of ${amountOf(line.kind, limitMicros)}`;
  const next =
    step === STEPS.exceeded
      ? 'Runs that need more are refused until the next period or a raise; their state is kept, nothing else is to be done.'
      : 'Of its ticks every second one is left out now, from 95 % two of three.';
  const raise = `nova budget set ${line.scope} <amount> --period ${line.per} --kind ${line.kind}`;
  return {
    subject: step === STEPS.exceeded ? `${name} is used up` : `${name} is at ${step} %`,
    text: `${used} are used or held in ${period}. ${next} To raise it: ${raise}`,
    dedupKey: `budget:${line.scope}:${lineName(line)}:${period}:${limitMicros}:${step}`.slice(0, 200),
  };
}

const amountOf = (kind: Kind, amount: number): string => (kind === 'usd' ? formatUsd(amount) : `${amount} ${kind}`);
