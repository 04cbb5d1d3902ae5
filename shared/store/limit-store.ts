/** Changing a limit: the limit and its open budgets change together, audited, or not at all. */
import type { AuditEntity } from '../domain/audit.ts';
import {
  BUDGET_KIND,
  type Budget,
  defaultLimitMicros,
  isBasic,
  type Kind,
  type Limit,
  type Line,
  lineName,
  type Scope,
} from '../domain/budget.ts';
import { momentAt, type Per, periodOf } from '../domain/calendar.ts';
import { NovaError } from '../domain/error.ts';
import { formatUsd } from '../domain/money.ts';
import type { Item, Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type AuditHead, audited, NO_AUDIT } from './audit-store.ts';
import { budgetKeyFor, decodeLimitOf, getBudget, limitKeyFor, openingOp } from './budget-store.ts';
import { calendarAt } from './calendar-store.ts';
import { callBack } from './call-back-store.ts';
import { countBefore } from './count-store.ts';
import { finishRemoval } from './limit-removal.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing' | 'settings'>;

export type NewLimit = {
  readonly scope: Scope;
  /** In the unit of its kind: micro-USD for dollars. */
  readonly limitMicros: number;
  /** Dollars unless told. */
  readonly kind?: Kind;
  /** A day unless told. */
  readonly per?: Per;
  /** Whether ticks are thinned out from 90 %; as it was, or yes, unless told. */
  readonly throttled?: boolean;
};

/** Clocks may be behind or ahead: a period that begins so soon may have its budget already. */
const AHEAD_MS = 120_000;

/**
 * Sets a limit. One that did not exist counts what its running period has cost before it resolves.
 * @throws NovaError bad_input for a negative amount; conflict when it kept changing.
 */
export async function setLimit(world: Ports, wanted: NewLimit, actor: string): Promise<Limit> {
  const { scope, limitMicros, kind = 'usd', per = 'day' } = wanted;
  const line: Line = { scope, kind, per };
  if (!Number.isSafeInteger(limitMicros) || limitMicros < 0) {
    throw new NovaError('bad_input', `a budget is $0 or more; got ${formatUsd(limitMicros)}`);
  }
  for (let attempt = 0; attempt < 20; attempt++) {
    const done = await tryToSet(world, { wanted, line, actor });
    if (done) return done;
  }
  throw new NovaError('conflict', `the budget of ${scope} is being changed by somebody else`);
}

/**
 * Takes a limit away; one that everybody has by itself goes back to what it is by itself. Resolves when nobody goes by
 * it any more: what was reserved under it is home, what runs in progress hold stays written in its last budget.
 * @throws NovaError not_found when nobody has set it; conflict when it kept changing.
 */
export async function removeLimit(world: Ports, line: Line, actor: string): Promise<Limit> {
  const { scope, kind, per } = line;
  for (let attempt = 0; attempt < 20; attempt++) {
    const item = await world.table.get(limitKeyFor(line));
    const before = decodeLimitOf(line, item);
    if (before.version === 0 || (before.removed && !item?.dropping))
      throw new NovaError('not_found', `nobody has set a limit of ${lineName(line)} for ${scope}`);
    if (isBasic(line))
      return setLimit(world, { scope, kind, per, limitMicros: defaultLimitMicros(scope), throttled: true }, actor);
    if (before.removed || (await tryToRemove(world, { before, head: headOf(item), actor }))) {
      await finishRemoval(world.table, line);
      return before;
    }
  }
  throw new NovaError('conflict', `the budget of ${scope} is being changed by somebody else`);
}

async function tryToRemove(world: Ports, { before, head, actor }: Omit<LimitChange, 'after'>): Promise<boolean> {
  const { table } = world;
  const { line } = before;
  const after: Limit = { ...before, version: before.version + 1, counting: false, removed: true };
  const budgets = await Promise.all(
    (await openPeriods(world, line)).map(async (period): Promise<Op> => {
      const key = budgetKeyFor(line, period);
      if (!(await getBudget(table, line, period))) return { op: 'check', key, if: [{ attr: 'pk', op: 'missing' }] };
      return { op: 'update', key, if: [{ attr: 'pk', op: 'exists' }], set: { removed: true }, remove: ['counting'] };
    }),
  );
  return (await table.transact([...limitOps(world, { before, after, actor, head }), ...budgets])).ok;
}

/** The ops of a change of a limit, for a transaction that holds more than it; and what is to be done once it is through. */
export type LimitSetting = { readonly ops: readonly Op[]; readonly after: Limit; finish(): Promise<void> };

/** Pinned to what was read: a transaction that fails is to be made anew. null: there is nothing to change. */
export async function limitSetting(
  world: Ports,
  { scope, limitMicros }: Pick<NewLimit, 'scope' | 'limitMicros'>,
  actor: string,
): Promise<LimitSetting | null> {
  const line: Line = { scope, kind: 'usd', per: 'day' };
  const before = decodeLimitOf(line, await world.table.get(limitKeyFor(line)));
  return before.limitMicros === limitMicros && !before.removed
    ? null
    : settingOf(world, { wanted: { scope, limitMicros }, line, actor });
}

type Setting = { readonly wanted: NewLimit; readonly line: Line; readonly actor: string };

async function tryToSet(world: Ports, setting: Setting): Promise<Limit | null> {
  const { ops, after, finish } = await settingOf(world, setting);
  if (!(await world.table.transact(ops)).ok) return null;
  await finish();
  return after;
}

