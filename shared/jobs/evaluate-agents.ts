/** One decision pass: facts, verdicts, and what the mode of autonomy makes of them. */
import type { JsonObject } from '../domain/agent.ts';
import type { Actor } from '../domain/audit.ts';
import { analyse } from '../domain/decide/analyse.ts';
import { decideFleet } from '../domain/decide/decide-fleet.ts';
import type { Decision, Verdict } from '../domain/decision.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import type { DecisionPolicy } from '../domain/policy.ts';
import type { World } from '../ports/world.ts';
import type { ScheduleJob } from '../runtime/job.ts';
import { openApprovals } from '../store/approval-store.ts';
import { judgedMaking, refusalOf } from '../store/authorize.ts';
import { createDecision } from '../store/decision-store.ts';
import { fleetFacts } from '../store/facts-store.ts';
import { currentPolicy } from '../store/policy-store.ts';
import { beat } from '../store/pulse-store.ts';
import { type EvaluationReport, reportOf } from './evaluation-report.ts';
import { supersedeProposals } from './supersede-proposals.ts';

/** Whoever started the pass: it is the engine that decides. */
const MAKER = 'system:evaluate-agents';

const NEEDS = {
  table: true,
  policy: true,
  time: true,
  ids: true,
  hashing: true,
  settings: true,
  log: true,
  work: true,
} as const;
export type EvaluatePorts = Pick<World, keyof typeof NEEDS>;
export type EvaluateOrder = { readonly dryRun: boolean; readonly actor: Actor };

export const evaluateAgentsJob: ScheduleJob<EvaluatePorts> = {
  name: 'evaluate-agents',
  needs: NEEDS,
  async run(world): Promise<JsonObject> {
    const report = await evaluateAgents(world, { dryRun: false, actor: MAKER });
    const { mode, analyses, decisions, pendingApprovals, errors } = report;
    await beat(world, 'evaluate-agents');
    for (const { agentId, why } of errors) world.log.error('an agent could not be judged', { agentId, why });
    return { mode, agents: analyses.length, decisions: decisions.length, pendingApprovals, errors: errors.length };
  },
};

/** What became of the verdicts: recorded, or only thought of. */
export type Outcome = {
  readonly decisions: readonly Decision[];
  /** Verdicts of a pass that records nothing. */
  readonly thoughts: readonly Verdict[];
  readonly errors: readonly { readonly agentId: string; readonly why: string }[];
};

/** `dryRun` says what would be decided, whatever the mode, and writes nothing. */
export async function evaluateAgents(world: EvaluatePorts, order: EvaluateOrder): Promise<EvaluationReport> {
  const policy = await currentPolicy(world.table);
  const fleet = await fleetFacts(world);
  const analyses = new Map(fleet.facts.map((facts) => [facts.agent.id, analyse(facts, policy)]));
  const { verdicts, capped } = decideFleet({ ...fleet, policy });
  const idle = order.dryRun || policy.mode === 'off';
  const outcome: Outcome = idle
    ? { decisions: [], thoughts: order.dryRun ? verdicts : [], errors: [] }
    : await record(world, { verdicts, policy, actor: order.actor });
  const pendingApprovals = (await openApprovals(world.table)).length;
  return reportOf({ order, policy, fleet, analyses, capped, outcome, pendingApprovals });
}

type Recording = { readonly verdicts: readonly Verdict[]; readonly policy: DecisionPolicy; readonly actor: Actor };

async function record(world: EvaluatePorts, { verdicts, policy, actor }: Recording): Promise<Outcome> {
  const decisions: Decision[] = [];
  const errors: { agentId: string; why: string }[] = [];
  const fresh = await supersedeProposals(world, { verdicts, mode: policy.mode, actor });
  decisions.push(...fresh.kept);
  for (const verdict of fresh.open) {
    try {
      const made = await make(world, verdict, { policy, actor });
      if (made) decisions.push(made);
    } catch (thrown) {
      errors.push({ agentId: verdict.action.agentId, why: messageOf(thrown) });
    }
  }
  return { decisions, thoughts: [], errors };
}

/**
 * The ladder: advised, asked for, or done. The rules may be stricter than the verdict, never laxer.
 * @throws NovaError denied with the reason, so that nothing is decided.
 */
async function make(
  world: EvaluatePorts,
  verdict: Verdict,
  { policy, actor }: Pick<Recording, 'policy' | 'actor'>,
): Promise<Decision | null> {
  const order = { verdict, rule: `threshold@${policy.version}`, actor };
  if (policy.mode === 'advise') return createDecision(world, { ...order, status: 'proposed' });
  const judgement = await judgedMaking(world, verdict, MAKER);
  if (judgement.effect === 'deny') throw new NovaError('denied', `not decided: ${refusalOf(judgement)}`);
  const alone = judgement.effect === 'allow' && !verdict.needsApproval && policy.mode === 'auto';
  const needsApproval = verdict.needsApproval || judgement.effect !== 'allow';
  const status = alone ? 'approved' : 'awaiting_approval';
  return createDecision(world, { ...order, verdict: { ...verdict, needsApproval }, status, judgement });
}
