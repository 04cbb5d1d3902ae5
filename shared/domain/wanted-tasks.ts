/**
 * Tasks that should be against tasks that are: which to start, which to stop, and why. Pure; done again each minute, so
 * what an answer of ECS did not show yet is put right by the next look.
 */
import type { Agent, AgentSpec } from './agent.ts';
import { lastActivity } from './health.ts';
import type { Instance } from './instance.ts';
import { endOf, openTicks, type Slot, tickMs, tickSlot } from './run.ts';
import { MAX_FLEET_TASKS, TAIL_SECONDS } from './task.ts';

export type SeenTask = {
  readonly taskId: string;
  readonly stopping: boolean;
  readonly createdAt: number;
  readonly agentId: string;
  readonly number: number;
  /** The claim it was started for; null for one that is kept alive. */
  readonly fence: number | null;
  /** The version of the config it works with, of one that is kept alive. */
  readonly specVersion: number | null;
  /** The cycle that was claimed for it, of one that is kept alive. */
  readonly first?: { readonly slot: Slot; readonly fence: number } | null;
};

export type TaskFacts = {
  readonly agents: readonly Agent[];
  /** The newest of every agent that runs in tasks. */
  readonly specs: ReadonlyMap<string, AgentSpec>;
  readonly instances: readonly Instance[];
  readonly tasks: readonly SeenTask[];
  readonly leaseSeconds: number;
  readonly now: number;
};

export type TaskStep =
  | { readonly do: 'stop'; readonly taskId: string; readonly reason: string }
  /** Its first cycle is asked for, as a tick is: claimed first, so that no task is started that has no money. */
  | {
      readonly do: 'start';
      readonly agentId: string;
      readonly number: number;
      readonly slot: Slot;
      readonly attempt: number;
    };

/** Starts of one agent in one look, so that a scaled agent does not come up all at once. */
const STARTS_PER_AGENT = 5;
const STARTS_PER_LOOK = 10;
/** After a refusal (its budget, most often) so long nothing is started. */
const REFUSED_MS = 15 * 60_000;
/** Leases that a task without a run is given: its run may just have ended, or be about to be seen. */
const ORPHAN_LEASES = 2;
/** Beyond its rest, before a task that begins no cycle is taken for dead. */
const SILENT_MS = 10 * 60_000;
/** Leases for which the same start is asked for: what is asked twice is one slot. */
const START_LEASES = 2;

export function taskSteps(facts: TaskFacts): readonly TaskStep[] {
  const stops = facts.tasks.flatMap((task) => judgeTask(task, facts));
  return [...stops, ...starts(facts)];
}

/** One that is on its way out is left to it: whether it goes is for the watch over alerts. */
function judgeTask(task: SeenTask, facts: TaskFacts): TaskStep[] {
  if (task.stopping) return [];
  const ageMs = facts.now - task.createdAt;
  const allowedMs = allowed(task, facts);
  const late = allowedMs !== null && ageMs > allowedMs;
  const reason = late
    ? 'it outlived its time-out'
    : task.fence === null
      ? unwanted(task, facts)
      : orphaned(task, facts, ageMs);
  return reason === null ? [] : [{ do: 'stop', taskId: task.taskId, reason }];
}

/** The longest that a task of a run may be there: what was held for it covers it so long. null where it is kept alive. */
function allowed({ agentId, fence }: SeenTask, { specs }: TaskFacts): number | null {
  const spec = specs.get(agentId);
  return fence === null || !spec ? null : longestTaskMs(spec);
}

export const longestTaskMs = ({ timeoutSeconds }: Pick<AgentSpec, 'timeoutSeconds'>): number =>
  (timeoutSeconds + TAIL_SECONDS) * 1000;

function orphaned(task: SeenTask, { instances, leaseSeconds }: TaskFacts, ageMs: number): string | null {
  const instance = instances.find(({ agentId, number }) => agentId === task.agentId && number === task.number);
  if (instance?.run && instance.fence === task.fence)
    return ENDED.includes(instance.status) ? `its instance is ${instance.status}` : null;
  return ageMs > ORPHAN_LEASES * leaseSeconds * 1000 ? 'it has no run' : null;
}

const ENDED: readonly string[] = ['retired', 'halted'];

