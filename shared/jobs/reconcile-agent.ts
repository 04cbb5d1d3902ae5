/** Work message `reconcile`: makes instances and schedules of one agent what its desired state says. */
import type { Agent } from '../domain/agent.ts';
import { NovaError } from '../domain/error.ts';
import { type Gate, haltOver } from '../domain/halt.ts';
import type { Instance } from '../domain/instance.ts';
import { NO_PACE, paceOf } from '../domain/pace.ts';
import { reconcile, type Step } from '../domain/reconcile.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type AgentPorts, changeAgent, getAgent, isOverBudget } from '../store/agent-store.ts';
import { gateOp, readGate } from '../store/halt-store.ts';
import { clearCrashesOp, createInstanceOps, listInstances, setInstanceStatusOp } from '../store/instance-store.ts';
import { agentKey } from '../store/keys.ts';

export type ReconcilePorts = AgentPorts & Pick<World, 'scheduler' | 'launcher' | 'runs'>;
type DriftPorts = Pick<World, 'table' | 'time' | 'scheduler'>;

/** Rounds until desired state has stood still for one; the message comes back after that. */
const ROUNDS = 8;

/** Idempotent; a stale order does what is desired now. A pause for the budget is over when the budget has room. */
export async function reconcileAgent(message: { readonly agentId: string }, world: ReconcilePorts): Promise<undefined> {
  const agent = await getAgent(world.table, message.agentId);
  if (!agent) return;
  if (await isBudgetPauseOver(world, agent)) {
    const by = { actor: 'system:reconcile', why: 'its budget has room again' };
    await changeAgent(world, agent.id, { status: 'active' }, by);
  }
  await settleAgent(world, agent.id);
  // What became of it when it no longer runs in tasks, the sweep sees.
  if (agent.compute) await (await import('./watch-tasks.ts')).watchTasks(world, agent.id);
}

async function isBudgetPauseOver(world: ReconcilePorts, agent: Agent): Promise<boolean> {
  if (agent.status !== 'paused' || agent.pauseReason !== 'budget') return false;
  return !haltOver(await readGate(world.table), agent) && !(await isOverBudget(world, agent));
}

/**
 * Steps until there is none left to do for the agent as it is at the end: a change made meanwhile is followed too.
 * @returns how many steps were taken. @throws NovaError unavailable when it kept changing.
 */
export async function settleAgent(world: DriftPorts, agentId: string): Promise<number> {
  let taken = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const agent = await getAgent(world.table, agentId);
    if (!agent) return taken;
    const gate = await readGate(world.table);
    const steps = await stepsFor(world, agent, gate);
    if (steps.length === 0) return taken;
    for (const step of steps) {
      if (!(await take(world, { agent, gate }, step))) break;
      taken++;
    }
  }
  throw new NovaError('unavailable', `agent ${agentId} kept changing while it was reconciled`);
}

async function stepsFor(world: DriftPorts, agent: Agent, gate: Gate): Promise<readonly Step[]> {
  const instances: readonly Instance[] = await listInstances(world.table, agent.id);
  const schedules = await world.scheduler.list(agent.id);
  const pace = agent.schedule ? paceOf(agent.schedule, world.time.now()) : NO_PACE;
  const halted = haltOver(gate, agent) !== null;
  return reconcile(agent, { instances, schedules, intervalSeconds: pace.shortestGapSeconds, halted });
}

type Seen = { readonly agent: Agent; readonly gate: Gate };

/** False when the agent or the kill switch has changed since it was read: what is left of the plan is void. */
async function take(world: DriftPorts, seen: Seen, step: Step): Promise<boolean> {
  if (step.do === 'delete_schedule') {
    await world.scheduler.delete(step.name);
    return true;
  }
  if (step.do === 'put_schedule') {
    await world.scheduler.put(step.schedule);
    return true;
  }
  return (await world.table.transact([...opsOf(seen.agent, step), gateOp(seen.gate)])).ok;
}

/** Pinned to the version of the agent: a slow reconciler cannot undo what a faster one did for a newer state. */
function opsOf(agent: Agent, step: Extract<Step, { number: number }>): readonly Op[] {
  const version = { attr: 'version', op: '=', value: agent.version } as const;
  const check: Op = { op: 'check', key: agentKey(agent.id), if: [version] };
  if (step.do === 'create_instance') {
    const creation = createInstanceOps(agent.id, step.number, agent.specVersion);
    return [check, ...creation.filter((op) => op.op !== 'check')];
  }
  const set = setInstanceStatusOp(agent.id, step.number, { status: step.status, specVersion: agent.specVersion });
  if (!step.clearCrashes) return [check, set];
  const cleared = clearCrashesOp(agent.id, step.number);
  return [check, { ...set, ...cleared, set: { ...set.set, ...cleared.set } }];
}
