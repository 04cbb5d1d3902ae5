/** One attempt of an agent instance to do its work, recorded once however often it was delivered. */

export type Outcome = 'succeeded' | 'failed' | 'crashed' | 'timed_out' | 'cancelled' | 'refused';
export type RunStatus = 'queued' | 'claimed' | 'running' | Outcome;
export type Trigger = 'schedule' | 'manual';

/**
 * A slot is a thing to be done once: the milliseconds of a tick's scheduledFor in base 36 ("mhxk2q3c"),
 * or `m<requestId>-<k>` for the k-th run of a manual request.
 */
export type Slot = string;

export const REFUSALS = [
  'budget_reached',
  'throttled',
  'paused',
  'retired',
  'halted',
  'cooling',
  'overlap',
  'late',
  'cancelled',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * What a run with paid calls took in, and what came of it: fingerprints of four characters, "" for what need not change
 * from run to run (its blueprint says so) or cannot be seen.
 */
export type Prints = { readonly input: string; readonly outcome: string };

/** What is kept of a run, in the journal of its instance first and in a page later. */
export type RunRecord = {
  readonly slot: Slot;
  readonly outcome: Outcome;
  readonly attempt: number;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly costMicros: number;
  /** Declared by the run itself through ctx.earn; the ledger is the truth. */
  readonly earnedMicros: number;
  /** A refusal's reason, an error's message or the run's own summary; at most 80 characters. */
  readonly note: string;
  /** Only of runs that made paid calls. */
  readonly prints?: Prints;
  /** What it used, in the letters of receipt-code; absent when it used nothing that costs. */
  readonly receipt?: string;
};

export type Run = RunRecord & {
  readonly id: string;
  readonly agentId: string;
  readonly instance: number;
  readonly trigger: Trigger;
};

export const MAX_NOTE = 80;
export const MAX_ATTEMPTS = 3;

/** The slot of a tick. `scheduledForMs` are whole milliseconds of the schedule's time, not of the delivery. */
export function tickSlot(scheduledForMs: number): Slot {
  return Math.trunc(scheduledForMs).toString(36);
}

/** The scheduled time that a tick's slot spells, in epoch milliseconds. */
export function tickMs(slot: Slot): number {
  return Number.parseInt(slot, 36);
}

export function manualSlot(requestId: string, k: number): Slot {
  return `m${requestId}-${k}`;
}

export function triggerOf(slot: Slot): Trigger {
  return slot.startsWith('m') && slot.includes('-') ? 'manual' : 'schedule';
}

/** Epoch milliseconds. */
export const endOf = ({ startedAt, durationMs }: Pick<RunRecord, 'startedAt' | 'durationMs'>): number =>
  startedAt + durationMs;

/** Ticks that lost an attempt and are open again. Manual runs are asked for by their request. */
export const openTicks = ({ tries }: { readonly tries: { readonly [slot: Slot]: unknown } }): readonly Slot[] =>
  Object.keys(tries).filter((slot) => triggerOf(slot) !== 'manual');

/** `<agentId>.<n>.<slot>`: spelled from what it is, so that no look-up is needed in either direction. */
export function runId(agentId: string, instance: number, slot: Slot): string {
  return `${agentId}.${instance}.${slot}`;
}

export function parseRunId(id: string): { agentId: string; instance: number; slot: Slot } | null {
  const match = /^([a-z0-9-]+)\.(\d+)\.([a-zA-Z0-9-]+)$/.exec(id);
  if (!match) return null;
  const [, agentId = '', instance = '', slot = ''] = match;
  return { agentId, instance: Number(instance), slot };
}

/** One line, no control characters, cut to what a record may hold. */
export function noteOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g, ' ').trim();
  return clean.length <= MAX_NOTE ? clean : `${clean.slice(0, MAX_NOTE - 1)}…`;
}
