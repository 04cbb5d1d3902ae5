/** From typed words to a deployed agent: everything is checked before anything is written. */
import { blueprintNames, loadBlueprint } from '../shared/blueprints/registry.ts';
import { type AgentSchedule, agentIdOf, type JsonObject, type Overlap } from '../shared/domain/agent.ts';
import { agentScope } from '../shared/domain/budget.ts';
import type { Blueprint } from '../shared/domain/ctx.ts';
import { NovaError } from '../shared/domain/error.ts';
import { holdMicros } from '../shared/domain/protocol/cost.ts';
import { parseSchedule } from '../shared/domain/schedule/parse.ts';
import { assertTimezone } from '../shared/domain/zone.ts';
import { getAgent, listAgents } from '../shared/store/agent-store.ts';
import { deployAgent, type NewAgent } from '../shared/store/deploy-store.ts';
import { setLimit } from '../shared/store/limit-store.ts';
import type { Reach } from './command.ts';
import { didYouMean } from './suggest.ts';
import { type AgentDetail, agentDetail } from './views/agent-detail.ts';

export type DeployInput = {
  readonly blueprint: string;
  readonly name: string | undefined;
  readonly department: string | undefined;
  readonly schedule: string | undefined;
  readonly timezone: string | undefined;
  readonly config: JsonObject;
  readonly budgetDay: number | undefined;
  readonly instances: number;
  readonly overlap: Overlap;
  readonly crashLimit: number | undefined;
  readonly sandbox: boolean;
};

/** @throws NovaError not_found (blueprint), bad_input (config, schedule, zone, name), conflict (name taken). */
export async function deploy(input: DeployInput, { world, actor }: Reach): Promise<AgentDetail> {
  const blueprint = await theBlueprint(input.blueprint);
  const name = input.name ?? (await freeName(world, blueprint.name));
  const wanted = newAgent(input, { blueprint, name, world });
  const id = agentIdOf(name);
  if (await getAgent(world.table, id)) {
    throw new NovaError('conflict', `there is an agent "${id}" already, or there was one; choose another --name`);
  }
  // First the limit, then the agent: it never runs, not once, under a larger one.
  if (input.budgetDay !== undefined) {
    await setLimit(world, { scope: agentScope(id), limitMicros: input.budgetDay }, actor);
  }
  await deployAgent(world, wanted, actor);
  return agentDetail(world, id);
}

function newAgent(
  input: DeployInput,
  { blueprint, name, world }: { blueprint: Blueprint<unknown>; name: string; world: Reach['world'] },
): NewAgent {
  const limits = blueprint.limits(blueprint.parseConfig(input.config));
  const { computeNanosPerSecond, timezone } = world.settings;
  const { crashLimit, instances, overlap, config } = input;
  return {
    name,
    blueprint: blueprint.name,
    department: input.department ?? blueprint.department,
    stage: input.sandbox ? 'sandbox' : 'production',
    schedule: scheduleOf(input, timezone),
    ...{ config, instances, overlap },
    holdMicros: holdMicros(limits, computeNanosPerSecond),
    ...(limits.tokens === undefined ? {} : { holdTokens: limits.tokens }),
    timeoutSeconds: limits.timeoutSeconds,
    ...(crashLimit === undefined ? {} : { crashLimit }),
  };
}

function scheduleOf({ schedule, timezone }: DeployInput, ownerZone: string): AgentSchedule | null {
  const zone = timezone ?? ownerZone;
  assertTimezone(zone);
  if (schedule === undefined) {
    if (timezone !== undefined) throw new NovaError('bad_input', '--timezone is about a --schedule, and there is none');
    return null;
  }
  parseSchedule(schedule);
  return { expression: schedule, timezone: zone };
}

async function theBlueprint(name: string): Promise<Blueprint<unknown>> {
  const names = blueprintNames();
  if (names.includes(name)) return loadBlueprint(name);
  const hint = didYouMean(name, names) || `; there are: ${names.join(', ')}`;
  throw new NovaError('not_found', `there is no blueprint "${name}"${hint}`);
}

/** `web-watch`, or the first of `web-watch-2`, `web-watch-3` … that nobody has had. */
async function freeName({ table }: Reach['world'], blueprint: string): Promise<string> {
  const taken = new Set((await listAgents(table)).map(({ id }) => id));
  const base = agentIdOf(blueprint);
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  return name;
}
