/** Closing a slot: what the instance is afterwards. Pure; the same for a run that ended, crashed or never began. */
import { AGENT_DEFAULTS, type AgentSpec } from '../agent.ts';
import { type Instance, RECENT_SLOTS, type Tally } from '../instance.ts';
import { type Outcome, type RunRecord, type Slot, tickMs, triggerOf } from '../run.ts';

export type CrashState = Pick<Instance, 'crashStreak' | 'coolingUntil' | 'probes'>;

export type Closed = CrashState &
  Pick<Instance, 'recent' | 'floor' | 'day' | 'total' | 'tries'> & {
    /** The crash limit was reached by this very run: the owner is told once. */
    readonly tripped: boolean;
    /** The last allowed probe failed: the agent is to be paused. */
    readonly exhausted: boolean;
  };

/** The instance after `record` closed its slot. Costs are charged to the period of its slice. */
export function closeSlot(instance: Instance, record: RunRecord, spec: AgentSpec): Closed {
  const { [record.slot]: tried, ...tries } = instance.tries;
  const crash = afterOutcome(instance, record.outcome, { now: record.startedAt + record.durationMs, spec });
  return {
    ...pushRecent(instance, record.slot),
    ...crash,
    tries,
    day: tally(instance.day, record, tried?.lostMicros ?? 0),
    total: tally(instance.total, record, tried?.lostMicros ?? 0),
  };
}

const COUNTED: Record<Outcome, keyof Tally> = {
  succeeded: 'succeeded',
  failed: 'failed',
  crashed: 'crashed',
  timed_out: 'timedOut',
  cancelled: 'refused',
  refused: 'refused',
};

/** Lost tries were charged when they were lost, to the period they were claimed in. */
function tally(before: Tally, { outcome, costMicros, earnedMicros }: RunRecord, chargedMicros: number): Tally {
  const ran = outcome !== 'refused' && outcome !== 'cancelled';
  const counted = COUNTED[outcome];
  return {
    ...before,
    runs: before.runs + (ran ? 1 : 0),
    [counted]: before[counted] + 1,
    costMicros: before.costMicros + costMicros - chargedMicros,
    earnedMicros: before.earnedMicros + earnedMicros,
    profitSquares: Math.min(
      Number.MAX_SAFE_INTEGER,
      before.profitSquares + (ran ? squareCents(earnedMicros - costMicros) : 0),
    ),
  };
}

const MICROS_PER_CENT = 10_000;
const MAX_PROFIT_CENTS = 100_000;

function squareCents(profitMicros: number): number {
  const cents = Math.round(profitMicros / MICROS_PER_CENT);
  return Math.min(MAX_PROFIT_CENTS, Math.abs(cents)) ** 2;
}

/** Ticks only: the smallest slot leaves when there are too many, and becomes the floor. */
function pushRecent({ recent, floor }: Instance, slot: Slot): Pick<Instance, 'recent' | 'floor'> {
  if (triggerOf(slot) === 'manual') return { recent, floor };
  const slots = [...recent, slot].sort((a, b) => tickMs(a) - tickMs(b));
  if (slots.length <= RECENT_SLOTS) return { recent: slots, floor };
  const [oldest = slot, ...rest] = slots;
  return { recent: rest, floor: Math.max(floor, tickMs(oldest)) };
}

type Moment = { readonly now: number; readonly spec: AgentSpec };

/**
 * Crash and time-out count, failed and refused do not, success forgives. At the limit the instance cools, then one
 * probe runs; each failed probe doubles the cooldown, up to six hours; after the last one the agent is paused.
 */
export function afterOutcome(
  before: CrashState,
  outcome: Outcome,
  { now, spec }: Moment,
): CrashState & { tripped: boolean; exhausted: boolean } {
  const same = { crashStreak: before.crashStreak, coolingUntil: before.coolingUntil, probes: before.probes };
  if (outcome === 'refused' || outcome === 'cancelled') return { ...same, tripped: false, exhausted: false };
  if (outcome === 'succeeded') return { crashStreak: 0, coolingUntil: 0, probes: 0, tripped: false, exhausted: false };
  if (outcome === 'failed') return { ...same, tripped: false, exhausted: false };
  const crashStreak = before.crashStreak + 1;
  // Not to be started again by itself: it cools until it is paused.
  if (spec.autoRestart === false) {
    const coolingUntil = now + spec.cooldownSeconds * 1000;
    return { crashStreak, coolingUntil, probes: AGENT_DEFAULTS.maxProbes, tripped: false, exhausted: true };
  }
  if (crashStreak < spec.crashLimit) return { ...same, crashStreak, tripped: false, exhausted: false };
  const probes = crashStreak - spec.crashLimit;
  const cooldown = Math.min(spec.cooldownSeconds * 2 ** probes, AGENT_DEFAULTS.maxCooldownSeconds);
  return {
    crashStreak,
    probes,
    coolingUntil: now + cooldown * 1000,
    tripped: probes === 0,
    exhausted: probes >= AGENT_DEFAULTS.maxProbes,
  };
}
