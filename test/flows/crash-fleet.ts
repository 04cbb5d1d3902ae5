/** The fleet of a crash test, drawn from a seed: scripts whose every entry says what a run must have cost and earned. */
import { usdToMicros } from '../../shared/domain/money.ts';
import type { Dice } from '../../shared/memory/dice.ts';

export type Entry = {
  readonly ok?: boolean;
  readonly crash?: string;
  readonly costUsd?: string;
  readonly revenueUsd?: string;
  readonly sleepMs?: number;
};

export type Member = {
  readonly name: string;
  readonly instances: number;
  readonly outcomes: readonly Entry[];
  /** In micro-USD; the default of a new agent unless set. */
  readonly budgetDay?: number;
};

export type Wanted = { readonly agent: string; readonly instance: number; readonly times: number };

const AGENTS = 20;
const CENTS = ['0.01', '0.02', '0.05', '0.10', '0.003001'] as const;

export const costOf = ({ costUsd = '0' }: Entry): number => usdToMicros(costUsd);
export const earnedOf = ({ revenueUsd = '0' }: Entry): number => usdToMicros(revenueUsd);

const usdText = (micros: number): string => `0.${String(micros).padStart(6, '0')}`;

/** One that breaks each time, one whose own budget is too small, two that are scaled, and sixteen of all sorts. */
export function drawFleet(throws: Dice): readonly Member[] {
  return Array.from({ length: AGENTS }, (_, n): Member => {
    const name = `agent-${String(n).padStart(2, '0')}`;
    if (n === 0) return { name, instances: 1, outcomes: [{ crash: 'boom', costUsd: '0.01', sleepMs: 2 }] };
    const outcomes = Array.from({ length: 3 + throws.below(5) }, () => drawEntry(throws));
    if (n === 1) return { name, instances: 1, outcomes: [{ costUsd: '0.05' }], budgetDay: usdToMicros('1') };
    return { name, instances: n === 2 ? 3 : n === 3 ? 2 : 1, outcomes: [{ ok: true, sleepMs: 3 }, ...outcomes] };
  });
}

function drawEntry(throws: Dice): Entry {
  const roll = throws.fraction();
  const sleepMs = throws.chance(0.15) ? 10 + throws.below(40) : throws.below(6);
  const costUsd = throws.pick(CENTS);
  const revenueUsd = usdText(1 + throws.below(400_000));
  if (roll < 0.15) return { ok: true, revenueUsd, sleepMs };
  if (roll < 0.25) return { ok: false, costUsd, sleepMs };
  if (roll < 0.32) return { crash: 'broken on purpose', costUsd, revenueUsd, sleepMs };
  if (roll < 0.45) return { ok: true, sleepMs };
  return throws.chance(0.5) ? { ok: true, costUsd, revenueUsd, sleepMs } : { ok: true, costUsd, sleepMs };
}

/** Requests of 1 to 40 runs, over all instances, that make `runs` together. */
export function drawRequests(fleet: readonly Member[], runs: number, throws: Dice): Wanted[] {
  const places = fleet.flatMap(({ name, instances }) =>
    Array.from({ length: instances }, (_, instance) => ({ agent: name, instance })),
  );
  const wanted: Wanted[] = [];
  for (let left = runs, n = 0; left > 0; n++) {
    const place = places[n % places.length] ?? throws.pick(places);
    // The one that breaks and the one that is poor get enough to reach their limits.
    const times = Math.min(left, n === 0 ? 8 : n === 1 ? 25 : 1 + throws.below(40));
    wanted.push({ ...place, times });
    left -= times;
  }
  return wanted;
}

/** What the whole fleet would spend if nothing went wrong: most of it is what the fleet may spend. */
export function plannedMicros(fleet: readonly Member[], wanted: readonly Wanted[]): number {
  const perRun = new Map(
    fleet.map(({ name, outcomes }) => [name, outcomes.reduce((sum, one) => sum + costOf(one), 0) / outcomes.length]),
  );
  return Math.round(wanted.reduce((sum, { agent, times }) => sum + times * (perRun.get(agent) ?? 0), 0));
}
