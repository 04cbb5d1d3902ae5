/** Desired state against the world as it is: the steps that make them equal. No step when they are. */
import type { Agent, AgentSchedule } from './agent.ts';
import { sameSchedule } from './agent-change.ts';
import type { Instance, InstanceStatus } from './instance.ts';

export type InstanceSchedule = {
  readonly name: string;
  readonly agentId: string;
  readonly instance: number;
  readonly schedule: AgentSchedule;
  readonly flexibleMinutes: number;
};

export type Step =
  | { readonly do: 'create_instance'; readonly number: number }
  | {
      readonly do: 'set_instance';
      readonly number: number;
      readonly status: InstanceStatus;
      /** It starts anew: what it crashed before no longer counts. */
      readonly clearCrashes: boolean;
    }
  | { readonly do: 'delete_schedule'; readonly name: string }
  | { readonly do: 'put_schedule'; readonly schedule: InstanceSchedule };

export type Actual = {
  readonly instances: readonly Instance[];
  readonly schedules: readonly InstanceSchedule[];
  /** The shortest time between two ticks of the schedule, in seconds; null for a one-off or none. */
  readonly intervalSeconds: number | null;
  /** The kill switch is on over the agent. */
  readonly halted?: boolean;
};

/** Instances above 0 start somewhere in here, so that a scaled agent does not hit the same second many times over. */
const MAX_FLEXIBLE_MINUTES = 15;

export const scheduleName = (agentId: string, instance: number): string => `${agentId}-${instance}`;

/**
 * The steps in their order: admission first (an instance that is not active refuses every run), then the schedules
 * that must go, then those that must come. Doing them twice, or stopping between two, does no harm.
 */
export function reconcile(agent: Agent, actual: Actual): readonly Step[] {
  const wanted = actual.halted ? [] : wantedSchedules(agent, actual.intervalSeconds);
  const names = new Set(wanted.map(({ name }) => name));
  return [
    ...instanceSteps(agent, actual),
    ...actual.schedules
      .filter(({ name }) => !names.has(name))
      .map(({ name }): Step => ({ do: 'delete_schedule', name })),
    ...wanted
      .filter((schedule) => !actual.schedules.some((kept) => sameInstanceSchedule(kept, schedule)))
      .map((schedule): Step => ({ do: 'put_schedule', schedule })),
  ];
}

function instanceSteps(agent: Agent, { instances, halted = false }: Actual): Step[] {
  const known = new Map(instances.map((instance) => [instance.number, instance]));
  const steps: Step[] = [];
  for (const instance of [...instances].sort((a, b) => a.number - b.number)) {
    const wanted = wantedStatus(agent, instance.number);
    const status = halted && wanted === 'active' ? 'halted' : wanted;
    if (status === instance.status && (status === 'retired' || instance.specVersion === agent.specVersion)) continue;
    const clearCrashes = status === 'active' && instance.status === 'paused';
    steps.push({ do: 'set_instance', number: instance.number, status, clearCrashes });
  }
  if (agent.status !== 'active' || halted) return steps;
  for (let number = 0; number < agent.instances; number++) {
    if (!known.has(number)) steps.push({ do: 'create_instance', number });
  }
  return steps;
}

/** A surplus instance is paused, not retired: its run in progress may end, and scaling up finds it again. */
function wantedStatus(agent: Agent, number: number): InstanceStatus {
  if (agent.status === 'retired') return 'retired';
  return agent.status === 'active' && number < agent.instances ? 'active' : 'paused';
}

function wantedSchedules(agent: Agent, intervalSeconds: number | null): InstanceSchedule[] {
  const { schedule } = agent;
  if (agent.status !== 'active' || !schedule) return [];
  return Array.from({ length: agent.instances }, (_, instance) => ({
    name: scheduleName(agent.id, instance),
    agentId: agent.id,
    instance,
    schedule,
    flexibleMinutes: instance === 0 ? 0 : flexibleMinutes(intervalSeconds),
  }));
}

/** Half the interval at most: the ticks of one instance must never meet. */
function flexibleMinutes(intervalSeconds: number | null): number {
  if (intervalSeconds === null) return 0;
  return Math.min(MAX_FLEXIBLE_MINUTES, Math.floor(intervalSeconds / 120));
}

function sameInstanceSchedule(a: InstanceSchedule, b: InstanceSchedule): boolean {
  return a.name === b.name && a.flexibleMinutes === b.flexibleMinutes && sameSchedule(a.schedule, b.schedule);
}
