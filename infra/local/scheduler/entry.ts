/** One schedule as it is kept on this machine, and when it is due. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { firings } from '../../../shared/domain/schedule/next.ts';
import { parseSchedule, type ScheduleExpression } from '../../../shared/domain/schedule/parse.ts';
import { assertTimezone } from '../../../shared/domain/zone.ts';

/** What a firing is for. `aws`: the Target of a schedule made through the Scheduler's API, as it came. */
export type ScheduleTarget =
  | { readonly kind: 'agent'; readonly agentId: string; readonly instance: number }
  | { readonly kind: 'system'; readonly name: string; readonly target: string }
  | { readonly kind: 'aws'; readonly group: string; readonly name: string; readonly definition: JsonObject };

/** What somebody wants. `expression` may be `every(<n> seconds)` on this machine alone. */
export type ScheduleDraft = {
  readonly group: string;
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  readonly flexibleMinutes: number;
  /** A firing later than this is not worth its work any more. */
  readonly maxAgeSeconds: number;
  readonly enabled: boolean;
  readonly target: ScheduleTarget;
};

export type ScheduleEntry = ScheduleDraft & {
  /** When it got its present form; a rate counts from here. Whole seconds, as AWS tells scheduled times. */
  readonly anchorAt: number;
  readonly createdAt: number;
  /** The planned time of the next firing, before the flexible delay; null when there is none. */
  readonly nextAt: number | null;
  /** Grows with every change of form. */
  readonly rev: number;
};

const EVERY = /^every\((\d{1,5}) seconds\)$/;

/** @throws NovaError bad_input. */
export function parseLocal(expression: string): ScheduleExpression {
  const seconds = Number(EVERY.exec(expression)?.[1] ?? 0);
  return seconds > 0 ? { kind: 'rate', periodMs: seconds * 1000 } : parseSchedule(expression);
}

/** @throws NovaError bad_input for what EventBridge Scheduler would refuse as well. */
export function assertDraft(draft: ScheduleDraft): void {
  parseLocal(draft.expression);
  assertTimezone(draft.timezone);
  if (!/^[0-9a-zA-Z\-_.]{1,64}$/.test(draft.name))
    throw new NovaError('bad_input', `a schedule's name has 1 to 64 of 0-9 a-z A-Z - _ . ; got "${draft.name}"`);
  const { flexibleMinutes } = draft;
  if (!Number.isInteger(flexibleMinutes) || flexibleMinutes < 0 || flexibleMinutes > 1440)
    throw new NovaError('bad_input', `a flexible window has 0 to 1440 whole minutes; got ${flexibleMinutes}`);
}

/** The same for the same name and window, spread evenly over the names. AWS draws it anew for each firing. */
export function delayMs(draft: Pick<ScheduleDraft, 'name' | 'flexibleMinutes'>): number {
  if (draft.flexibleMinutes === 0) return 0;
  return createHash('sha256').update(draft.name).digest().readUInt32BE() % (draft.flexibleMinutes * 60_000);
}

/** A rate fires at once; anything else at its first time after `now`. */
export function firstFiring(draft: ScheduleDraft, anchorAt: number, now: number): number | null {
  const schedule = parseLocal(draft.expression);
  if (schedule.kind === 'rate') return anchorAt;
  const { value } = firings(schedule, draft.timezone, now).next();
  return value ?? null;
}

export type DuePlan = {
  /** The planned time to fire now; null when all that was due is too old. */
  readonly fireAt: number | null;
  /** Firings passed over: only the latest of those due is worth anything. */
  readonly missed: number;
  readonly nextAt: number | null;
};

/** Counting what a long downtime missed stops here. */
const MAX_COUNTED = 10_000;

/** What to do about an entry whose time has come. Planned times stay exact however late it is. */
export function planDue(entry: ScheduleEntry & { readonly nextAt: number }, now: number): DuePlan {
  const until = now - delayMs(entry);
  const freshFrom = Math.max(entry.nextAt, until - entry.maxAgeSeconds * 1000);
  const planned = (from: number) => firings(parseLocal(entry.expression), entry.timezone, from - 1, entry.anchorAt);
  let fireAt: number | null = null;
  let nextAt: number | null = null;
  let due = 0;
  for (const ms of planned(freshFrom)) {
    if (ms > until) {
      nextAt = ms;
      break;
    }
    fireAt = ms;
    due++;
  }
  if (freshFrom > entry.nextAt) {
    let stale = 0;
    for (const ms of planned(entry.nextAt)) {
      if (ms >= freshFrom || stale === MAX_COUNTED) break;
      stale++;
    }
    due += stale;
  }
  return { fireAt, missed: fireAt === null ? due : due - 1, nextAt };
}
