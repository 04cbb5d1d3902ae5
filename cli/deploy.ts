/** From typed words to a deployed agent: everything is checked before anything is written. */
import { blueprintNames, loadBlueprint } from '../shared/blueprints/registry.ts';
import { agentIdOf, type JsonObject, type Overlap } from '../shared/domain/agent.ts';
import { agentScope } from '../shared/domain/budget.ts';
import type { Blueprint } from '../shared/domain/ctx.ts';
import { deployGate } from '../shared/domain/decide/deploy-gate.ts';
import type { Verdict } from '../shared/domain/decision.ts';
import { NovaError } from '../shared/domain/error.ts';
import { haltOver } from '../shared/domain/halt.ts';
import { NO_PACE, paceOf } from '../shared/domain/pace.ts';
import type { PolicyVerdict } from '../shared/domain/policy-question.ts';
import { holdMicros, rateOf } from '../shared/domain/protocol/cost.ts';
import { changeAgent, getAgent, listAgents } from '../shared/store/agent-store.ts';
import { judgedMaking, refusalOf } from '../shared/store/authorize.ts';
import { createDecision } from '../shared/store/decision-store.ts';
import { deployAgent, type NewAgent } from '../shared/store/deploy-store.ts';
import { readGate } from '../shared/store/halt-store.ts';
import { setLimit } from '../shared/store/limit-store.ts';
import { currentPolicy } from '../shared/store/policy-store.ts';
import { scheduleFrom } from './agent-schedule.ts';
import { termsOf } from './agent-terms.ts';
import type { Reach } from './command.ts';
import { type ComputeInput, placeFrom } from './compute.ts';
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
  /** In percent; given, the deployment goes through the gate. */
  readonly expectedRoi: number | undefined;
} & ComputeInput;

/** What the gate made of it; null when nobody asked it. */
export type Gate = { readonly decisionId: string; readonly status: string; readonly why: string } | null;

/** @throws NovaError not_found (blueprint), bad_input (config, schedule, zone, name), conflict (name taken). */
export async function deploy(
  input: DeployInput,
  { world, actor }: Reach,
): Promise<AgentDetail & { readonly gate: Gate }> {
  const blueprint = await theBlueprint(input.blueprint);
  const name = input.name ?? (await freeName(world, blueprint.name));
  const wanted = newAgent(input, { blueprint, name, world });
  const id = agentIdOf(name);
  if (await getAgent(world.table, id)) {
    throw new NovaError('conflict', `there is an agent "${id}" already, or there was one; choose another --name`);
  }
  const { scopes } = await readGate(world.table);
  const halted = haltOver({ version: 0, scopes }, { id, department: wanted.department }) !== null;
  if (halted && input.expectedRoi !== undefined)
    throw new NovaError('conflict', 'the kill switch is on: nothing is decided, the gate included; deploy without it');
  const verdict = await gateVerdict(input, wanted, world);
  const gated = verdict && (await judgedDeploy(world, verdict, actor));
  // A draft runs nothing: its name is taken first, its limit set next, so that it never runs under a larger one and the
  // limit of a deployment that lost the race for the name stays on nobody.
  const limited = input.budgetDay !== undefined;
  await deployAgent(world, { ...wanted, draft: verdict !== null || limited }, actor);
  if (input.budgetDay !== undefined) {
    await setLimit(world, { scope: agentScope(id), limitMicros: input.budgetDay }, actor);
  }
  // Under the kill switch it stays a draft: it never ran, so nothing brings it back but a person.
  if (limited && !verdict && !halted)
    await changeAgent(world, id, { status: 'active' }, { actor, why: 'deployed, its budget is set' });
  const gate = gated && (await decideDeploy(world, gated, actor));
  return { ...(await agentDetail(world, id)), gate };
}

/** @throws NovaError denied when the expectation is too low: nothing is written. */
async function gateVerdict(input: DeployInput, wanted: NewAgent, world: Reach['world']): Promise<Verdict | null> {
  if (input.expectedRoi === undefined) return null;
  const { count, days } = (wanted.schedule ? paceOf(wanted.schedule, world.time.now()) : NO_PACE).frequency;
  const proposal = {
    agentId: agentIdOf(wanted.name),
    expectedRoiBps: input.expectedRoi * 100,
    dailyCostMicros: Math.ceil((wanted.holdMicros * count * (wanted.instances ?? 1)) / days),
  };
  const verdict = deployGate(proposal, await currentPolicy(world.table));
  if ('refused' in verdict) throw new NovaError('denied', `${wanted.name} is not deployed: ${verdict.refused}`);
  return verdict;
}

type Gated = { readonly verdict: Verdict; readonly judgement: PolicyVerdict };

/** The rules may ask where the gate would not. @throws NovaError denied: nothing is written. */
async function judgedDeploy(world: Reach['world'], verdict: Verdict, actor: string): Promise<Gated> {
  const judgement = await judgedMaking(world, verdict, actor);
  if (judgement.effect === 'deny') throw new NovaError('denied', `not deployed: ${refusalOf(judgement)}`);
  const needsApproval = verdict.needsApproval || judgement.effect !== 'allow';
  return { verdict: { ...verdict, needsApproval }, judgement };
}

async function decideDeploy(world: Reach['world'], gated: Gated, actor: string): Promise<Gate> {
  const status = gated.verdict.needsApproval ? 'awaiting_approval' : 'approved';
  const decision = await createDecision(world, { ...gated, status, rule: 'deploy_gate@1', actor });
  if (!decision) throw new NovaError('conflict', 'a decision about this deployment is open already');
  return { decisionId: decision.id, status: decision.status, why: decision.why };
}

function newAgent(
  input: DeployInput,
  { blueprint, name, world }: { blueprint: Blueprint<unknown>; name: string; world: Reach['world'] },
): NewAgent {
  const parsed = blueprint.parseConfig(input.config);
  const limits = blueprint.limits(parsed);
  const { crashLimit, instances, overlap, config } = input;
  const place = placeFrom(input, limits, world);
  if (input.continuous && input.schedule !== undefined) {
    throw new NovaError('bad_input', 'an agent is --continuous or has a --schedule, not both');
  }
  return {
    name,
    blueprint: blueprint.name,
    department: input.department ?? blueprint.department,
    stage: input.sandbox ? 'sandbox' : 'production',
    schedule: scheduleFrom(input, world),
    ...{ config, instances, overlap },
    holdMicros: holdMicros({ ...limits, ...place }, rateOf(place, world.settings), world.time.now()),
    ...place,
    ...termsOf(blueprint, parsed),
    ...(crashLimit === undefined ? {} : { crashLimit }),
  };
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
