/** What the rules of alerts judge: agents, their money, limits, queues, approvals and signs of life, in few queries. */

import type { Agent, AgentSpec } from '../domain/agent.ts';
import type { Alert } from '../domain/alert/alert.ts';
import { missedTick } from '../domain/alert/missed-tick.ts';
import { type AlertAgent, type AlertFacts, isObserved } from '../domain/alert/rules.ts';
import { stuckTasks, type WatchedTask } from '../domain/alert/stuck-tasks.ts';
import { taskDrift } from '../domain/alert/task-drift.ts';
import { agentScope, defaultLimitMicros, isBasic, lineName } from '../domain/budget.ts';
import { periodOf } from '../domain/calendar.ts';
import { earningsFrom, netMicros } from '../domain/earnings.ts';
import { spentToday, sumTallies, todayOf } from '../domain/facts.ts';
import { type Halt, isUnder } from '../domain/halt.ts';
import type { Instance, Tally } from '../domain/instance.ts';
import { formatUsd, roiBps } from '../domain/money.ts';
import type { Item, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from './agent-store.ts';
import { openApprovals } from './approval-store.ts';
import { auditGaps } from './audit-gaps.ts';
import { getBudget } from './budget-store.ts';
import { percentOf } from './budget-view.ts';
import { momentNow } from './calendar-store.ts';
import { listChannels } from './channel-store.ts';
import { getHalt, listHalts } from './halt-store.ts';
import { decodeInstance } from './instance-item.ts';
import { fleetPk, shards } from './keys.ts';
import { readOrigin } from './origin-store.ts';
import { lastBeat, lastProof, lookingSince, refusedLately, WATCH_BEAT } from './pulse-store.ts';
import { queryAll } from './query-all.ts';
import { allLimits } from './scope-store.ts';
import { readSpec } from './spec-cache.ts';

export type AlertFactPorts = Pick<World, 'table' | 'time' | 'settings' | 'gauges'>;

/** As the topology says how often decisions are made. */
const DECIDE_EVERY_SECONDS = 3_600;
/** Three looks of the sweep. */
const LONGEST_GAP_MS = 15 * 60_000;
const MIN_RUNS = 10;

export type Looks = {
  /** What is wrong already, and is looked at again each time. */
  readonly known: readonly Alert[];
  /** As ECS shows them; null when it does not answer. */
  readonly tasksOf: (agents: readonly Agent[]) => Promise<readonly WatchedTask[] | null>;
};

export async function alertFacts(ports: AlertFactPorts, { known, tasksOf }: Looks): Promise<AlertFacts> {
  const { table, time, gauges } = ports;
  const [agents, shelf, moment] = await Promise.all([listAgents(table), readFleet(table), momentNow(ports)]);
  const tasks = await tasksOf(agents);
  const watchedSince = await lookingSince(ports, WATCH_BEAT, LONGEST_GAP_MS);
  const [budgets, approvals, channels, halts] = await Promise.all([
    budgetFacts(ports, { agents, shelf }),
    openApprovals(table),
    listChannels(table),
    listHalts(table),
  ]);
  const kept = tasks === null ? null : tasks.filter((task) => task.kept);
  const look = { shelf, tasks: kept, halts, period: moment.date, now: time.now(), watchedSince };
  return {
    now: time.now(),
    watchedSince,
    agents: agents.map((agent) => agentFacts(agent, look)),
    budgets,
    stuckTasks: stuckTasks({
      ...{ tasks: tasks ?? [], instances: [...shelf.instances.values()].flat() },
      ...{ specs: await specsInTasks(table, agents), now: time.now() },
    }),
    queues: await gauges.queues(),
    longestRun: longestRun([...shelf.instances.values()].flat()),
    approvals: approvals.map(({ id, title, createdAt, expiresAt }) => ({ id, title, createdAt, expiresAt })),
    decidedAt: await lastBeat(ports, 'evaluate-agents'),
    decideEverySeconds: DECIDE_EVERY_SECONDS,
    refused: await refusedLately(ports),
    ledgerFaults: await lastProof(table),
    auditGaps: await auditGaps(table, auditedNow(agents, known, time.now())),
    wentBack: await wentBack(table),
    channels: channels.map(({ name, problem }) => ({ name, problem })),
  };
}

function longestRun(instances: readonly Instance[]): AlertFacts['longestRun'] {
  const running = instances.flatMap(({ agentId, number, run }) =>
    run ? [{ agentId, number, startedAt: run.startedAt }] : [],
  );
  return running.toSorted((a, b) => a.startedAt - b.startedAt)[0] ?? null;
}

/** What was noticed about restored data, for as long as the switch that it turned on is on. */
async function wentBack(table: Table): Promise<string> {
  const { why, noticedAt } = await readOrigin(table);
  if (noticedAt === 0) return '';
  const { on, at } = await getHalt(table, 'fleet');
  return on && at === noticedAt ? why : '';
}

/** None of them is read where no agent runs in tasks. */
async function specsInTasks(table: Table, agents: readonly Agent[]): Promise<ReadonlyMap<string, AgentSpec>> {
  const inTasks = agents.filter(({ compute }) => compute !== undefined);
  return new Map(
    await Promise.all(
      inTasks.map(async ({ id, specVersion }) => [id, await readSpec(table, id, specVersion)] as const),
    ),
  );
}

const HOUR_MS = 3_600_000;
const FRESH_MS = 15 * 60_000;

/** A read for each agent: all of them once an hour, in between those that have changed and those that are wrong. */
function auditedNow(agents: readonly Agent[], known: readonly Alert[], now: number): readonly Agent[] {
  if (now % HOUR_MS < 5 * 60_000) return agents;
  const wrong = new Set(
    known.flatMap(({ rule, subject, state }) => (rule === 'audit_gap' && state !== 'resolved' ? [subject] : [])),
  );
  return agents.filter(({ id, updatedAt }) => updatedAt > now - FRESH_MS || wrong.has(`agent:${id}`));
}

type Shelf = {
  readonly instances: ReadonlyMap<string, readonly Instance[]>;
  readonly earnings: ReadonlyMap<string, Item>;
};

/** One query per shard: instances and earnings lie side by side. */
async function readFleet(table: Table): Promise<Shelf> {
  const items = (await Promise.all(shards.map((shard) => queryAll(table, { pk: fleetPk(shard) })))).flat();
  const isEarning = ({ sk }: Item): boolean => sk.endsWith('#EARN');
  const instances = items.filter((item) => !isEarning(item)).map(decodeInstance);
  const earnings = items.filter(isEarning).map((item) => [item.sk.split('#')[0] ?? '', item] as const);
  return { instances: Map.groupBy(instances, ({ agentId }) => agentId), earnings: new Map(earnings) };
}

const crashesOf = ({ crashed, timedOut }: Tally): number => crashed + timedOut;

type Look = {
  readonly shelf: Shelf;
  readonly tasks: readonly WatchedTask[] | null;
  readonly halts: readonly Halt[];
  readonly period: string;
  readonly now: number;
  readonly watchedSince: number;
};

function agentFacts(agent: Agent, { shelf, tasks, halts, period, now, watchedSince }: Look): AlertAgent {
  const { instances, earnings } = shelf;
  const mine = instances.get(agent.id) ?? [];
  const sums = earningsFrom(agent.id, earnings.get(agent.id) ?? {}, null);
  const total = sumTallies(mine.map((instance) => instance.total));
  const today = todayOf(mine, period);
  const judged = today.runs > MIN_RUNS ? today : total;
  const crashes = mine.flatMap(({ journal }) => journal).filter(({ outcome }) => outcome === 'crashed');
  return {
    ...{ id: agent.id, status: agent.status, instances: agent.instances, updatedAt: agent.updatedAt },
    halted: halts.some(({ scope, on }) => on && isUnder(scope, agent)),
    turnedAt: lastTurn(halts, agent),
    activeInstances: mine.filter(({ status }) => status === 'active').length,
    ...{ runs: total.runs, costMicros: total.costMicros },
    roiBps: roiBps(netMicros(sums), total.costMicros),
    observed: isObserved({ createdAt: agent.createdAt, hasEarned: sums.entries > 0 }, now),
    tasks: tasks && taskDrift({ agent, instances: mine, tasks, watchedSince, now }),
    missed: missedTick({ agent, instances: mine, turnedAt: lastTurn(halts, agent), watchedSince, now }),
    ...{ judgedRuns: judged.runs, judgedCrashes: crashesOf(judged), lastCrash: crashes.at(-1)?.note ?? '' },
  };
}

const lastTurn = (halts: readonly Halt[], agent: Agent): number =>
  Math.max(0, ...halts.filter(({ scope }) => isUnder(scope, agent)).map(({ at }) => at));

type Budgets = { readonly agents: readonly Agent[]; readonly shelf: Shelf };

/** Who spent most of the day's dollars, and how many; of one agent alone it goes without saying. */
function dearest({ instances }: Shelf, date: string): string {
  const spent = [...instances].map(([id, mine]) => ({ id, micros: spentToday(mine, date) }));
  const [first, second] = spent.toSorted((a, b) => b.micros - a.micros);
  return first && second && second.micros > 0 ? `${first.id}: ${formatUsd(first.micros)}` : '';
}

/** The dollars of the day from what ran; other limits from their budget, once it knows (before, money lies in slices). */
async function budgetFacts(ports: AlertFactPorts, { agents, shelf }: Budgets): Promise<AlertFacts['budgets']> {
  const { table } = ports;
  const moment = await momentNow(ports);
  const all = [...shelf.instances.values()].flat();
  const limits = await allLimits(table);
  const active = agents.filter(({ status }) => status === 'active' || status === 'paused');
  const scopes: [string, readonly Instance[]][] = [
    ['fleet', all],
    ...active.map(({ id }): [string, readonly Instance[]] => [agentScope(id), shelf.instances.get(id) ?? []]),
  ];
  const basic = scopes.map(([scope, instances]) => {
    const spent = spentToday(instances, moment.date);
    const set = limits.find(({ line }) => line.scope === scope && isBasic(line));
    const limitMicros = set?.limitMicros ?? defaultLimitMicros(scope);
    return {
      id: scope,
      percent: spent === 0 ? 0 : percentOf(spent, limitMicros),
      used: formatUsd(spent),
      limit: formatUsd(limitMicros),
      ...(scope === 'fleet' ? { mostBy: dearest(shelf, moment.date) } : {}),
    };
  });
  const special = limits
    .filter(({ line }) => !isBasic(line))
    .map(async ({ line }) => {
      const budget = await getBudget(table, line, periodOf(line.per, moment));
      const used =
        budget && (budget.exact || budget.full) && !budget.counting ? budget.limitMicros - budget.availableMicros : 0;
      const amount = (n: number): string => (line.kind === 'usd' ? formatUsd(n) : `${n} ${line.kind}`);
      const limit = budget?.limitMicros ?? 0;
      const percent = budget?.full ? 100 : used === 0 ? 0 : percentOf(used, limit);
      return { id: `${line.scope}#${lineName(line)}`, percent, used: amount(used), limit: amount(limit) };
    });
  return [...basic, ...(await Promise.all(special))];
}
