/** Instance items: made, listed, paused and killed. What runs do to them is in claim-store and close-store. */
import { type Amounts, KINDS, kindsOf, type Line, scopesOf } from '../domain/budget.ts';
import { type Instance, type InstanceStatus, JOURNAL_RECORDS, type Slice, type Slowed } from '../domain/instance.ts';
import type { RunRecord } from '../domain/run.ts';
import type { Condition, Op, Put, Table, Update, Value } from '../ports/table.ts';
import { limitKeyOf } from './budget-store.ts';
import { decodeInstance, encodeRecord, encodeSlowed, newInstanceItem, SLICE_ATTRS } from './instance-item.ts';
import { agentKey, fleetPk, instanceKey, instanceSkPrefix, runPageKey, shardOf, shards } from './keys.ts';
import { encodeLines } from './line-code.ts';
import { queryAll } from './query-all.ts';

export async function getInstance(table: Table, agentId: string, number: number): Promise<Instance | null> {
  const item = await table.get(instanceKey(agentId, number));
  return item && decodeInstance(item);
}

const isInstance = ({ sk }: { sk: string }): boolean => !sk.endsWith('#EARN');

/** All instances an agent ever had, by number. */
export async function listInstances(table: Table, agentId: string): Promise<Instance[]> {
  const items = await queryAll(table, { pk: fleetPk(shardOf(agentId)), prefix: instanceSkPrefix(agentId) });
  return items.filter(isInstance).map(decodeInstance);
}

/** Every instance of the fleet: 16 queries, one per shard. */
export async function listFleet(table: Table): Promise<Instance[]> {
  const lists = await Promise.all(shards.map((shard) => queryAll(table, { pk: fleetPk(shard) })));
  return lists.flat().filter(isInstance).map(decodeInstance);
}

/**
 * Makes one instance, active, if there is none; the agent must be active at that very moment, so that nothing is made
 * behind a kill. The limits of its scopes count it.
 */
export function createInstanceOps(agentId: string, number: number, specVersion: number): Op[] {
  const counted: Op[] = scopesOf(agentId).map((scope) => ({
    op: 'update',
    key: limitKeyOf(scope),
    add: { instances: 1 },
  }));
  return [
    { op: 'check', key: agentKey(agentId), if: [{ attr: 'status', op: '=', value: 'active' }] },
    { op: 'put', item: newInstanceItem(agentId, number, specVersion), if: [{ attr: 'pk', op: 'missing' }] },
    ...counted,
  ];
}

/** Sets status and spec. Retiring and halting raise the kill epoch, so that a run in progress may not mark another call. */
export function setInstanceStatusOp(
  agentId: string,
  number: number,
  to: { readonly status: InstanceStatus; readonly specVersion: number },
): Update {
  const change: Update = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [{ attr: 'pk', op: 'exists' }],
    set: { st: to.status, sv: to.specVersion },
  };
  return to.status === 'retired' || to.status === 'halted' ? { ...change, add: { ke: 1 } } : change;
}

/** A person has resumed it: the next run is not a probe, and it is not slowed down. */
export function clearCrashesOp(agentId: string, number: number): Update {
  return {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [{ attr: 'pk', op: 'exists' }],
    set: { cx: 0, cu: 0, pb: 0 },
    remove: ['th'],
  };
}

/** From now on every second tick is left out, for these reasons. Whoever claims sees it in the condition of the claim. */
export function slowOp(instance: Instance, slowed: Slowed): Update {
  return {
    op: 'update',
    key: instanceKey(instance.agentId, instance.number),
    if: [
      { attr: 'st', op: '=', value: 'active' },
      instance.slowed ? { attr: 'th', op: '=', value: encodeSlowed(instance.slowed) } : { attr: 'th', op: 'missing' },
    ],
    set: { th: encodeSlowed(slowed) },
  };
}

/** As fast as declared again, unless it was slowed down anew since it was read. */
export function unslowOp(instance: Instance, slowed: Slowed): Update {
  const was = { attr: 'th', op: '=', value: encodeSlowed(slowed) } as const;
  return { op: 'update', key: instanceKey(instance.agentId, instance.number), if: [was], remove: ['th'] };
}

/** What was read must still be so: nobody claimed (fence), nobody touched it (rev). */
export function pinned(instance: Instance): Condition[] {
  return [
    { attr: 'f', op: '=', value: instance.fence },
    { attr: 'rev', op: '=', value: instance.rev },
  ];
}

type SliceChange = { readonly set: { readonly [attr: string]: Value }; readonly remove: readonly string[] };

/** An empty slice of these periods and limits. */
export function sliceChange({ period, hour, lines, exact }: Slice): SliceChange {
  const spelled = encodeLines(lines);
  const limits = kindsOf(lines);
  const set: { [attr: string]: Value } = { pe: period };
  const remove: string[] = [];
  const put = (attr: string, value: Value | null | undefined): void => {
    if (value === null || value === undefined) remove.push(attr);
    else set[attr] = value;
  };
  put('hr', hour);
  put('ls', spelled);
  put('ex', exact ? true : null);
  for (const kind of KINDS) put(SLICE_ATTRS[kind], limits.includes(kind) ? 0 : null);
  return { set, remove };
}

/** Amounts of limited kinds as changes of the slice's attributes; zeros are left out. */
export function sliceAdd(lines: readonly Line[], amounts: Amounts): { [attr: string]: number } {
  const limits = kindsOf(lines);
  const changed = KINDS.filter((kind) => limits.includes(kind) && amounts[kind] !== 0);
  return Object.fromEntries(changed.map((kind) => [SLICE_ATTRS[kind], amounts[kind]]));
}

/** Every limited kind of the slice at nothing. */
export function sliceEmpty(lines: readonly Line[]): { [attr: string]: number } {
  return Object.fromEntries(kindsOf(lines).map((kind) => [SLICE_ATTRS[kind], 0]));
}

/** The page that a full journal becomes: key and bytes follow from its records, so putting it twice changes nothing. */
export function journalPage(instance: Instance): Put | null {
  const [first] = instance.journal;
  if (!first || instance.journal.length < JOURNAL_RECORDS) return null;
  return {
    op: 'put',
    item: {
      ...runPageKey(instance.agentId, instance.number, first.startedAt, first.slot),
      v: 1,
      period: instance.slice.period,
      runs: instance.journal.map(encodeRecord),
    },
  };
}

/** The journal after one more record; a full one has gone to its page before. */
export function journalAfter(instance: Instance, record: RunRecord): string[] {
  const kept = instance.journal.length < JOURNAL_RECORDS ? instance.journal : [];
  return [...kept, record].map(encodeRecord);
}
