import { roiBps } from '../../shared/domain/money.ts';
import type { Member } from '../fleet.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { roiOf, usdOf } from '../render/words.ts';

export type AgentView = {
  readonly id: string;
  readonly name: string;
  readonly blueprint: string;
  readonly department: string;
  readonly stage: string;
  readonly status: string;
  readonly pauseReason: string | null;
  /** Wanted, and running as the reconciler left it. */
  readonly instances: number;
  readonly activeInstances: number;
  readonly schedule: { readonly expression: string; readonly timezone: string } | null;
  readonly specVersion: number;
  readonly health: string;
  readonly healthReasons: readonly string[];
  /** Of its whole life; `runs` counts those that ran, refused ones did not. */
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly crashed: number;
  readonly timedOut: number;
  readonly refused: number;
  readonly successBps: number | null;
  readonly costMicros: number;
  readonly costTodayMicros: number;
  /** Booked, net of refunds; what runs declared themselves is `earnedMicros`. */
  readonly revenueMicros: number;
  readonly earnedMicros: number;
  readonly profitMicros: number;
  readonly roiBps: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export function agentView({ agent, instances, total, today, sums, health }: Member): AgentView {
  const { runs, succeeded, failed, crashed, timedOut, refused, costMicros, earnedMicros } = total;
  return {
    id: agent.id,
    name: agent.name,
    blueprint: agent.blueprint,
    department: agent.department,
    stage: agent.stage,
    status: agent.status,
    pauseReason: agent.pauseReason,
    instances: agent.instances,
    activeInstances: instances.filter(({ status }) => status === 'active').length,
    schedule: agent.schedule && { ...agent.schedule },
    specVersion: agent.specVersion,
    health: health.state,
    healthReasons: [...health.reasons],
    ...{ runs, succeeded, failed, crashed, timedOut, refused },
    successBps: runs === 0 ? null : Math.floor((succeeded * 10_000) / runs),
    costMicros,
    costTodayMicros: today.costMicros,
    revenueMicros: sums.netMicros,
    earnedMicros,
    profitMicros: sums.netMicros - costMicros,
    roiBps: roiBps(sums.netMicros, costMicros),
    createdAt: new Date(agent.createdAt).toISOString(),
    updatedAt: new Date(agent.updatedAt).toISOString(),
  };
}

export function renderAgents(agents: readonly AgentView[], style: Style): string {
  return table(
    agents,
    [
      { title: 'AGENT', value: ({ id }) => id, min: 10 },
      { title: 'STATUS', value: ({ status }) => status, state: true },
      { title: 'HEALTH', value: ({ health }) => health, state: true, dropOrder: 2 },
      { title: 'N', value: ({ instances }) => String(instances), align: 'right' },
      { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' },
      { title: 'OK', value: ({ succeeded }) => String(succeeded), align: 'right' },
      { title: 'COST', value: ({ costMicros }) => usdOf(costMicros), align: 'money' },
      { title: 'REVENUE', value: ({ revenueMicros }) => usdOf(revenueMicros), align: 'money' },
      { title: 'ROI', value: (agent) => roiOf(agent.roiBps), align: 'right' },
      { title: 'DEPARTMENT', value: ({ department }) => department, min: 6, dropOrder: 3 },
    ],
    style,
    'no such agents; nova blueprint list shows what can be deployed',
  );
}

/** `active`, `paused (budget)` */
export function statusText({ status, pauseReason }: AgentView): string {
  return pauseReason ? `${status} (${pauseReason.replace('_', ' ')})` : status;
}
