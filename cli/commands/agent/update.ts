import { loadBlueprint } from '../../../shared/blueprints/registry.ts';
import type { AgentSpec, JsonObject } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { holdMicros, rateOf } from '../../../shared/domain/protocol/cost.ts';
import { changeSpec, type NewSpec } from '../../../shared/store/respec-store.ts';
import { termsOf } from '../../agent-terms.ts';
import { theAgent } from '../../agents.ts';
import { type Reach, worldCommand } from '../../command.ts';
import { COMPUTE_OPTIONS, type ComputeInput, type Place, placeFrom } from '../../compute.ts';
import { config, count, needed, text } from '../../fields.ts';
import { agentDetail } from '../../views/agent-detail.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'update',
  summary: 'give an agent a new config or another size while it runs',
  detail:
    'What is not named stays as it is. Runs in progress end with the version they began with; tasks that are kept running are asked to stop at their next checkpoint and replaced, one instance at a time.',
  args: { id: needed(text('the id of the agent', 'id')) },
  options: {
    config: config('what the blueprint needs to know, all of it'),
    crashLimit: count('crashes in a row before it cools down', { min: 1, max: 100 }),
    ...COMPUTE_OPTIONS,
    why: text('the reason, for the audit trail', 'sentence'),
  },
  examples: [
    'nova agent update shop --config @shop.json',
    'nova agent update digger --compute fargate --cpu 2 --memory 4096 --why "its pages grew"',
  ],
  async run({ id, config, crashLimit, why, ...asked }, { world, actor }) {
    const agent = await theAgent(world, id);
    if (config === undefined && crashLimit === undefined && !namesAny(asked)) {
      throw new NovaError('bad_input', 'nothing to change: name a --config, a --crash-limit or a size');
    }
    const blueprint = await loadBlueprint(agent.blueprint);
    const change = (before: AgentSpec): NewSpec => {
      const wanted: JsonObject = config ?? before.config;
      const parsed = blueprint.parseConfig(wanted);
      const bounds = blueprint.limits(parsed);
      const place = namesAny(asked) ? placeFrom(merged(asked, before), bounds, world) : kept(before, bounds);
      const rate = rateOf(place, world.settings);
      const { task: _task, restSeconds: _rest, autoRestart: _restart, ...others } = before;
      const { holdTokens: _tokens, repeats: _repeats, tools: _tools, ...same } = others;
      const terms = termsOf(blueprint, parsed);
      return {
        ...same,
        ...{ config: wanted, ...place, holdMicros: holdMicros({ ...bounds, ...place }, rate, world.time.now()) },
        ...terms,
        ...(crashLimit === undefined ? {} : { crashLimit }),
      };
    };
    await changeSpec(world, agent.id, change, { actor, why: why ?? 'updated' });
    return await agentDetail(world satisfies Reach['world'], agent.id);
  },
  render: ({ id, specVersion }) => `${id} has version ${specVersion} of its config`,
});

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
