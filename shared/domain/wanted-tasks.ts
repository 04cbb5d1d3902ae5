/**
 * Tasks that should be against tasks that are: which to start, which to stop, and why. Pure; done again each minute, so
 * what an answer of ECS did not show yet is put right by the next look.
 */
import type { Agent, AgentSpec } from './agent.ts';
import type { Instance } from './instance.ts';
import { MAX_FLEET_TASKS, STOP_SECONDS, TAIL_SECONDS } from './task.ts';

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
  | { readonly do: 'start'; readonly agentId: string; readonly number: number; readonly specVersion: number }
  /** It was asked to stop long ago and has not: it goes on costing, and nobody can end it from here. */
  | {
      readonly do: 'alarm';
      readonly taskId: string;
      readonly agentId: string;
      readonly minutes: number;
      readonly lateMinutes: number;
    };

/** Starts of one agent in one look, so that a scaled agent does not come up all at once. */
const STARTS_PER_AGENT = 5;
const STARTS_PER_LOOK = 10;
/** After a refusal (its budget, most often) so long nothing is started. */
const REFUSED_MS = 15 * 60_000;
/** Leases that a task without a run is given: its run may just have ended, or be about to be seen. */
const ORPHAN_LEASES = 2;

export function taskSteps(facts: TaskFacts): readonly TaskStep[] {
  const stops = facts.tasks.flatMap((task) => judgeTask(task, facts));
  return [...stops, ...starts(facts)];
}

type Judged = Exclude<TaskStep, { do: 'start' }>;

function judgeTask(task: SeenTask, facts: TaskFacts): Judged[] {
  const ageMs = facts.now - task.createdAt;
  const allowedMs = allowed(task, facts);
  if (task.stopping || (allowedMs !== null && ageMs > allowedMs)) return overdue(task, { facts, ageMs, allowedMs });
  const reason = task.fence === null ? unwanted(task, facts) : orphaned(task, facts, ageMs);
  return reason === null ? [] : [{ do: 'stop', taskId: task.taskId, reason }];
}

/** The longest that a task of a run may be there; null where it is kept alive. */
function allowed({ agentId, fence }: SeenTask, { specs }: TaskFacts): number | null {
  const spec = specs.get(agentId);
  return fence === null || !spec ? null : (spec.timeoutSeconds + TAIL_SECONDS) * 1000;
}

type Late = { readonly facts: TaskFacts; readonly ageMs: number; readonly allowedMs: number | null };

/** What was held for it covers it up to here. A task that outlives that is stopped, and from then on it is an alarm. */
function overdue({ taskId, agentId, stopping }: SeenTask, { ageMs, allowedMs }: Late): Judged[] {
  if (!stopping) return [{ do: 'stop', taskId, reason: 'it outlived its time-out' }];
  const lateMs = allowedMs === null ? 0 : ageMs - allowedMs - STOP_SECONDS * 1000;
  if (lateMs < 60_000) return [];
  const [minutes, lateMinutes] = [Math.floor(ageMs / 60_000), Math.floor(lateMs / 60_000)];
  return [{ do: 'alarm', taskId, agentId, minutes, lateMinutes }];
}

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
  if (task.specVersion !== agent.specVersion) return `replaced by version ${agent.specVersion}`;
  const older = facts.tasks.some((other) => isTwin(task, other) && isBefore(other, task));
  return older ? 'its instance has another task' : null;
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

/** It would be refused again, and its task billed a minute for that. */
function refusedLately({ journal }: Instance, now: number): boolean {
  const last = journal.at(-1);
  return last?.outcome === 'refused' && now - last.startedAt - last.durationMs < REFUSED_MS;
}

function startsOf(agent: Agent, { instances, tasks, now }: TaskFacts): TaskStep[] {
  if (agent.status !== 'active' || !agent.continuous || !agent.compute) return [];
  const { id: agentId, specVersion } = agent;
  return (
    instances
      .filter((one) => one.agentId === agentId && one.number < agent.instances)
      // What the reconciler has not brought up to date yet would refuse every claim.
      .filter((one) => one.status === 'active' && one.specVersion === specVersion && one.coolingUntil <= now)
      // A task on its way out has to be gone first, and a run that somebody holds has to end.
      .filter((one) => !tasks.some((task) => task.agentId === agentId && task.number === one.number))
      .filter(({ run }) => run === null || run.leaseUntil <= now)
      .filter((one) => !refusedLately(one, now))
      .sort((a, b) => a.number - b.number)
      .map(({ number }) => ({ do: 'start', agentId, number, specVersion }))
  );
}
