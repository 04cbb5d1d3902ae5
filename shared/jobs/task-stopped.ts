/** A task has stopped. Whatever it still held is given up at once, instead of when its lease runs out. */

import type { AgentSpec } from '../domain/agent.ts';
import type { Instance } from '../domain/instance.ts';
import { afterOutcome } from '../domain/protocol/close.ts';
import type { World } from '../ports/world.ts';
import { getInstance } from '../store/instance-store.ts';
import { readSpec } from '../store/spec-cache.ts';
import { noteLostTask, taskHolder } from '../store/task-store.ts';
import type { TaskStopped } from '../wire/task-event.ts';
import { afterCrash } from './after-crash.ts';
import { type Ticket, ticketOf } from './launch-run.ts';
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
    const { kind } = await giveUpRun(world, instance, { spec, blame, billedMs: event.billedMs });
    const { taskId, stopCode, reason } = event;
    world.log.warn('a task ended with its run', { taskId, agentId: spec.agentId, stopCode, reason, run: kind });
  } else if (ticket.kind === 'keep' && blame === 'agent' && event.exitCode !== 0) {
    await countLost(world, { instance, spec, taskId: event.taskId });
  }
}

const isPlatform = ({ stopCode, reason }: TaskStopped): boolean =>
  PLATFORM.includes(stopCode) || /capacity|spot/i.test(reason);

function holdsFor({ run, fence }: Instance, ticket: Ticket, { taskId }: TaskStopped): boolean {
  if (!run) return false;
  const mine = taskHolder(taskId);
  if (ticket.kind === 'keep') return run.holder.startsWith(`${mine}.`);
  return fence === ticket.fence && (run.holder === ticket.holder || run.holder === mine);
}

type LostTask = { readonly instance: Instance; readonly spec: AgentSpec; readonly taskId: string };

/** It did not even begin a cycle: a crash all the same, or it would be started again for ever. Counted once. */
async function countLost(world: StoppedPorts, { instance, spec, taskId }: LostTask): Promise<void> {
  const crash = afterOutcome(instance, 'crashed', { now: world.time.now(), spec });
  if (!(await noteLostTask(world, instance, { taskId, crash }))) return;
  const { tripped, exhausted } = crash;
  await afterCrash(world, { instance, spec, attempt: 1 }, { kind: 'recorded', tripped, exhausted });
}
