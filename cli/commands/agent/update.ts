import { loadBlueprint } from '../../../shared/blueprints/registry.ts';
import type { Agent, AgentSchedule, AgentSpec, JsonObject } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { holdMicros, rateOf } from '../../../shared/domain/protocol/cost.ts';
import { changeAgent, getSpec } from '../../../shared/store/agent-store.ts';
import { changeSpec, type NewSpec } from '../../../shared/store/respec-store.ts';
import { SCHEDULE_OPTIONS, type ScheduleInput, scheduleFrom } from '../../agent-schedule.ts';
import { termsOf } from '../../agent-terms.ts';
import { theAgent } from '../../agents.ts';
import { type Reach, worldCommand } from '../../command.ts';
import { COMPUTE_OPTIONS, type ComputeInput, type Place, placeFrom } from '../../compute.ts';
import { config, count, flag, needed, text } from '../../fields.ts';
import { agentDetail } from '../../views/agent-detail.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'update',
  summary: 'give an agent a new config, schedule or size while it runs',
  detail:
    'What is not named stays as it is. Runs in progress end with the version they began with; tasks that are kept running are asked to stop at their next checkpoint and replaced, one instance at a time.',
  args: { id: needed(text('the id of the agent', 'id')) },
  options: {
    config: config('what the blueprint needs to know, all of it'),
    crashLimit: count('crashes in a row before it cools down', { min: 1, max: 100 }),
    ...SCHEDULE_OPTIONS,
    unscheduled: flag('take its schedule away: it runs when asked'),
    ...COMPUTE_OPTIONS,
    why: text('the reason, for the audit trail', 'sentence'),
  },
  examples: [
    'nova agent update shop --config @shop.json',
    "nova agent update shop --schedule 'rate(1 hour)'",
    'nova agent update digger --compute fargate --cpu 2 --memory 4096 --why "its pages grew"',
  ],
  async run({ id, config, crashLimit, schedule, timezone, unscheduled, why = 'updated', ...asked }, { world, actor }) {
    const agent = await theAgent(world, id);
    const isRespecced = config !== undefined || crashLimit !== undefined || namesAny(asked);
    const wanted = scheduleAfter(agent, { schedule, timezone, unscheduled, continuous: asked.continuous }, world);
    if (!isRespecced && wanted === undefined) {
      throw new NovaError('bad_input', 'nothing to change: name a --config, a --schedule, a --crash-limit or a size');
    }
    // Read and judged before anything is written: a wrong config leaves the schedule as it is.
    const change = isRespecced ? await respec(agent, { config, crashLimit, asked }, world) : null;
    change?.(await getSpec(world.table, agent.id, agent.specVersion));
    // What was never both is never both in between: a schedule goes before, and comes after.
    if (wanted === null) await changeAgent(world, agent.id, { schedule: null }, { actor, why });
    if (change) await changeSpec(world, agent.id, change, { actor, why });
    if (wanted) await changeAgent(world, agent.id, { schedule: wanted }, { actor, why });
    return await agentDetail(world satisfies Reach['world'], agent.id);
  },
  render: ({ id, specVersion, schedule }) => {
    const when = schedule ? `${schedule.expression} ${schedule.timezone}` : 'when asked';
    return `${id} has version ${specVersion} of its config and runs ${when}`;
  },
});

type Respec = {
  readonly config: JsonObject | undefined;
  readonly crashLimit: number | undefined;
  readonly asked: ComputeInput;
};

/** @throws NovaError bad_input, before anything is written. */
async function respec(
  agent: Agent,
  { config, crashLimit, asked }: Respec,
  world: Reach['world'],
): Promise<(before: AgentSpec) => NewSpec> {
  const blueprint = await loadBlueprint(agent.blueprint);
  return (before) => {
    const wanted: JsonObject = config ?? before.config;
    const parsed = blueprint.parseConfig(wanted);
    const bounds = blueprint.limits(parsed);
    const place = namesAny(asked) ? placeFrom(merged(asked, before), bounds, world) : kept(before, bounds);
    const rate = rateOf(place, world.settings);
    const { task: _task, restSeconds: _rest, autoRestart: _restart, ...others } = before;
    const { holdTokens: _tokens, repeats: _repeats, tools: _tools, ...same } = others;
    return {
      ...same,
      ...{ config: wanted, ...place, holdMicros: holdMicros({ ...bounds, ...place }, rate, world.time.now()) },
      ...termsOf(blueprint, parsed),
      ...(crashLimit === undefined ? {} : { crashLimit }),
    };
  };
}

type Rescheduled = ScheduleInput & { readonly unscheduled: boolean; readonly continuous: boolean };

/** undefined: it stays as it is. @throws NovaError bad_input. */
function scheduleAfter(
  agent: Agent,
  { schedule, timezone, unscheduled, continuous }: Rescheduled,
  world: Reach['world'],
): AgentSchedule | null | undefined {
  const named = schedule !== undefined || timezone !== undefined;
  if (unscheduled && named) throw new NovaError('bad_input', 'either --unscheduled or a --schedule, not both');
  const after = named ? scheduleFrom({ schedule, timezone }, world, agent.schedule) : unscheduled ? null : undefined;
  const kept = after === undefined ? agent.schedule : after;
  if (kept && (continuous || (named && agent.continuous)))
    throw new NovaError('bad_input', 'an agent is --continuous or has a --schedule, not both; see --unscheduled');
  return after;
}

const namesAny = (input: ComputeInput): boolean =>
  Object.values(input).some((value) => value !== undefined && value !== false);

/** A new config may need another time; the place stays. */
const kept = ({ task, restSeconds, autoRestart }: AgentSpec, bounds: { readonly timeoutSeconds: number }): Place => ({
  ...(task ? { task } : {}),
  ...(restSeconds === undefined ? {} : { restSeconds }),
  ...(autoRestart === false ? { autoRestart } : {}),
  timeoutSeconds: bounds.timeoutSeconds,
});

/** What was asked for, over what it has; another compute starts from its own sizes. */
function merged(asked: ComputeInput, { task, restSeconds, autoRestart }: AgentSpec): ComputeInput {
  const compute = asked.compute ?? task?.kind ?? 'lambda';
  const same = task?.kind === compute ? task : undefined;
  const gpus = same && same.gpus > 0 ? same.gpus : undefined;
  const continuous = asked.continuous || (restSeconds !== undefined && compute !== 'lambda');
  return {
    ...asked,
    ...{ compute, continuous, cpu: asked.cpu ?? same?.cpuUnits, memory: asked.memory ?? same?.memoryMb },
    ...{ gpus: asked.gpus ?? gpus, spot: asked.spot || (same?.spot ?? false) },
    rest: asked.rest ?? (continuous ? restSeconds : undefined),
    noRestart: asked.noRestart || autoRestart === false,
  };
}
