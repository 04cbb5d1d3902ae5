/**
 * The facts of one decision pass: agents, limits, 16 shards, and what earlier decisions left behind. What cannot be read
 * of one agent is told, and stops no other.
 */
import type { Agent } from '../domain/agent.ts';
import { agentScope, BUDGET_KIND, defaultLimitMicros } from '../domain/budget.ts';
import { type Earnings, earningsFrom } from '../domain/earnings.ts';
import { messageOf } from '../domain/error.ts';
import {
  type AgentFacts,
  type FleetBudget,
  observedFrequency,
  spentToday,
  todayOf,
  totalsOf,
} from '../domain/facts.ts';
import { healthOf } from '../domain/health.ts';
import type { Instance } from '../domain/instance.ts';
import { NO_PACE, type Pace, paceOf } from '../domain/pace.ts';
import { NO_RESERVE_FACTS, type ReserveFacts } from '../domain/reserve.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { decodeAgent } from './agent-item.ts';
import { decodeLimit } from './budget-store.ts';
import { momentNow } from './calendar-store.ts';
import { decisionMemory } from './decision-lock.ts';
import { openDecisions } from './decision-store.ts';
import { decodeInstance } from './instance-item.ts';
import { agentsPk, fleetPk, limitPk, shards } from './keys.ts';
import { currentPolicy } from './policy-store.ts';
import { queryAll } from './query-all.ts';
import { reserveFacts } from './reserve-store.ts';
import { readSpec } from './spec-cache.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

export type FleetFacts = {
  /** By agent id. Retired agents and drafts are left out: nothing is to be decided about them. */
  readonly facts: readonly AgentFacts[];
  readonly unreadable: readonly { readonly agentId: string; readonly why: string }[];
  readonly budget: FleetBudget;
  readonly now: number;
};

type Shelf = {
  readonly instances: ReadonlyMap<string, readonly Item[]>;
  readonly earnings: ReadonlyMap<string, Item>;
  readonly limits: ReadonlyMap<string, Item>;
  readonly refunds: ReadonlyMap<string, ReserveFacts>;
  readonly paces: Map<string, Pace>;
  readonly now: number;
  readonly period: string;
};

/** So many agents are read at a time. */
const AT_ONCE = 16;

export async function fleetFacts(world: Ports): Promise<FleetFacts> {
  const shelf = await readShelf(world);
  const items = await queryAll(world.table, { pk: agentsPk });
  const read: Read[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const some = items.slice(from, from + AT_ONCE);
    read.push(...(await Promise.all(some.map((item) => readAgent(world.table, item, shelf)))));
  }
  return {
    facts: read.flatMap((one) => ('facts' in one && one.facts ? [one.facts] : [])),
    unreadable: read.flatMap((one) => ('why' in one ? [one] : [])),
    budget: await fleetBudget(world.table, shelf),
    now: shelf.now,
  };
}

type Read = { readonly facts: AgentFacts | null } | { readonly agentId: string; readonly why: string };

async function readAgent(table: Table, item: Item, shelf: Shelf): Promise<Read> {
  try {
    const agent = decodeAgent(item);
    const concerned = agent.status === 'active' || agent.status === 'paused';
    return { facts: concerned ? await factsOf(table, agent, shelf) : null };
  } catch (thrown) {
    return { agentId: item.sk, why: messageOf(thrown) };
  }
}

async function readShelf(ports: Ports): Promise<Shelf> {
  const { table, time } = ports;
  const now = time.now();
  const [limits, ...fleet] = await Promise.all([
    queryAll(table, { pk: limitPk }),
    ...shards.map((shard) => queryAll(table, { pk: fleetPk(shard) })),
  ]);
  const instances = new Map<string, Item[]>();
  const earnings = new Map<string, Item>();
  for (const item of fleet.flat()) {
    const [agentId = '', part] = item.sk.split('#');
    if (part === 'EARN') earnings.set(agentId, item);
    else instances.set(agentId, [...(instances.get(agentId) ?? []), item]);
  }
  const ofDays = limits.filter(({ sk }) => sk.endsWith(`#${BUDGET_KIND}`));
  const byScope = new Map(ofDays.map((item) => [item.sk.slice(0, item.sk.lastIndexOf('#')), item]));
  const refunds = await reserveFacts(table, now, await currentPolicy(table));
  const { date: period } = await momentNow(ports);
  return { instances, earnings, limits: byScope, refunds, paces: new Map(), now, period };
}

async function factsOf(table: Table, agent: Agent, shelf: Shelf): Promise<AgentFacts> {
  const { now, period } = shelf;
  const instances = (shelf.instances.get(agent.id) ?? []).map(decodeInstance);
  const crashLimit = (await readSpec(table, agent.id, agent.specVersion)).crashLimit;
  const pace = paceFor(agent, shelf);
  const totals = totalsOf(instances, earningsOf(agent.id, shelf));
  const today = todayOf(instances, period);
  // Instances that a person has just resumed are still paused: what they crashed before no longer counts.
  const active = instances.filter(({ status }) => status === 'active');
  return {
    agent,
    activeInstances: active.length,
    totals,
    today,
    health: healthOf({ agent, instances, crashLimit, longestGapSeconds: pace.longestGapSeconds, now }),
    crashStreak: Math.max(0, ...active.map((instance) => instance.crashStreak)),
    crashLimit,
    coolingUntil: Math.max(0, ...active.map((instance) => instance.coolingUntil)),
    frequency: agent.schedule
      ? { count: pace.frequency.count * agent.instances, days: pace.frequency.days }
      : observedFrequency(today.runs, totals.runs, now - agent.createdAt),
    budget: { limitMicros: limitOf(agentScope(agent.id), shelf), spentMicros: spentToday(instances, period) },
    memory: await decisionMemory(table, agent.id),
    refunds: shelf.refunds.get(agent.id) ?? NO_RESERVE_FACTS,
  };
}

function paceFor({ schedule }: Agent, { paces, now }: Shelf): Pace {
  if (!schedule) return NO_PACE;
  const name = `${schedule.expression} ${schedule.timezone}`;
  const known = paces.get(name) ?? paceOf(schedule, now);
  paces.set(name, known);
  return known;
}

function earningsOf(agentId: string, shelf: Shelf): Earnings {
  return earningsFrom(agentId, shelf.earnings.get(agentId) ?? {}, null);
}

function limitOf(scope: string, shelf: Shelf): number {
  const item = shelf.limits.get(scope);
  return item ? decodeLimit(scope, item).limitMicros : defaultLimitMicros(scope);
}

async function fleetBudget(table: Table, shelf: Shelf): Promise<FleetBudget> {
  const all = [...shelf.instances.values()].flat().flatMap(readable);
  const waiting = (await openDecisions(table)).filter(({ status }) => status === 'approved' || status === 'executing');
  return {
    limitMicros: limitOf('fleet', shelf),
    spentMicros: spentToday(all, shelf.period),
    committedMicros: waiting.reduce((sum, one) => sum + Math.max(0, one.costImpactMicrosPerDay), 0),
  };
}

function readable(item: Item): Instance[] {
  try {
    return [decodeInstance(item)];
  } catch {
    return [];
  }
}
