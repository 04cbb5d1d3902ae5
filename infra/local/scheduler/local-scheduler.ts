/**
 * The Scheduler of one machine, with EventBridge Scheduler's semantics. At least once: a firing is delivered, then the
 * entry moves on; a crash between the two delivers it again with the same scheduled time. After a downtime only the
 * latest firing missed is made up for, and only if it is young enough.
 */
import { parseSchedule } from '../../../shared/domain/schedule/parse.ts';
import type { Scheduler, WantedSchedule } from '../../../shared/ports/outside.ts';
import type { Table } from '../../../shared/ports/table.ts';
import type { Time } from '../../../shared/ports/time.ts';
import { ScheduleBook } from './book.ts';
import { planDue, type ScheduleDraft, type ScheduleEntry, type ScheduleTarget } from './entry.ts';

/** Delivers one firing, durably before it resolves. `scheduledFor`: ISO 8601, whole seconds: 2026-11-20T08:15:00Z. */
export type Fire = (target: ScheduleTarget, scheduledFor: string) => Promise<void>;

/** A schedule of the system itself, as data: an AWS expression, or every so many seconds. */
export type SystemSchedule = {
  readonly name: string;
  readonly timezone: string;
  readonly target: string;
  /** Default 3600. */
  readonly maxAgeSeconds?: number;
} & ({ readonly expression: string } | { readonly everySeconds: number });

export type LocalSchedulerOptions = {
  readonly table: Table;
  readonly time: Time;
  readonly fire: Fire;
  readonly system?: readonly SystemSchedule[];
  /** A firing that could not be delivered; it is tried again while it is young enough. */
  readonly onError?: (thrown: unknown, target: ScheduleTarget) => void;
};

export type SchedulerCounts = { readonly fired: number; readonly missed: number; readonly failed: number };

const AGENTS = 'agents';
const SYSTEM = 'system';
const MAX_AGE_SECONDS = 3600;
const PARALLEL = 25;
/** The pause before an undelivered firing is tried again. */
const RETRY_MS = 1000;

export class LocalScheduler implements Scheduler {
  readonly book: ScheduleBook;
  readonly #options: LocalSchedulerOptions;
  #counts = { fired: 0, missed: 0, failed: 0 };
  /** undefined: unknown since the last change. */
  #nextDue: number | null | undefined;
  #changes = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LocalSchedulerOptions) {
    this.#options = options;
    this.book = new ScheduleBook(options);
    this.book.onChange(() => this.#forget());
  }

  /** Makes the system's own schedules what the options say. Call once before the first tick. */
  async prepare(): Promise<void> {
    const wanted = (this.#options.system ?? []).map(systemDraft);
    const names = new Set(wanted.map(({ name }) => name));
    for (const { name } of await this.book.list(SYSTEM)) if (!names.has(name)) await this.book.delete(SYSTEM, name);
    for (const draft of wanted) await this.book.put(draft);
  }

  async put(wanted: WantedSchedule): Promise<void> {
    const { agentId, instance } = wanted;
    // every(…) is for the system's own.
    parseSchedule(wanted.schedule.expression);
    await this.book.put({
      group: AGENTS,
      name: wanted.name,
      ...wanted.schedule,
      flexibleMinutes: wanted.flexibleMinutes,
      maxAgeSeconds: MAX_AGE_SECONDS,
      enabled: true,
      target: { kind: 'agent', agentId, instance },
    });
  }

  async delete(name: string): Promise<void> {
    await this.book.delete(AGENTS, name);
  }

  async list(agentId: string): Promise<readonly WantedSchedule[]> {
    return (await this.book.list(AGENTS, `${agentId}-`)).flatMap(({ target, ...entry }) => {
      if (target.kind !== 'agent' || target.agentId !== agentId) return [];
      const { name, expression, timezone, flexibleMinutes } = entry;
      return [{ name, agentId, instance: target.instance, schedule: { expression, timezone }, flexibleMinutes }];
    });
  }

  /** When something is due next, in epoch milliseconds (perhaps in the past); null when nothing ever will be. */
  async nextDue(): Promise<number | null> {
    if (this.#nextDue !== undefined) return this.#nextDue;
    const changes = this.#changes;
    const found = await this.book.nextDue();
    if (changes === this.#changes) this.#nextDue = found;
    return found;
  }

  /** Fires everything that is due, one tick after the other, and answers when to come back. */
  tick(): Promise<number | null> {
    const turn = this.#turn.then(() => this.#tick());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Since this object was made: delivered; passed over as too old or too many; attempts that threw. */
  counts(): SchedulerCounts {
    return { ...this.#counts };
  }

  #forget(): void {
    this.#changes++;
    this.#nextDue = undefined;
  }

  async #tick(): Promise<number | null> {
    const now = this.#options.time.now();
    const known = await this.nextDue();
    if (known === null || known > now) return known;
    const due = await this.book.due(now);
    let failures = 0;
    for (let i = 0; i < due.length; i += PARALLEL) {
      const outcomes = await Promise.all(due.slice(i, i + PARALLEL).map((entry) => this.#fireOne(entry, now)));
      failures += outcomes.filter((delivered) => !delivered).length;
    }
    this.#forget();
    const next = await this.nextDue();
    return failures > 0 && next !== null ? Math.max(next, now + RETRY_MS) : next;
  }

  async #fireOne(entry: ScheduleEntry, now: number): Promise<boolean> {
    const { nextAt } = entry;
    if (nextAt === null) return true;
    const plan = planDue({ ...entry, nextAt }, now);
    try {
      if (plan.fireAt !== null) await this.#options.fire(entry.target, isoSeconds(plan.fireAt));
    } catch (thrown) {
      this.#counts.failed++;
      this.#options.onError?.(thrown, entry.target);
      return false;
    }
    this.#counts.fired += plan.fireAt === null ? 0 : 1;
    this.#counts.missed += plan.missed;
    await this.book.advance(entry, plan.nextAt);
    return true;
  }
}

const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function systemDraft(row: SystemSchedule): ScheduleDraft {
  return {
    group: SYSTEM,
    name: row.name,
    expression: 'everySeconds' in row ? `every(${row.everySeconds} seconds)` : row.expression,
    timezone: row.timezone,
    flexibleMinutes: 0,
    maxAgeSeconds: row.maxAgeSeconds ?? MAX_AGE_SECONDS,
    enabled: true,
    target: { kind: 'system', name: row.name, target: row.target },
  };
}