function unwanted(task: SeenTask, facts: TaskFacts): string | null {
  const { agentId, number } = task;
  const agent = facts.agents.find(({ id }) => id === agentId);
  if (agent?.status !== 'active') return `its agent is ${agent?.status ?? 'unknown'}`;
  if (!agent.continuous || !agent.compute) return 'its agent is no longer kept running';
  if (number >= agent.instances) return `scaled to ${agent.instances}`;
  const instance = facts.instances.find((one) => one.agentId === agentId && one.number === number);
  if (instance && instance.status !== 'active') return `its instance is ${instance.status}`;
  if (instance && isLost(task, instance)) return 'its heart stopped';
  if (isSilent(task, instance, facts)) return 'it begins no cycle';
  if (task.specVersion !== agent.specVersion) return `replaced by version ${agent.specVersion}`;
  const older = facts.tasks.some((other) => isTwin(task, other) && isBefore(other, task));
  return older ? 'its instance has another task' : null;
}

/** It neither works nor rests: no lease is there that could run out, and ECS sees nothing but a process. */
function isSilent(task: SeenTask, instance: Instance | undefined, { specs, now }: TaskFacts): boolean {
  if (!instance || instance.run !== null) return false;
  const restMs = (specs.get(task.agentId)?.restSeconds ?? 0) * 1000;
  return now - Math.max(task.createdAt, lastActivity(instance)) > restMs + SILENT_MS;
}

const isTwin = (task: SeenTask, other: SeenTask): boolean =>
  other.agentId === task.agentId &&
  other.number === task.number &&
  other.fence === null &&
  other.specVersion === task.specVersion &&
  !other.stopping;

const isBefore = (a: SeenTask, b: SeenTask): boolean =>
  a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.taskId < b.taskId);

function starts(facts: TaskFacts): TaskStep[] {
  const room = Math.min(STARTS_PER_LOOK, MAX_FLEET_TASKS - facts.tasks.length);
  const wanted = facts.agents.flatMap((agent) => startsOf(agent, facts).slice(0, STARTS_PER_AGENT));
  return wanted.slice(0, Math.max(0, room));
}

/** It would be refused again, and its records would be pushed out by refusals. One that came beside a run says nothing. */
function refusedLately({ journal }: Instance, now: number): boolean {
  const last = journal.at(-1);
  return last?.outcome === 'refused' && last.note !== 'overlap' && now - endOf(last) < REFUSED_MS;
}

/** A cycle that lost an attempt is taken up first. A new one comes after all that have closed, or it would be too late. */
function slotFor(instance: Instance, { leaseSeconds, now }: TaskFacts): Slot {
  const { recent, floor } = instance;
  const [open] = openTicks(instance);
  if (open !== undefined) return open;
  const turnMs = START_LEASES * leaseSeconds * 1000;
  return tickSlot(Math.max(Math.floor(now / turnMs) * turnMs, floor + 1, ...recent.map((slot) => tickMs(slot) + 1)));
}

function startsOf(agent: Agent, facts: TaskFacts): TaskStep[] {
  if (agent.status !== 'active' || !agent.continuous || !agent.compute) return [];
  const { instances, tasks, leaseSeconds, now } = facts;
  const { id: agentId, specVersion } = agent;
  return (
    instances
      .filter((one) => one.agentId === agentId && one.number < agent.instances)
      // What the reconciler has not brought up to date yet would refuse every claim.
      .filter((one) => one.status === 'active' && one.specVersion === specVersion && one.coolingUntil <= now)
      // A task on its way out has to be gone first, and a run that somebody holds has to end. One whose heart stopped may
      // take minutes to go; what it still does is fenced.
      .filter((one) => !tasks.some((task) => isItsTask(task, one)))
      .filter(({ run }) => run === null || run.leaseUntil <= now)
      .filter((one) => !refusedLately(one, now))
      .filter((one) => openTicks(one).length > 0 || now - ranUntil(one) >= leaseSeconds * 1000)
      .sort((a, b) => a.number - b.number)
      .map((one) => {
        const slot = slotFor(one, facts);
        return { do: 'start', agentId, number: one.number, slot, attempt: (one.tries[slot]?.attempts ?? 0) + 1 };
      })
  );
}

/** Whoever ended a cycle a moment ago may rest for the next one, in a task that was just started and is not listed yet. */
function ranUntil({ journal }: Instance): number {
  const last = journal.findLast(({ outcome }) => outcome !== 'refused' && outcome !== 'cancelled');
  return last ? endOf(last) : 0;
}

const isItsTask = (task: SeenTask, instance: Instance): boolean =>
  task.agentId === instance.agentId && task.number === instance.number && !isLost(task, instance);

/** Its lease ran out: that of a cycle, or of the claim that it was started for and never took over. */
function isLost({ taskId, first }: SeenTask, { lastLostTask, fence, run, tries }: Instance): boolean {
  if (taskId === lastLostTask) return true;
  return Boolean(first && run === null && first.fence === fence && tries[first.slot] !== undefined);
}
