/** Tasks as ECS shows them against tasks as they should be: what is missing is started, what is too much is stopped. */
import type { Agent, AgentSpec } from '../domain/agent.ts';
import { messageOf } from '../domain/error.ts';
import { tickMs } from '../domain/run.ts';
import { FAMILIES, FAMILY_NAMES } from '../domain/task.ts';
import { type SeenTask, type TaskStep, taskSteps } from '../domain/wanted-tasks.ts';
import type { LaunchedTask } from '../ports/outside.ts';
import type { World } from '../ports/world.ts';
import { decodeAgent } from '../store/agent-item.ts';
import { listFleet } from '../store/instance-store.ts';
import { agentsPk } from '../store/keys.ts';
import { queryAll } from '../store/query-all.ts';
import { readSpec } from '../store/spec-cache.ts';
import { ticketOf } from './launch-run.ts';

export type WatchPorts = Pick<World, 'table' | 'time' | 'settings' | 'launcher' | 'log' | 'runs'>;

/**
 * One look; `only` limits what is done to one agent. Nothing is asked of ECS while no agent runs in tasks.
 * @returns how many tasks were asked for and stopped.
 */
export async function watchTasks(world: WatchPorts, only?: string): Promise<number> {
  const agents = (await readableAgents(world)).filter(({ compute }) => compute !== undefined);
  if (agents.length === 0 || (only !== undefined && !agents.some(({ id }) => id === only))) return 0;
  const specs = await specsOf(world, agents);
  const [instances, listed] = await Promise.all([
    listFleet(world.table),
    Promise.all(FAMILY_NAMES.filter((name) => isUsed(name, agents)).map((name) => world.launcher.listTasks(name))),
  ]);
  const tasks = listed.flat().flatMap(seenTask);
  const facts = { agents, specs, instances, tasks, leaseSeconds: world.settings.leaseSeconds, now: world.time.now() };
  const steps = taskSteps(facts).filter((step) => only === undefined || agentOf(step, tasks) === only);
  let done = 0;
  for (const step of steps) if (await take(world, step)) done++;
  return done;
}

/** One that cannot be read keeps the others company: it is named, and left alone. */
async function readableAgents({ table, log }: WatchPorts): Promise<Agent[]> {
  const items = await queryAll(table, { pk: agentsPk });
  return items.flatMap((item) => {
    try {
      return [decodeAgent(item)];
    } catch (thrown) {
      log.error('an agent cannot be read', { agentId: item.sk, why: messageOf(thrown) });
      return [];
    }
  });
}

const isUsed = (family: string, agents: readonly Agent[]): boolean =>
  agents.some(({ compute }) => compute !== undefined && FAMILIES[compute] === family);

async function specsOf({ table }: WatchPorts, agents: readonly Agent[]): Promise<Map<string, AgentSpec>> {
  const read = agents.map(async ({ id, specVersion }) => [id, await readSpec(table, id, specVersion)] as const);
  return new Map(await Promise.all(read));
}

/** Tasks that are not ours are not looked at. */
function seenTask({ taskId, stopping, createdAt, environment }: LaunchedTask): SeenTask[] {
  const ticket = ticketOf(environment);
  if (!ticket) return [];
  const { agentId, number } = ticket;
  const [fence, specVersion] = ticket.kind === 'run' ? [ticket.fence, null] : [null, ticket.specVersion];
  const first = ticket.kind === 'keep' ? ticket.first : null;
  return [{ taskId, stopping, createdAt, agentId, number, fence, specVersion, first }];
}

const agentOf = (step: TaskStep, tasks: readonly SeenTask[]): string | undefined =>
  step.do === 'stop' ? tasks.find(({ taskId }) => taskId === step.taskId)?.agentId : step.agentId;

/** One step that fails keeps no other one waiting: the next look takes it again. */
async function take(world: WatchPorts, step: TaskStep): Promise<boolean> {
  try {
    if (step.do === 'stop') await world.launcher.stopTask(step.taskId, step.reason);
    else await askFor(world, step);
    return true;
  } catch (thrown) {
    world.log.error('a task could not be brought to what is wanted', { step: step.do, why: messageOf(thrown) });
    return false;
  }
}

/** Whoever brings the tick claims the cycle, and starts the task for it, as for any other run. */
async function askFor(
  { runs }: WatchPorts,
  { agentId, number, slot, attempt }: Extract<TaskStep, { do: 'start' }>,
): Promise<void> {
  const scheduledFor = new Date(tickMs(slot)).toISOString();
  await runs.send({ v: 1, kind: 'tick', agentId, instance: number, scheduledFor, attempt });
}
