/**
 * Work message `execute-decision`: an approved decision becomes a change of desired state, at most once. The change and
 * "executed" are one transaction, pinned to both versions, so a redelivery or a crash at any point repeats nothing.
 */
import type { Agent } from '../domain/agent.ts';
import { actionHashOf } from '../domain/approval.ts';
import { agentScope } from '../domain/budget.ts';
import type { Decision } from '../domain/decision.ts';
import { isFinal } from '../domain/decision-moves.ts';
import { NovaError } from '../domain/error.ts';
import { changeOf, executionRefusal, staleness } from '../domain/execution.ts';
import { budgetExceeded, spentToday } from '../domain/facts.ts';
import { grantRefusal } from '../domain/grant.ts';
import { formatUsd } from '../domain/money.ts';
import type { World } from '../ports/world.ts';
import { type AgentOps, type AgentPorts, agentChangeOps, getAgent, isOverBudget } from '../store/agent-store.ts';
import { approvalOf } from '../store/approval-store.ts';
import { judgedExecution, refusalOf } from '../store/authorize.ts';
import { getLimit } from '../store/budget-store.ts';
import { momentNow } from '../store/calendar-store.ts';
import { committed, publishOrLeave } from '../store/commit.ts';
import { type DecisionMove, decisionMoveOps, getDecision } from '../store/decision-store.ts';
import { useGrantOps } from '../store/grant-store.ts';
import { freeGate, gateOp } from '../store/halt-store.ts';
import { listFleet } from '../store/instance-store.ts';
import { approvalKey } from '../store/keys.ts';
import { limitSetting } from '../store/limit-store.ts';
import { currentPolicy } from '../store/policy-store.ts';
import { changeRules } from './change-rules.ts';

export type ExecutePorts = AgentPorts & Pick<World, 'policy'>;

const ACTOR = 'system:execute-decision';
const TRIES = 12;
const HALTED = 'the kill switch is on';

/** Every turn reads afresh and tries one move, until the decision has come to an end or is not to be executed (yet). */
export async function executeDecision(
  message: { readonly decisionId: string },
  world: ExecutePorts,
): Promise<undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const decision = await getDecision(world.table, message.decisionId);
    if (!decision) world.log.error('there is no such decision', { decisionId: message.decisionId });
    if (!decision || isFinal(decision.status)) return;
    if (decision.status === 'approved') await move(world, decision, { to: 'executing', outcome: decision.outcome });
    else if (decision.status === 'executing') await carryOut(world, decision);
    else return;
  }
  throw new NovaError('unavailable', `decision ${message.decisionId} is being changed by others; it is tried again`);
}

/** False when somebody else has moved it: the next turn reads what it is now. */
async function move(
  world: ExecutePorts,
  decision: Decision,
  to: Pick<DecisionMove, 'to' | 'outcome'>,
): Promise<boolean> {
  const moved = decisionMoveOps(world, decision, { ...to, actor: ACTOR });
  return committed(world.table, moved.ops, moved.decision.auditHash);
}

async function carryOut(world: ExecutePorts, decision: Decision): Promise<void> {
  const refused = (await refusal(world, decision)) ?? (await refusalByPolicy(world, decision));
  if (refused) {
    if (await move(world, decision, { to: 'failed', outcome: refused })) {
      world.log.warn('a decision was not executed', { decisionId: decision.id, why: refused });
    }
    return;
  }
  if (decision.kind === 'policy_change') {
    const gate = await freeGate(world.table, decision.agentId);
    if (!gate) return void (await move(world, decision, { to: 'failed', outcome: HALTED }));
    return changeRules(world, decision, { actor: ACTOR, gate });
  }
  const agent = await getAgent(world.table, decision.agentId);
  const stale = agent ? staleness(decision.action, agent) : 'the agent is gone';
  if (!agent || stale) await move(world, decision, { to: 'superseded', outcome: stale ?? '' });
  else await apply(world, decision, agent);
}

/** All that was checked when it was made, checked again at the last moment. */
async function refusal(world: ExecutePorts, decision: Decision): Promise<string | null> {
  const hash = actionHashOf(decision.action, world.hashing.sha256);
  const refused = executionRefusal(decision, hash, await currentPolicy(world.table));
  if (refused) return refused;
  if (decision.approvalId !== null) {
    const item = await world.table.get(approvalKey(decision.approvalId));
    if (item?.grantUsedAt !== undefined) return 'its approval has been used';
    const approval = item && approvalOf(item);
    const uncovered = grantRefusal(approval, decision, { actionHash: hash, now: world.time.now() });
    if (uncovered) return uncovered;
  }
  return await refusalByBudget(world, decision);
}

/** What adds to the daily cost is not begun on a day whose budget is used up. */
async function refusalByBudget(world: ExecutePorts, decision: Decision): Promise<string | null> {
  if (decision.costImpactMicrosPerDay <= 0 || decision.kind === 'budget_change') return null;
  const { date } = await momentNow(world);
  const [{ limitMicros }, fleet] = [await getLimit(world.table, 'fleet'), await listFleet(world.table)];
  const spentMicros = spentToday(fleet, date);
  if (!budgetExceeded({ spentMicros, limitMicros })) return null;
  return `the fleet has spent ${formatUsd(spentMicros)} of its ${formatUsd(limitMicros)} today`;
}

/** Rules that cannot be asked refuse for now: what a person has approved is not lost to a server that is down. */
async function refusalByPolicy(world: ExecutePorts, decision: Decision): Promise<string | null> {
  const verdict = await judgedExecution(world, decision, ACTOR);
  if (verdict.trouble) throw new NovaError('unavailable', `decision ${decision.id} waits: ${refusalOf(verdict)}`);
  return verdict.effect === 'allow' ? null : refusalOf(verdict);
}

async function apply(world: ExecutePorts, decision: Decision, agent: Agent): Promise<void> {
  const { action } = decision;
  const gate = await freeGate(world.table, agent.id);
  if (!gate) return void (await move(world, decision, { to: 'failed', outcome: HALTED }));
  const limit =
    action.kind === 'budget_change'
      ? await limitSetting(world, { scope: agentScope(agent.id), limitMicros: action.limitMicros }, ACTOR)
      : null;
  const changed = await changeFor(world, decision, agent);
  if (changed === 'not_now')
    return void (await move(world, decision, { to: 'superseded', outcome: 'its budget is spent again' }));
  const moved = decisionMoveOps(world, decision, { to: 'executed', actor: ACTOR, outcome: decision.why });
  const grant = useGrantOps(decision, world.time.now());
  const ops = [...moved.ops, ...(changed?.ops ?? []), ...(limit?.ops ?? []), ...grant, gateOp(gate)];
  if (!(await committed(world.table, ops, moved.decision.auditHash))) return;
  await publishOrLeave(world, changed?.posted ?? []);
  await limit?.finish();
}

/** null: nothing about the agent itself changes. */
async function changeFor(world: ExecutePorts, decision: Decision, agent: Agent): Promise<AgentOps | null | 'not_now'> {
  const change = changeOf(decision.action);
  if (!change) return null;
  const budgetExceeded = change.status === 'active' && (await isOverBudget(world, agent));
  if (budgetExceeded) return 'not_now';
  const why = `decision ${decision.id}: ${decision.why}`;
  return agentChangeOps(world, agent, { change, actor: ACTOR, why, budgetExceeded });
}
