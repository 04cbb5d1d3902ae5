/** A task has stopped. Whatever it still held is given up at once, instead of when its lease runs out. */

import type { AgentSpec } from '../domain/agent.ts';
import type { Instance } from '../domain/instance.ts';
import { afterOutcome } from '../domain/protocol/close.ts';
import { keptTaskOf, taskHolder } from '../domain/task.ts';
import type { World } from '../ports/world.ts';
import { getInstance } from '../store/instance-store.ts';
import { readSpec } from '../store/spec-cache.ts';
import { noteLostTask } from '../store/task-store.ts';
import type { TaskStopped } from '../wire/task-event.ts';
import { afterCrash } from './after-crash.ts';
import { type RunTicket, type Ticket, ticketOf } from './launch-run.ts';
import { giveUpRun, type LostPorts } from './lost-run.ts';

export type StoppedPorts = LostPorts & Pick<World, 'log'>;

/** Ways of ending that say nothing about the agent. */
const PLATFORM = ['SpotInterruption', 'TerminationNotice', 'UserInitiated', 'ServiceSchedulerInitiated'];

/** Told twice, or long after, or before it was known to run: what the item holds decides, not what was told. */
export async function taskStopped(event: TaskStopped, world: StoppedPorts): Promise<undefined> {
  const ticket = ticketOf(event.environment);
  const instance = ticket && (await getInstance(world.table, ticket.agentId, ticket.number));
  if (!ticket || !instance) return;
  const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
  const blame = isPlatform(event) ? 'platform' : 'agent';
  if (holdsFor(instance, ticket, event)) {
    const { kind } = await giveUpRun(world, instance, { spec, blame, billedMs: lostMs(event, ticket, instance) });
    const { taskId, stopCode, reason } = event;
    world.log.warn('a task ended with its run', { taskId, agentId: spec.agentId, stopCode, reason, run: kind });
  } else if (ticket.kind === 'keep' && blame === 'agent' && event.exitCode !== 0) {
    await countLost(world, { instance, spec, taskId: event.taskId });
  }
}

const isPlatform = ({ stopCode, reason }: TaskStopped): boolean =>
  PLATFORM.includes(stopCode) || /capacity|spot/i.test(reason);

function holdsFor(instance: Instance, ticket: Ticket, { taskId }: TaskStopped): boolean {
  const holder = instance.run?.holder;
  if (holder === undefined) return false;
  if (ticket.kind === 'keep') return keptTaskOf(holder) === taskId || isWaiting(instance, ticket.first);
  return isWaiting(instance, ticket) || (instance.fence === ticket.fence && holder === taskHolder(taskId));
}

/** Claimed for it, and not taken over. */
const isWaiting = ({ run, fence }: Instance, claim: RunTicket | null): boolean =>
  claim !== null && fence === claim.fence && run?.holder === claim.holder;

/** What came before the cycle that was lost was charged with the cycles before it. */
function lostMs({ billedMs, stoppedAt }: TaskStopped, { kind }: Ticket, { run }: Instance): number {
  if (kind === 'run' || !run || stoppedAt === null) return billedMs;
  return Math.min(billedMs, Math.max(0, stoppedAt - run.startedAt));
}

type LostTask = { readonly instance: Instance; readonly spec: AgentSpec; readonly taskId: string };

/** It did not even begin a cycle: a crash all the same, or it would be started again for ever. Counted once. */
async function countLost(world: StoppedPorts, { instance, spec, taskId }: LostTask): Promise<void> {
  const crash = afterOutcome(instance, 'crashed', { now: world.time.now(), spec });
  if (!(await noteLostTask(world, instance, { taskId, crash }))) return;
  const { tripped, exhausted } = crash;
  await afterCrash(world, { instance, spec, attempt: 1 }, { kind: 'recorded', tripped, exhausted });
}