async function settingOf(world: Ports, { wanted, line, actor }: Setting): Promise<LimitSetting> {
  const { table } = world;
  const [period = '', ...ahead] = await openPeriods(world, line);
  const item = await table.get(limitKeyFor(line));
  // One that is being removed is removed to the end first: whoever still went by it would not be counted anew.
  if (item?.dropping) await finishRemoval(table, line);
  const before = decodeLimitOf(line, item);
  const begins = (before.version === 0 || before.removed) && !isBasic(line);
  const after: Limit = {
    ...before,
    limitMicros: wanted.limitMicros,
    version: before.version + 1,
    throttled: wanted.throttled ?? before.throttled,
    counting: before.counting || begins,
    removed: false,
  };
  const budgets = begins
    ? await beginningOps(table, after, [period, ...ahead])
    : await Promise.all([period, ...ahead].map(async (one) => budgetOp(await getBudget(table, line, one), after, one)));
  const finish = async (): Promise<void> => {
    if (after.counting) await countBefore(world, line, period);
    else if (after.limitMicros < before.limitMicros) await callBack(table, { line, period });
  };
  return { ops: [...limitOps(world, { before, after, actor, head: headOf(item) }), ...budgets], after, finish };
}

/** The running period, and the next one where it is about to begin. */
async function openPeriods(world: Ports, { per }: Line): Promise<string[]> {
  const now = world.time.now();
  const calendar = await calendarAt(world, now);
  return [...new Set([now, now + AHEAD_MS].map((ms) => periodOf(per, momentAt(ms, calendar))))];
}

function headOf(item: Item | null): AuditHead {
  return item?.auditSeq === undefined
    ? NO_AUDIT
    : { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) };
}

/** A limit begins with a new budget; where there was one before it was removed, that one is begun anew. */
async function beginningOps(table: Table, after: Limit, periods: readonly string[]): Promise<Op[]> {
  const { line } = after;
  const [running] = periods;
  const ops = periods.map(async (period): Promise<Op> => {
    const budget = await getBudget(table, line, period);
    if (budget) return renewalOp(budget, after);
    if (period === running) return openingOp(after, period);
    return { op: 'check', key: budgetKeyFor(line, period), if: [{ attr: 'pk', op: 'missing' }] };
  });
  return Promise.all(ops);
}

/** What was used before it begins is counted from the records; tokens are in none, so what is known of them stays. */
function renewalOp({ line, period, limitMicros: was, availableMicros }: Budget, after: Limit): Op {
  const known = line.kind === 'tokens' ? was - availableMicros : 0;
  return {
    op: 'update',
    key: budgetKeyFor(line, period),
    if: [
      { attr: 'removed', op: '=', value: true },
      { attr: 'available', op: '=', value: availableMicros },
    ],
    set: {
      limit: after.limitMicros,
      available: after.limitMicros - known,
      counting: true,
      ...(after.throttled ? {} : { unthrottled: true }),
    },
    remove: ['removed', 'swept', 'told', 'exact', 'full', ...(after.throttled ? ['unthrottled'] : [])],
  };
}

type LimitChange = {
  readonly before: Limit;
  readonly after: Limit;
  readonly actor: string;
  readonly head: AuditHead;
};

/** Dollars a day are audited as `budget:<scope>`, every other limit under its own name. */
const entityOf = (line: Line): AuditEntity =>
  lineName(line) === BUDGET_KIND ? `budget:${line.scope}` : `budget:${line.scope}#${lineName(line)}`;

function limitOps({ hashing, time }: Ports, { before, after, actor, head }: LimitChange): Op[] {
  const { line, version } = before;
  const { record, head: next } = audited(hashing, head, {
    at: time.now(),
    actor,
    action: after.removed ? 'budget.removed' : 'budget.set',
    entity: entityOf(line),
    details: {
      kind: lineName(line),
      fromMicros: before.limitMicros,
      toMicros: after.removed ? null : after.limitMicros,
      ...(before.throttled === after.throttled ? {} : { throttled: after.throttled }),
    },
  });
  return [
    {
      op: 'update',
      key: limitKeyFor(line),
      if: [
        version ? { attr: 'version', op: '=', value: version } : { attr: 'version', op: 'missing' },
        { attr: 'dropping', op: 'missing' },
      ],
      set: {
        ...{ v: 1, limit: after.limitMicros, version: after.version, ...next },
        ...(after.throttled ? {} : { unthrottled: true }),
        ...(after.counting ? { counting: true } : {}),
        ...(after.removed ? { removed: true, dropping: true } : {}),
      },
      remove: [...(after.throttled ? ['unthrottled'] : []), ...(after.removed ? ['counting'] : ['removed'])],
    },
    record,
  ];
}

/** A raise ends `exact`; a lower limit begins it, and may leave less than nothing available. */
function budgetOp(budget: Budget | null, { line, limitMicros, throttled }: Limit, period: string): Op {
  const key = budgetKeyFor(line, period);
  if (!budget) return { op: 'check', key, if: [{ attr: 'pk', op: 'missing' }] };
  const by = limitMicros - budget.limitMicros;
  const lower = by < 0;
  return {
    op: 'update',
    key,
    if: [{ attr: 'limit', op: '=', value: budget.limitMicros }],
    add: { available: by },
    set: {
      limit: limitMicros,
      ...(lower ? { exact: true } : {}),
      ...(throttled ? {} : { unthrottled: true }),
    },
    remove: ['swept', 'told', ...(lower ? [] : ['exact', 'full']), ...(throttled ? ['unthrottled'] : [])],
  };
}
