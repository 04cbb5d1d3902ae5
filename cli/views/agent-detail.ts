import type { JsonObject } from '../../shared/domain/agent.ts';
import { agentScope } from '../../shared/domain/budget.ts';
import { firings } from '../../shared/domain/schedule/next.ts';
import { parseSchedule } from '../../shared/domain/schedule/parse.ts';
import type { Compute } from '../../shared/domain/task.ts';
import type { World } from '../../shared/ports/world.ts';
import { type BudgetView, viewBudget } from '../../shared/store/budget-view.ts';
import { readSpec } from '../../shared/store/spec-cache.ts';
import { theAgent } from '../agents.ts';
import { membersOf } from '../fleet.ts';
import { blocks, details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { longTime, plural, roiOf, usdOf } from '../render/words.ts';
import { type AgentView, agentView, statusText } from './agent.ts';

type ComputeView = {
  readonly kind: Compute;
  readonly cpuUnits: number | null;
  readonly memoryMb: number | null;
  readonly gpus: number;
  readonly spot: boolean;
  /** Continuous: between two cycles. */
  readonly restSeconds: number | null;
  /** What a second of a task costs, in nano-USD; null for a function. */
  readonly nanosPerSecond: number | null;
  readonly autoRestart: boolean;
};

type InstanceView = {
  readonly id: string;
  readonly number: number;
  readonly status: string;
  readonly runId: string | null;
  readonly runs: number;
  readonly costMicros: number;
  readonly crashStreak: number;
  readonly coolingUntil: string | null;
};

export type AgentDetail = AgentView & {
  readonly config: JsonObject;
  /** The most one run may cost, and may take. */
  readonly holdMicros: number;
  readonly timeoutSeconds: number;
  readonly crashLimit: number;
  readonly cooldownSeconds: number;
  readonly overlap: string;
  readonly compute: ComputeView;
  /** Its tasks are kept running. */
  readonly continuous: boolean;
  readonly budget: BudgetView;
  readonly instanceList: readonly InstanceView[];
  readonly lastActivityAt: string | null;
  /** The next tick of instance 0; null without a schedule, or while it is not active. */
  readonly nextRunAt: string | null;
};

/** @throws NovaError not_found */
export async function agentDetail(
  world: Pick<World, 'table' | 'time' | 'settings' | 'hashing'>,
  id: string,
): Promise<AgentDetail> {
  const agent = await theAgent(world, id);
  const [[member], spec, budget] = await Promise.all([
    membersOf(world, [agent]),
    readSpec(world.table, agent.id, agent.specVersion),
    viewBudget(world, agentScope(agent.id)),
  ]);
  if (!member) throw new RangeError('one agent in, none out');
  const { config, holdMicros, timeoutSeconds, crashLimit, cooldownSeconds, overlap, task } = spec;
  return {
    ...agentView(member),
    ...{ config, holdMicros, timeoutSeconds, crashLimit, cooldownSeconds, overlap, budget },
    compute: {
      ...{ kind: task?.kind ?? 'lambda', cpuUnits: task?.cpuUnits ?? null, memoryMb: task?.memoryMb ?? null },
      ...{ gpus: task?.gpus ?? 0, spot: task?.spot ?? false, restSeconds: spec.restSeconds ?? null },
      nanosPerSecond: task?.nanosPerSecond ?? null,
      autoRestart: spec.autoRestart !== false,
    },
    continuous: agent.continuous ?? false,
    instanceList: member.instances.map((instance) => ({
      id: `${agent.id}.${instance.number}`,
      number: instance.number,
      status: instance.status,
      runId: instance.run ? `${agent.id}.${instance.number}.${instance.run.slot}` : null,
      runs: instance.total.runs,
      costMicros: instance.total.costMicros,
      crashStreak: instance.crashStreak,
      coolingUntil: isoOrNull(instance.coolingUntil),
    })),
    lastActivityAt: isoOrNull(member.lastActivityAt ?? 0),
    nextRunAt:
      agent.status === 'active' && agent.schedule ? nextRun(agent.schedule, agent.createdAt, world.time.now()) : null,
  };
}

const isoOrNull = (ms: number): string | null => (ms > 0 ? new Date(ms).toISOString() : null);

function nextRun(schedule: { expression: string; timezone: string }, createdAt: number, now: number): string | null {
  const next = firings(parseSchedule(schedule.expression), schedule.timezone, now, createdAt).next();
  return next.done ? null : new Date(next.value).toISOString();
}

export function renderAgent(agent: AgentDetail, style: Style): string {
  const { schedule, budget } = agent;
  return blocks(
    details(
      agent.id,
      [
        ['name', agent.name === agent.id ? null : agent.name],
        ['status', statusText(agent)],
        ['health', [agent.health, ...agent.healthReasons].join(', ')],
        ['blueprint', `${agent.blueprint} (config version ${agent.specVersion})`],
        ['department', `${agent.department}${agent.stage === 'sandbox' ? ', sandbox' : ''}`],
        ['instances', `${agent.activeInstances} of ${agent.instances} active`],
        ['compute', computeText(agent)],
        ['schedule', schedule && `${schedule.expression} ${schedule.timezone}`],
        ['next run', longTime(agent.nextRunAt)],
        ['last activity', longTime(agent.lastActivityAt)],
        ['runs', runsText(agent)],
        ['cost', `${usdOf(agent.costMicros)} (today ${usdOf(agent.costTodayMicros)})`],
        ['revenue', usdOf(agent.revenueMicros)],
        ['profit, ROI', `${usdOf(agent.profitMicros)}, ${roiOf(agent.roiBps)}`],
        ['budget a day', `${usdOf(budget.limitMicros)}: ${budget.percent} % used, ${budget.status}`],
        ['a run may', `cost ${usdOf(agent.holdMicros)} and take ${agent.timeoutSeconds} s`],
        ['config', JSON.stringify(agent.config)],
      ],
      style,
    ),
    renderInstances(agent, style),
  );
}

/** `fargate, 1 processor, 2048 MB, Spot; kept running, 60 s of rest` */
function computeText({ compute, continuous }: AgentDetail): string {
  const { kind, cpuUnits, memoryMb, gpus, spot, restSeconds, autoRestart } = compute;
  const size = cpuUnits === null ? [] : [`${cpuUnits / 1024} processors`, `${memoryMb} MB`];
  const more = [...(gpus > 0 ? [plural(gpus, 'GPU')] : []), ...(spot ? ['Spot'] : [])];
  const kept = continuous ? `; kept running, ${restSeconds} s of rest` : '';
  return `${[kind, ...size, ...more].join(', ')}${kept}${autoRestart ? '' : '; paused at its first crash'}`;
}

function runsText({ runs, succeeded, failed, crashed, timedOut, refused }: AgentView): string {
  const others = Object.entries({ failed, crashed, 'timed out': timedOut, refused }).filter(([, n]) => n > 0);
  return [`${plural(runs, 'run')}: ${succeeded} succeeded`, ...others.map(([name, n]) => `${n} ${name}`)].join(', ');
}

function renderInstances({ instanceList }: AgentDetail, style: Style): string {
  if (instanceList.length === 0) return '';
  return table(
    instanceList,
    [
      { title: 'INSTANCE', value: ({ id }) => id, min: 10 },
      { title: 'STATUS', value: ({ status }) => status, state: true },
      { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' },
      { title: 'COST', value: ({ costMicros }) => usdOf(costMicros), align: 'money' },
      { title: 'CRASHES IN A ROW', value: ({ crashStreak }) => String(crashStreak), align: 'right' },
      { title: 'RUNNING', value: ({ runId }) => runId ?? '', min: 8, dropOrder: 1 },
    ],
    style,
    '',
  );
}
