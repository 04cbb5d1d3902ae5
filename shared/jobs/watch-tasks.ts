/** Tasks as ECS shows them against tasks as they should be: what is missing is started, what is too much is stopped. */
import type { Agent, AgentSpec } from '../domain/agent.ts';
import { messageOf } from '../domain/error.ts';
import { FAMILIES, FAMILY_NAMES } from '../domain/task.ts';
import { type SeenTask, type TaskStep, taskSteps } from '../domain/wanted-tasks.ts';
import type { LaunchedTask } from '../ports/outside.ts';
import type { World } from '../ports/world.ts';
import { decodeAgent } from '../store/agent-item.ts';
import { listFleet } from '../store/instance-store.ts';
import { agentsPk } from '../store/keys.ts';
import { queryAll } from '../store/query-all.ts';
import { readSpec } from '../store/spec-cache.ts';
import { keepEnvironment, ticketOf } from './launch-run.ts';

export type WatchPorts = Pick<World, 'table' | 'time' | 'settings' | 'launcher' | 'hashing' | 'log' | 'work'>;

/** Leases for which a start is not repeated: a fresh task may not be seen yet. */
const START_LEASES = 2;

/**
 * One look; `only` limits what is done to one agent. Nothing is asked of ECS while no agent runs in tasks.
 * @returns how many tasks were started and stopped.
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
  for (const step of steps) if (await take(world, step, { specs, fenceOf: fenceIn(instances) })) done++;
  return done;
}

/** One that cannot be read keeps the others company: it is named, and left alone. */
async function readableAgents({ table, log }: WatchPorts): Promise<Agent[]> {
  const items = await queryAll(table, { pk: agentsPk });
  return items.flatMap((item) => {
    try {
      return [decodeAgent(item)];
    } catch (thrown) {
      log.error('an agent cannot be read', { agentId: item.sk, reason: messageOf(thrown) });
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
  return [{ taskId, stopping, createdAt, agentId, number, fence, specVersion }];
}

const agentOf = (step: TaskStep, tasks: readonly SeenTask[]): string | undefined =>
  step.do === 'stop' ? tasks.find(({ taskId }) => taskId === step.taskId)?.agentId : step.agentId;

type Fleet = readonly { readonly agentId: string; readonly number: number; readonly fence: number }[];
const fenceIn =
  (instances: Fleet) =>
  (agentId: string, number: number): number =>
    instances.find((one) => one.agentId === agentId && one.number === number)?.fence ?? 0;

type Known = {
  readonly specs: ReadonlyMap<string, AgentSpec>;
  fenceOf(agentId: string, number: number): number;
};

/** One step that fails keeps no other one waiting: the next look takes it again. */
async function take(world: WatchPorts, step: TaskStep, known: Known): Promise<boolean> {
  try {
    if (step.do === 'stop') await world.launcher.stopTask(step.taskId, step.reason);
    else if (step.do === 'start') return await start(world, step, known);
    else await alarm(world, step);
    return true;
  } catch (thrown) {
    world.log.error('a task could not be brought to what is wanted', { step: step.do, reason: messageOf(thrown) });
    return false;
  }
}

type Start = Extract<TaskStep, { do: 'start' }>;

async function start(world: WatchPorts, { agentId, number, specVersion }: Start, known: Known): Promise<boolean> {
  const { task } = known.specs.get(agentId) ?? {};
  if (!task) return false;
  const turn = Math.floor(world.time.now() / (START_LEASES * world.settings.leaseSeconds * 1000));
  const about = `keep:${agentId}#${number}#v${specVersion}#${known.fenceOf(agentId, number)}#${turn}`;
  const { taskId, reason } = await world.launcher.runTask({
    clientToken: world.hashing.sha256(about),
    family: FAMILIES[task.kind],
    size: task,
    environment: {
      ...keepEnvironment({ agentId, number, specVersion }),
      NOVA_TASK_MEMORY_MB: String(task.memoryMb),
    },
  });
  if (taskId === null) world.log.warn('no task was placed', { agentId, number, reason });
  return taskId !== null;
}

/** Minutes of its age at which the owner is told, so that a look each minute does not tell each minute. */
const TOLD_AT = [1, 30, 120, 720];

async function alarm({ work }: WatchPorts, { taskId, agentId, minutes, lateMinutes }: Alarm): Promise<void> {
  if (!TOLD_AT.includes(lateMinutes)) return;
  await work.send({
    v: 1,
    kind: 'notify',
    subject: `A task of ${agentId} does not stop`,
    text: `Task ${taskId} of ${agentId} is ${minutes} minutes old. It was asked to stop and has not; it goes on costing more than was set aside for it. Stop it in the ECS console, or with: aws ecs stop-task --task ${taskId}`,
    dedupKey: `stuck:${taskId}:${lateMinutes}`,
  });
}

type Alarm = Extract<TaskStep, { do: 'alarm' }>;
