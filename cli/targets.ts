/** How the running month of the workspace does against its target. */

import type { Books } from '../shared/domain/finance/books.ts';
import { incomeOf } from '../shared/domain/finance/income.ts';
import { sumOf } from '../shared/domain/finance/share.ts';
import {
  progressOf,
  type TargetMonth,
  type TargetPlan,
  type TargetProgress,
  targetMonth,
} from '../shared/domain/finance/targets.ts';
import { dayOf } from '../shared/domain/period.ts';
import type { World } from '../shared/ports/world.ts';
import { listAgents } from '../shared/store/agent-store.ts';
import { readBooks } from '../shared/store/books-store.ts';
import { currentTargets } from '../shared/store/targets-store.ts';
import type { Style } from './render/style.ts';
import { paintState } from './render/style.ts';
import { centsOf } from './render/words.ts';
import { shareOf, shout } from './views/finance.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** The date on which month 1 begins: as it was set, else when the first agent was made, else today. */
export async function startOf({ table, time, settings }: Ports, plan: TargetPlan): Promise<string> {
  if (plan.start !== null) return plan.start;
  const made = (await listAgents(table)).map(({ createdAt }) => createdAt);
  return dayOf(Math.min(time.now(), ...made), settings.timezone);
}

export type Target = {
  readonly progress: TargetProgress;
  readonly books: Books;
  readonly start: string;
  readonly plan: TargetPlan;
};

/** The running month of the target plan, with the books of its days so far. */
export async function targetOf(world: Ports): Promise<Target> {
  const { timezone } = world.settings;
  const plan = await currentTargets(world.table);
  const start = await startOf(world, plan);
  const today = dayOf(world.time.now(), timezone);
  const month = targetMonth(plan, start, today);
  const books = await readBooks(world, { period: 'custom', from: month.from, to: daysSoFar(month, today), timezone });
  return { plan, start, books, progress: progressOf(month, moneyIn(books)) };
}

/** Today, unless the plan begins later: then its first day, on which nothing has happened. */
const daysSoFar = ({ from }: TargetMonth, today: string): string => (today < from ? from : today);

const moneyIn = ({ entries, costs }: Books): { netMicros: number; costMicros: number } => ({
  netMicros: incomeOf(entries).netMicros,
  costMicros: sumOf(costs, ({ costMicros }) => costMicros),
});

export function targetText(progress: TargetProgress, style: Style): string {
  const { number, from, to, day, revenueMicros, targetMicros, expectedMicros, tracking, reachedBps } = progress;
  const { dailyMicros, costMicros, aiBudgetMicros } = progress;
  const state = paintState(style, tracking, shout(tracking));
  return [
    `${style.paint('bold', `Target of month ${number}`)} (day ${day}, ${from} to ${to}): ${state}`,
    `${centsOf(revenueMicros)} of ${centsOf(targetMicros)} (${shareOf(reachedBps)}); ${centsOf(expectedMicros)} expected by today`,
    style.paint(
      'dim',
      `${centsOf(dailyMicros)} a day; AI budget ${centsOf(aiBudgetMicros)}, ${centsOf(costMicros)} of it used`,
    ),
  ].join('\n');
}
