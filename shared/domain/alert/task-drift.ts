/** Tasks that are kept running against those that ECS shows: what has been missing, or too much, for too long. Pure. */
import type { Agent } from '../agent.ts';
import { freeSince, type Instance } from '../instance.ts';

export type KeptTask = {
  readonly agentId: string;
  readonly number: number;
  readonly createdAt: number;
  readonly stopping: boolean;
};

/** A look at the tasks brings them to what is wanted each minute; a start takes one or two. */
export const DRIFT_MS = 15 * 60_000;

export type TaskDrift = {
  readonly wanted: number;
  readonly running: number;
  /** Wanted and not there, though nothing keeps it from starting; there and not wanted. */
  readonly missing: number;
  readonly extra: number;
};

export type DriftFacts = {
  readonly agent: Agent;
  readonly instances: readonly Instance[];
  readonly tasks: readonly KeptTask[];
  /** Since when somebody has looked without a gap. */
  readonly watchedSince: number;
  readonly now: number;
};

/** null: none of its tasks is kept running, and none was. */
export function taskDrift({ agent, instances, tasks, watchedSince, now }: DriftFacts): TaskDrift | null {
  const mine = tasks.filter(({ agentId, stopping }) => agentId === agent.id && !stopping);
  const keeps = agent.continuous === true && agent.compute !== undefined;
  if (!keeps && mine.length === 0) return null;
  const wanted = keeps && agent.status === 'active' ? agent.instances : 0;
  const settled = now >= Math.max(agent.updatedAt, watchedSince) + DRIFT_MS;
  const isLate = (one: Instance): boolean => isFree(one, now) && now >= freeSince(one) + DRIFT_MS;
  const missing = instances.filter(
    (one) => one.number < wanted && isLate(one) && !mine.some(({ number }) => number === one.number),
  );
  const seen = new Set<number>();
  const extra = mine.filter(({ number, createdAt }) => {
    const isSpare = number >= wanted || seen.has(number);
    seen.add(number);
    return isSpare && now >= createdAt + DRIFT_MS;
  });
  return {
    ...{ wanted, running: mine.length },
    ...{ missing: settled ? missing.length : 0, extra: settled ? extra.length : 0 },
  };
}

/** One that cools, was refused (its budget tells of that) or has a run is not waited for. */
const isFree = ({ status, coolingUntil, journal, run }: Instance, now: number): boolean =>
  status === 'active' &&
  coolingUntil <= now &&
  journal.at(-1)?.outcome !== 'refused' &&
  (run === null || run.leaseUntil <= now);
