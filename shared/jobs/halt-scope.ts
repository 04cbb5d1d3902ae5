/**
 * What follows when the kill switch is turned, in this order: no run starts and no call is paid any more, schedules go,
 * tasks stop, what waits for an answer or for its execution is void. Every step is idempotent and looks at the switch as
 * it is now, so whoever crashed on the way is followed by the next.
 */
import type { Agent } from '../domain/agent.ts';
import { mayDecisionMove } from '../domain/decision-moves.ts';
import { type Halt, isUnder } from '../domain/halt.ts';
import type { Instance } from '../domain/instance.ts';
import { FAMILY_NAMES } from '../domain/task.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from '../store/agent-store.ts';
import { getApproval, openApprovals, withdrawApprovalOps } from '../store/approval-store.ts';
import { decisionMoveOps, getDecision, openDecisions } from '../store/decision-store.ts';
import { getHalt, keepStopped, settleHalt } from '../store/halt-store.ts';
import { listFleet, setInstanceStatusOp } from '../store/instance-store.ts';
import { instanceKey } from '../store/keys.ts';
import { readSpec } from '../store/spec-cache.ts';
import { ticketOf } from './launch-run.ts';
import { settleAgent } from './reconcile-agent.ts';

export type ClosePorts = Pick<World, 'table'>;
export type VoidPorts = Pick<World, 'table' | 'time' | 'ids' | 'hashing'>;
export type HaltPorts = VoidPorts & Pick<World, 'scheduler' | 'launcher'>;

const ACTOR = 'system:kill-switch';
/** Agents whose schedules are looked after at the same time. */
const AT_ONCE = 8;

/**
 * Closes admission: when it resolves, no run starts under the scope and none in progress marks another paid call. Written
 * after the gate, so that no instance can be made or opened behind it.
 */
export async function closeScope({ table }: ClosePorts, halt: Halt): Promise<readonly Agent[]> {
  const [under, fleet] = await Promise.all([agentsUnder({ table }, halt), listFleet(table)]);
  const known = new Map(under.map((agent) => [agent.id, agent]));
  await Promise.all(fleet.filter(({ agentId }) => known.has(agentId)).map((instance) => close(table, instance)));
  const running = under.filter(({ status }) => status === 'active').map(({ id }) => id);
  if (!halt.stopped) await keepStopped(table, halt, running);
  return under;
}

async function close(table: World['table'], instance: Instance): Promise<void> {
  const { agentId, number, specVersion, status } = instance;
  if (status === 'active') {
    await table.write(setInstanceStatusOp(agentId, number, { status: 'halted', specVersion }));
  } else if (instance.run) {
    // Paused or surplus: its last run was allowed to end, and is not any more.
    const key = instanceKey(agentId, number);
    await table.write({ op: 'update', key, if: [{ attr: 'pk', op: 'exists' }], add: { ke: 1 } });
  }
}

/** Voids what was asked or decided about these agents and not yet done. Kill comes before expiry, and both before a yes. */
export async function voidDecisions(world: VoidPorts, agents: readonly Agent[], halt: Halt): Promise<number> {
  const ids = new Set(agents.map(({ id }) => id));
  const why = `the kill switch was turned on for ${halt.scope}`;
  let ended = 0;
  for (const { id, agentId } of await openDecisions(world.table)) {
    if (ids.has(agentId) && (await endDecision(world, id, why))) ended++;
  }
  // Left without a decision that waits: a link to nothing.
  for (const { id, agentId } of await openApprovals(world.table)) {
    const approval = ids.has(agentId) ? await getApproval(world.table, id) : null;
    if (approval?.status !== 'pending') continue;
    await world.table.transact(withdrawApprovalOps(world, approval, { actor: ACTOR, why }));
  }
  return ended;
}

const TRIES = 6;

/** One decision to its end, its request for approval in the same transaction. */
async function endDecision(world: VoidPorts, id: string, why: string): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const decision = await getDecision(world.table, id);
    const to = decision && mayDecisionMove(decision.status, 'failed') ? 'failed' : 'superseded';
    if (!decision || !mayDecisionMove(decision.status, to)) return false;
    const approval =
      decision.status === 'awaiting_approval' && decision.approvalId
        ? await getApproval(world.table, decision.approvalId)
        : null;
    const withdrawn = approval?.status === 'pending' ? withdrawApprovalOps(world, approval, { actor: ACTOR, why }) : [];
    const moved = decisionMoveOps(world, decision, { to, actor: ACTOR, outcome: why });
    if ((await world.table.transact([...moved.ops, ...withdrawn])).ok) return true;
  }
  return false;
}

/** Work message `halt`: makes the world follow the switch as it is now, on or off. */
export async function followHalt(message: { readonly scope: string }, world: HaltPorts): Promise<undefined> {
  const halt = await getHalt(world.table, message.scope);
  if (halt.version === 0 || halt.settledAt !== null) return;
  const agents = halt.on ? await closeScope(world, halt) : await agentsUnder(world, halt);
  await eachOf(agents, (agent) => settleAgent(world, agent.id));
  if (halt.on) {
    await stopTasks(world, agents, halt);
    await voidDecisions(world, agents, halt);
  }
  await settleHalt(world, halt);
}

const agentsUnder = async ({ table }: ClosePorts, { scope }: Halt): Promise<readonly Agent[]> =>
  (await listAgents(table)).filter((agent) => isUnder(scope, agent));

async function eachOf<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...list];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Tasks are asked to end at once: their marks are refused already. Where no agent ever needed one, nobody is asked. */
async function stopTasks(world: HaltPorts, agents: readonly Agent[], { scope }: Halt): Promise<void> {
  const specs = await Promise.all(agents.map((agent) => readSpec(world.table, agent.id, agent.specVersion)));
  if (specs.every(({ task }) => !task)) return;
  const ids = new Set(agents.map(({ id }) => id));
  for (const family of FAMILY_NAMES) {
    for (const { taskId, stopping, environment } of await world.launcher.listTasks(family)) {
      const agentId = ticketOf(environment)?.agentId;
      if (!stopping && agentId && ids.has(agentId)) await world.launcher.stopTask(taskId, `kill switch: ${scope}`);
    }
  }
}
