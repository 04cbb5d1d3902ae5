/** Agents: desired state, changed in one transaction with its audit record and the order to reconcile. */
import type { Agent, AgentSpec } from '../domain/agent.ts';
import { type AgentChange, changedAgent, startsMore, verbOfChange } from '../domain/agent-change.ts';
import type { Actor, AuditEntity } from '../domain/audit.ts';
import { agentScope } from '../domain/budget.ts';
import type { Rejection } from '../domain/ctx.ts';
import { NovaError } from '../domain/error.ts';
import { budgetExceeded, spentToday } from '../domain/facts.ts';
import type { Item, Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { decodeAgent, decodeSpec } from './agent-item.ts';
import { audited } from './audit-store.ts';
import { getLimit } from './budget-store.ts';
import { momentNow } from './calendar-store.ts';
import { committed, publishOrLeave } from './commit.ts';
import { gateOp, mustNotBeHalted, readGate } from './halt-store.ts';
import { listInstances } from './instance-store.ts';
import { agentKey, agentsPk, specKey } from './keys.ts';
import { type PostedWork, post } from './outbox-store.ts';
import { queryAll } from './query-all.ts';

export type AgentRecords = Pick<World, 'time' | 'ids' | 'hashing'>;
export type AgentPorts = AgentRecords & Pick<World, 'table' | 'work' | 'log' | 'settings'>;

export const agentEntity = (agentId: string): AuditEntity => `agent:${agentId}`;
const CHANGE_TRIES = 8;

/** null when there never was one of that id. */
export async function getAgent(table: Table, agentId: string): Promise<Agent | null> {
  const item = await table.get(agentKey(agentId));
  return item && decodeAgent(item);
}

/** @throws NovaError not_found. */
export async function needAgent(table: Table, agentId: string): Promise<Agent> {
  const agent = await getAgent(table, agentId);
  if (!agent) throw new NovaError('not_found', `there is no agent "${agentId}"`);
  return agent;
}

/** Every agent there ever was, by id. */
export async function listAgents(table: Table): Promise<Agent[]> {
  return (await queryAll(table, { pk: agentsPk })).map(decodeAgent);
}

export type Brief = { readonly count: number; readonly rejections: readonly Rejection[] };

const briefs = new WeakMap<Table, Map<string, { readonly brief: Brief; readonly until: number }>>();
/** A run that learns of a scaling this much later shares its work a little unevenly, and no more. */
const BRIEF_LIFE_MS = 30_000;

/** What every run is told of its agent, at most 30 s old: the desired number of instances (1 for nobody), what was rejected. */
export async function agentBrief(world: Pick<World, 'table' | 'time'>, agentId: string): Promise<Brief> {
  const now = world.time.now();
  const ofTable = briefs.get(world.table) ?? new Map<string, { brief: Brief; until: number }>();
  briefs.set(world.table, ofTable);
  const known = ofTable.get(agentId);
  if (known && known.until > now) return known.brief;
  const item = await world.table.get(agentKey(agentId));
  const brief = { count: item ? decodeAgent(item).instances : 1, rejections: rejectionsIn(item) };
  ofTable.set(agentId, { brief, until: now + BRIEF_LIFE_MS });
  return brief;
}

export const countInstances = async (world: Pick<World, 'table' | 'time'>, agentId: string): Promise<number> =>
  (await agentBrief(world, agentId)).count;

type Told = Rejection & { readonly approvalId: string };
const MAX_TOLD = 5;

const toldIn = (item: Item | null): readonly Told[] => (item?.told ?? []) as readonly Told[];
const rejectionsIn = (item: Item | null): readonly Rejection[] =>
  toldIn(item).map(({ title, reason, at }) => ({ title, reason, at }));

/** Keeps a no for the runs to come, once; beside desired state, which it does not touch. */
export async function tellRejection(table: Table, agentId: string, told: Told): Promise<void> {
  for (let attempt = 0; attempt < CHANGE_TRIES; attempt++) {
    const item = await table.get(agentKey(agentId));
    if (!item || toldIn(item).some(({ approvalId }) => approvalId === told.approvalId)) return;
    const rev = Number(item.toldRev ?? 0);
    const written = await table.write({
      op: 'update',
      key: agentKey(agentId),
      if: [rev === 0 ? { attr: 'toldRev', op: 'missing' } : { attr: 'toldRev', op: '=', value: rev }],
      set: { told: [...toldIn(item), told].slice(-MAX_TOLD), toldRev: rev + 1 },
    });
    if (written.ok) return;
  }
  throw new NovaError('unavailable', `agent ${agentId} is being told by others; it is tried again`);
}

/** Immutable: may be kept for ever. @throws NovaError corrupt when an agent names a spec that is not there. */
export async function getSpec(table: Table, agentId: string, version: number): Promise<AgentSpec> {
  const item = await table.get(specKey(agentId, version));
  if (!item) throw new NovaError('corrupt', `agent "${agentId}" has no version ${version} of its config`);
  return decodeSpec(item);
}

/** What follows every change of desired state. */
export const reconcileOrder = (world: AgentRecords, agentId: string): PostedWork =>
  post(world, { queue: 'work', message: { v: 1, kind: 'reconcile', agentId } });

/** The agent as it will be, what to write, and what to publish after the commit. */
export type AgentOps = { readonly agent: Agent; readonly ops: readonly Op[]; readonly posted: readonly PostedWork[] };

export type ChangeOrder = {
  readonly change: AgentChange;
  readonly actor: Actor;
  /** One sentence for the audit trail. */
  readonly why: string;
  readonly budgetExceeded: boolean;
};

/**
 * The ops of one change, pinned to the version that was read; null when it is so already.
 * @throws NovaError conflict, bad_input: as `changedAgent`.
 */
export function agentChangeOps(world: AgentRecords, agent: Agent, order: ChangeOrder): AgentOps | null {
  const at = world.time.now();
  const after = changedAgent(agent, order.change, { now: at, budgetExceeded: order.budgetExceeded });
  if (!after) return null;
  const { record, head } = audited(world.hashing, agent, {
    at,
    actor: order.actor,
    action: verbOfChange(agent, after),
    entity: agentEntity(agent.id),
    details: { why: order.why, ...beforeAndAfter(agent, after) },
  });
  const { status, pauseReason, instances, schedule, updatedAt, version } = after;
  const posted = reconcileOrder(world, agent.id);
  const update: Op = {
    op: 'update',
    key: agentKey(agent.id),
    if: [{ attr: 'version', op: '=', value: agent.version }],
    set: { status, pauseReason, instances, schedule, updatedAt, version, ...head },
  };
  return { agent: { ...after, ...head }, ops: [update, record, posted.op], posted: [posted] };
}

function beforeAndAfter(before: Agent, after: Agent): { [name: string]: string | number | null } {
  const details: { [name: string]: string | number | null } = {};
  for (const name of ['status', 'pauseReason', 'instances'] as const) {
    if (before[name] === after[name]) continue;
    details[`${name}Before`] = before[name];
    details[`${name}After`] = after[name];
  }
  const text = ({ schedule }: Agent): string | null => schedule && `${schedule.expression} ${schedule.timezone}`;
  if (text(before) === text(after)) return details;
  return { ...details, scheduleBefore: text(before), scheduleAfter: text(after) };
}

/**
 * Changes desired state; the reconciler makes the world follow. Changing it to what it is writes nothing.
 * @throws NovaError not_found, conflict when the state or the kill switch forbids it, bad_input.
 */
export async function changeAgent(
  world: AgentPorts,
  agentId: string,
  change: AgentChange,
  by: { readonly actor: Actor; readonly why: string },
): Promise<Agent> {
  for (let attempt = 0; attempt < CHANGE_TRIES; attempt++) {
    const agent = await needAgent(world.table, agentId);
    const exceeded = change.status === 'active' && (await isOverBudget(world, agent));
    const next = agentChangeOps(world, agent, { change, ...by, budgetExceeded: exceeded });
    if (!next) return agent;
    const gate = startsMore(agent, next.agent) ? await readGate(world.table) : null;
    if (gate) mustNotBeHalted(gate, agent);
    const ops = gate ? [...next.ops, gateOp(gate)] : next.ops;
    if (!(await committed(world.table, ops, next.agent.auditHash))) continue;
    await publishOrLeave(world, next.posted);
    return next.agent;
  }
  throw new NovaError('conflict', `agent "${agentId}" is being changed by somebody else; try again`);
}

/** Whether it is paused for its budget and that budget has no room yet. */
export async function isOverBudget(world: Pick<World, 'table' | 'time' | 'settings'>, agent: Agent): Promise<boolean> {
  if (agent.pauseReason !== 'budget') return false;
  const { date: period } = await momentNow(world);
  const instances = await listInstances(world.table, agent.id);
  const { limitMicros } = await getLimit(world.table, agentScope(agent.id));
  return budgetExceeded({ spentMicros: spentToday(instances, period), limitMicros });
}
