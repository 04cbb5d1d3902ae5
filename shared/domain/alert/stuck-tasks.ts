/**
 * Tasks that should be gone and are not. What was set aside for them is used up, and from then on they cost money that
 * nobody has reserved. Pure; known from ECS, and, where that does not answer, from the lease that such a task still keeps.
 */
import type { AgentSpec } from '../agent.ts';
import type { Instance } from '../instance.ts';
import { formatUsd } from '../money.ts';
import { STOP_SECONDS, taskOf } from '../task.ts';
import { longestTaskMs } from '../wanted-tasks.ts';

export type WatchedTask = {
  readonly taskId: string;
  readonly agentId: string;
  readonly number: number;
  readonly createdAt: number;
  readonly stopping: boolean;
  /** Epoch milliseconds since which it is asked to stop; null when that is not known. */
  readonly stoppingAt: number | null;
  /** It is kept running: it has no time-out of its own. */
  readonly kept: boolean;
};

export type StuckTask = { readonly taskId: string; readonly message: string };

export type StuckFacts = {
  readonly tasks: readonly WatchedTask[];
  readonly instances: readonly Instance[];
  /** Of every agent that runs in tasks. */
  readonly specs: ReadonlyMap<string, AgentSpec>;
  readonly now: number;
};

/** SIGKILL has come by then, and its network has been taken down. */
const GONE_MS = (STOP_SECONDS + 180) * 1000;

export function stuckTasks(facts: StuckFacts): StuckTask[] {
  const found = [
    ...facts.tasks.flatMap((task) => ofEcs(task, facts)),
    ...facts.instances.flatMap((one) => ofLease(one, facts)),
  ];
  return [...new Map(found.reverse().map((one) => [one.taskId, one])).values()].reverse();
}

function ofEcs(
  { taskId, agentId, createdAt, stopping, stoppingAt, kept }: WatchedTask,
  { specs, now }: StuckFacts,
): StuckTask[] {
  const spec = specs.get(agentId);
  if (stopping && stoppingAt !== null && now >= stoppingAt + GONE_MS)
    return [told(taskId, agentId, `was asked to stop ${minutes(now - stoppingAt)} min ago and has not`, spec)];
  const overdue = spec && !kept && now >= createdAt + longestTaskMs(spec) + GONE_MS;
  return overdue
    ? [told(taskId, agentId, `is ${minutes(now - createdAt)} min old and could not be stopped`, spec)]
    : [];
}

/** A heart that beats after the time-out of its run: its process goes on, whatever it was told. */
function ofLease({ agentId, run }: Instance, { specs, now }: StuckFacts): StuckTask[] {
  const spec = specs.get(agentId);
  const taskId = run && taskOf(run.holder);
  if (!run || !spec || taskId === null || run.leaseUntil <= now) return [];
  const longestMs = longestTaskMs(spec) + (spec.restSeconds ?? 0) * 1000;
  if (now < run.startedAt + longestMs + GONE_MS) return [];
  return [
    told(taskId, agentId, `has worked on one run for ${minutes(now - run.startedAt)} min and does not end`, spec),
  ];
}

function told(taskId: string, agentId: string, what: string, spec: AgentSpec | undefined): StuckTask {
  const nanos = spec?.task?.nanosPerSecond ?? 0;
  const price =
    nanos > 0 ? ` It costs ${formatUsd(Math.ceil((nanos * 3_600) / 1000))} an hour, which nobody has set aside.` : '';
  return { taskId, message: `Task ${taskId} of ${agentId} ${what}.${price}` };
}

const minutes = (ms: number): number => Math.floor(ms / 60_000);
