/** The schedules of this machine, kept in the table: durable, and found by when they are due. */
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import type { Item, Table } from '../../../shared/ports/table.ts';
import type { Time } from '../../../shared/ports/time.ts';
import {
  dueScheduleSk,
  dueSchedulesIndex,
  dueScheduleUntil,
  scheduleKey,
  scheduleSkPrefix,
  schedulesPk,
} from '../../../shared/store/keys.ts';
import { queryAll } from '../../../shared/store/query-all.ts';
import {
  assertDraft,
  delayMs,
  firstFiring,
  type ScheduleDraft,
  type ScheduleEntry,
  type ScheduleTarget,
} from './entry.ts';

type Ports = { readonly table: Table; readonly time: Time };

/** Whether an existing schedule is wanted, unwanted, or either. */
export type PutMode = 'create' | 'update' | 'either';

export class ScheduleBook {
  readonly #table: Table;
  readonly #time: Time;
  readonly #listeners = new Set<() => void>();

  constructor({ table, time }: Ports) {
    this.#table = table;
    this.#time = time;
  }

  /** Called after every change of what is due when. Answers how to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Makes or changes a schedule. One that already is as wanted stays untouched: a rate keeps its rhythm.
   * @throws NovaError bad_input; conflict when `create` finds one; not_found when `update` finds none.
   */
  async put(draft: ScheduleDraft, mode: PutMode = 'either'): Promise<void> {
    assertDraft(draft);
    for (;;) {
      const before = await this.get(draft.group, draft.name);
      if (before && mode === 'create') throw new NovaError('conflict', `the schedule ${draft.name} exists already`);
      if (!before && mode === 'update') throw missing(draft.group, draft.name);
      if (before && sameDraft(before, draft)) return;
      if (await this.#writeForm(draft, before)) break;
    }
    this.#changed();
  }

  /** @returns false when another writer was faster. */
  async #writeForm(draft: ScheduleDraft, before: ScheduleEntry | null): Promise<boolean> {
    const now = this.#time.now();
    const anchorAt = Math.floor(now / 1000) * 1000;
    const nextAt = firstFiring(draft, anchorAt, now);
    const { group, name, expression, timezone, flexibleMinutes, maxAgeSeconds, enabled } = draft;
    const due = dueAttributes(draft, nextAt);
    const result = await this.#table.write({
      op: 'update',
      key: scheduleKey(group, name),
      set: {
        ...{ v: 1, group, name, expression, timezone, flexibleMinutes, maxAgeSeconds, enabled, anchorAt, nextAt },
        target: JSON.stringify(draft.target),
        rev: (before?.rev ?? 0) + 1,
        ...due.set,
      },
      setIfAbsent: { createdAt: now },
      ...(due.remove.length > 0 ? { remove: due.remove } : {}),
      if: [before ? { attr: 'rev', op: '=', value: before.rev } : { attr: 'pk', op: 'missing' }],
    });
    return result.ok;
  }

  /** @returns whether there was one. */
  async delete(group: string, name: string): Promise<boolean> {
    const result = await this.#table.write({
      op: 'delete',
      key: scheduleKey(group, name),
      if: [{ attr: 'pk', op: 'exists' }],
    });
    this.#changed();
    return result.ok;
  }

  async get(group: string, name: string): Promise<ScheduleEntry | null> {
    const item = await this.#table.get(scheduleKey(group, name));
    return item ? entryOf(item) : null;
  }

  /** In the order of their names. */
  async list(group: string, namePrefix = ''): Promise<ScheduleEntry[]> {
    const items = await queryAll(this.#table, { pk: schedulesPk, prefix: scheduleSkPrefix(group, namePrefix) });
    return items.map(entryOf);
  }

  /** Entries due at `now`, the longest waiting first. */
  async due(now: number): Promise<ScheduleEntry[]> {
    const to = dueScheduleUntil(now);
    return (await queryAll(this.#table, { pk: dueSchedulesIndex, index: 'ix', to })).map(entryOf);
  }

  /** When the next one is due; null when none ever will be. */
  async nextDue(): Promise<number | null> {
    const page = await this.#table.query({ pk: dueSchedulesIndex, index: 'ix', limit: 1 });
    const [first] = page.items;
    return first ? Number(String(first.ixSk).split('#', 1)[0]) : null;
  }

  /**
   * Moves an entry on from the firing that was seen. A change that came in between wins: it has its own next time.
   */
  async advance(entry: ScheduleEntry, nextAt: number | null): Promise<void> {
    const due = dueAttributes(entry, nextAt);
    await this.#table.write({
      op: 'update',
      key: scheduleKey(entry.group, entry.name),
      set: { nextAt, ...due.set },
      ...(due.remove.length > 0 ? { remove: due.remove } : {}),
      if: [
        { attr: 'rev', op: '=', value: entry.rev },
        { attr: 'nextAt', op: '=', value: entry.nextAt },
      ],
    });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

export function missing(group: string, name: string): NovaError {
  return new NovaError('not_found', `there is no schedule ${name} in the group ${group}`);
}

function dueAttributes(draft: ScheduleDraft, nextAt: number | null) {
  const { sk } = scheduleKey(draft.group, draft.name);
  if (nextAt === null || !draft.enabled) return { set: {}, remove: ['ixPk', 'ixSk'] };
  return { set: { ixPk: dueSchedulesIndex, ixSk: dueScheduleSk(nextAt + delayMs(draft), sk) }, remove: [] };
}

function sameDraft(a: ScheduleDraft, b: ScheduleDraft): boolean {
  return (
    a.expression === b.expression &&
    a.timezone === b.timezone &&
    a.flexibleMinutes === b.flexibleMinutes &&
    a.maxAgeSeconds === b.maxAgeSeconds &&
    a.enabled === b.enabled &&
    JSON.stringify(a.target) === JSON.stringify(b.target)
  );
}

function entryOf(item: Item): ScheduleEntry {
  return {
    group: String(item.group),
    name: String(item.name),
    expression: String(item.expression),
    timezone: String(item.timezone),
    flexibleMinutes: Number(item.flexibleMinutes),
    maxAgeSeconds: Number(item.maxAgeSeconds),
    enabled: item.enabled === true,
    target: JSON.parse(String(item.target)) as ScheduleTarget & { readonly definition: JsonObject },
    anchorAt: Number(item.anchorAt),
    createdAt: Number(item.createdAt),
    nextAt: item.nextAt === null || item.nextAt === undefined ? null : Number(item.nextAt),
    rev: Number(item.rev),
  };
}
