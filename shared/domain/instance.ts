/**
 * An agent instance: one item with one writer at a time. It holds all that a run needs to start and to end, so that
 * inside its slice of the budgets a run costs two writes.
 */
import type { Amounts, Line } from './budget.ts';
import { endOf, type RunRecord, type Slot } from './run.ts';

/** `halted`: the kill switch is on over it; it is active again when that is off. */
export type InstanceStatus = 'active' | 'paused' | 'halted' | 'retired';

/** Closed runs by outcome; `runs` counts those that ran (refused ones did not). */
export type Tally = {
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly crashed: number;
  readonly timedOut: number;
  readonly refused: number;
  readonly costMicros: number;
  readonly earnedMicros: number;
  /** Σ (declared earning − cost)² in square cents, each run bounded to ±$1,000: what a bound on the mean profit needs. */
  readonly profitSquares: number;
};

export const NO_TALLY: Tally = {
  runs: 0,
  succeeded: 0,
  failed: 0,
  crashed: 0,
  timedOut: 0,
  refused: 0,
  costMicros: 0,
  earnedMicros: 0,
  profitSquares: 0,
};

/** The run in progress. Only the holder of the fence writes these. */
export type ActiveRun = {
  readonly slot: Slot;
  /** New for every invocation: an image that shows mine means that my write was done. */
  readonly holder: string;
  readonly startedAt: number;
  readonly leaseUntil: number;
  /** Paid calls marked so far. */
  readonly callSeq: number;
  /** `callSeq` at the last checkpoint: the calls before it are never made again. Absent without one. */
  readonly checkedSeq?: number;
  readonly holdMicros: number;
  readonly holdLeftMicros: number;
  /** What marked calls may have cost: never released by time. */
  readonly sentMicros: number;
  /** The same in tokens. */
  readonly sentTokens: number;
  /** What it holds of tokens, runs and seconds where they are limited; the dollars are in `holdMicros`. */
  readonly others: Amounts;
};

/** Its share of the budgets: cut in one period of each of its limits, charged to that period alone. */
export type Slice = {
  /** The date in the owner's zone. */
  readonly period: string;
  /** The hour as well, when a limit is per hour: 'YYYY-MM-DDTHH'. */
  readonly hour: string | null;
  /** The limits it was cut from, all of them. */
  readonly lines: readonly Line[];
  readonly availableMicros: number;
  /** The same of tokens, runs and seconds where they are limited. */
  readonly others: Amounts;
  readonly exact: boolean;
};

/** Ways in which an agent can run away although all its runs succeed. */
export const RUNAWAY_KINDS = ['input', 'outcome', 'spend', 'pace'] as const;
export type RunawayKind = (typeof RUNAWAY_KINDS)[number];

/** It seems to run away: every second of its ticks is left out until it is judged again. */
export type Slowed = {
  readonly kind: RunawayKind;
  readonly since: number;
  /** The runs it was judged by, and what they cost. */
  readonly runs: number;
  readonly costMicros: number;
};

/** Why a run that was claimed had no task: as many as the fleet may have, no room at AWS, or an order AWS refuses. */
export type WaitsFor = 'fleet' | 'capacity' | 'refused';
export type Waiting = { readonly at: number; readonly for: WaitsFor };

export type Instance = {
  readonly agentId: string;
  readonly number: number;
  readonly status: InstanceStatus;
  readonly killEpoch: number;
  readonly specVersion: number;
  /** Grows with every claim. */
  readonly fence: number;
  /** Grows whenever somebody touches a leased instance without holding it. */
  readonly rev: number;
  readonly run: ActiveRun | null;
  /** Slots opened again by recovery: how often tried, and what compute those tries used up. */
  readonly tries: {
    readonly [slot: Slot]: {
      readonly attempts: number;
      readonly lostMicros: number;
      /** Of calls that were made after the last checkpoint of each: part of `lostMicros`, and tokens. */
      readonly lostCallsMicros?: number;
      readonly lostTokens?: number;
    };
  };
  readonly slice: Slice;
  /** The last slots closed (ticks only), newest last; every tick at or below `floor` is closed. */
  readonly recent: readonly Slot[];
  readonly floor: number;
  readonly journal: readonly RunRecord[];
  readonly day: Tally;
  readonly total: Tally;
  /** What was asked for today and refused for its money: attempted spending, for the emergency limit. */
  readonly refusedMicros: number;
  readonly crashStreak: number;
  /** Epoch milliseconds until which no run starts; 0 when not cooling. */
  readonly coolingUntil: number;
  /** Failed probes since the crash limit was reached. */
  readonly probes: number;
  readonly slowed: Slowed | null;
  /** The last time that there was no task for it; whatever it did since says that there was one. */
  readonly waiting?: Waiting;
  /** The last kept task that ended without having run anything, or whose heart stopped: counted once, and not waited for. */
  readonly lastLostTask?: string;
  /** A run has set ctx.state: there is something to read before the next one. */
  readonly hasState: boolean;
};

export const RECENT_SLOTS = 8;
export const JOURNAL_RECORDS = 4;

/** Since when nothing has kept it from its next run: its last one has ended, and it no longer cools down. */
export function freeSince({ coolingUntil, journal }: Pick<Instance, 'coolingUntil' | 'journal'>): number {
  const last = journal.at(-1);
  return Math.max(coolingUntil, last ? endOf(last) : 0);
}

/** Something may lie under the slot of its run: kept by this attempt, or by one that was lost. */
export const mayHaveCheckpoint = ({ run, tries }: Pick<Instance, 'run' | 'tries'>): boolean =>
  run !== null && (run.checkedSeq !== undefined || tries[run.slot] !== undefined);
