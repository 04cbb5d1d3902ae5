/** Changing a limit: the limit and the open budget of today change together, audited, or not at all. */
import { BUDGET_KIND, type Budget, type BudgetStatus, budgetStatus, type Limit, type Scope } from '../domain/budget.ts';
import { NovaError } from '../domain/error.ts';
import { formatUsd } from '../domain/money.ts';
import { dayOf } from '../domain/period.ts';
import type { Item, Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type AuditHead, audited, NO_AUDIT } from './audit-store.ts';
import { budgetKeyOf, decodeLimit, getBudget, limitKeyOf } from './budget-store.ts';
import { callBack } from './call-back-store.ts';
import { listFleet, listInstances } from './instance-store.ts';
import { limitPk } from './keys.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing' | 'settings'>;

export type NewLimit = { readonly scope: Scope; readonly limitMicros: number };

/** Sets a daily limit. @throws NovaError bad_input for a negative amount; conflict when it kept changing. */
export async function setLimit(world: Ports, { scope, limitMicros }: NewLimit, actor: string): Promise<Limit> {
  if (!Number.isSafeInteger(limitMicros) || limitMicros < 0) {
    throw new NovaError('bad_input', `a budget is $0 or more; got ${formatUsd(limitMicros)}`);
  }
  const period = dayOf(world.time.now(), world.settings.timezone);
  for (let attempt = 0; attempt < 20; attempt++) {
    const item = await world.table.get(limitKeyOf(scope));
    const before = decodeLimit(scope, item);
    const budget = await getBudget(world.table, scope, period);
    const change = { before, limitMicros, actor, head: headOf(item) };
    const result = await world.table.transact([
      ...limitOps(world, change),
      budgetOp(budget, { scope, period, limitMicros }),
    ]);
    if (!result.ok) continue;
    if (limitMicros < before.limitMicros) await callBack(world.table, { scope, period });
    return { ...before, limitMicros, version: before.version + 1 };
  }
  throw new NovaError('conflict', `the budget of ${scope} is being changed by somebody else`);
}

function headOf(item: Item | null): AuditHead {
  return item?.auditSeq === undefined
    ? NO_AUDIT
    : { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) };
}

type LimitChange = {
  readonly before: Limit;
  readonly limitMicros: number;
  readonly actor: string;
  readonly head: AuditHead;
};

function limitOps({ hashing, time }: Ports, { before, limitMicros, actor, head }: LimitChange): Op[] {
  const { scope, version } = before;
  const { record, head: next } = audited(hashing, head, {
    at: time.now(),
    actor,
    action: 'budget.set',
    entity: `budget:${scope}`,
    details: { kind: BUDGET_KIND, fromMicros: before.limitMicros, toMicros: limitMicros },
  });
  return [
    {
      op: 'update',
      key: limitKeyOf(scope),
      if: [version ? { attr: 'version', op: '=', value: version } : { attr: 'version', op: 'missing' }],
      set: { v: 1, limit: limitMicros, version: version + 1, ...next },
    },
    record,
  ];
}

type Wanted = NewLimit & { readonly period: string };

/** A raise ends `exact`; a lower limit begins it, and may leave less than nothing available. */
function budgetOp(budget: Budget | null, { scope, period, limitMicros }: Wanted): Op {
  const key = budgetKeyOf(scope, period);
  if (!budget) return { op: 'check', key, if: [{ attr: 'pk', op: 'missing' }] };
  const by = limitMicros - budget.limitMicros;
  return {
    op: 'update',
    key,
    if: [{ attr: 'limit', op: '=', value: budget.limitMicros }],
    add: { available: by },
    set: by < 0 ? { limit: limitMicros, exact: true } : { limit: limitMicros },
    remove: by < 0 ? ['swept'] : ['exact', 'swept'],
  };
}

export type BudgetView = {
  readonly id: Scope;
  readonly period: string;
  readonly limitMicros: number;
  readonly spentMicros: number;
  readonly reservedMicros: number;
  readonly availableMicros: number;
  readonly percent: number;
  readonly status: BudgetStatus;
};

/** Today's use of one scope: spent from the instances' tallies, reserved = what is neither spent nor available. */
export async function viewBudget(world: Ports, scope: Scope): Promise<BudgetView> {
  const period = dayOf(world.time.now(), world.settings.timezone);
  const limit = decodeLimit(scope, await world.table.get(limitKeyOf(scope)));
  const budget = await getBudget(world.table, scope, period);
  const instances = scope === 'fleet' ? await listFleet(world.table) : await listInstances(world.table, scope.slice(6));
  const spentMicros = instances
    .filter(({ slice }) => slice.period === period)
    .reduce((sum, { day }) => sum + day.costMicros, 0);
  const limitMicros = budget?.limitMicros ?? limit.limitMicros;
  const left = budget?.availableMicros ?? limitMicros;
  const reservedMicros = Math.max(0, limitMicros - left - spentMicros);
  const percent = limitMicros === 0 ? 100 : Math.floor((spentMicros * 100) / limitMicros);
  const status = budgetStatus(spentMicros, limitMicros);
  return { id: scope, period, limitMicros, spentMicros, reservedMicros, availableMicros: left, percent, status };
}

/** Scopes somebody has set or used. The fleet is always among them. */
export async function limitedScopes(table: Table): Promise<Scope[]> {
  const items = await queryAll(table, { pk: limitPk });
  const scopes = items.map(({ sk }) => sk.slice(0, sk.lastIndexOf('#')));
  return scopes.includes('fleet') ? scopes : ['fleet', ...scopes];
}
