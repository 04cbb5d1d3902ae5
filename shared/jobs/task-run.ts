/**
 * What a task of an agent does: goes on with the run that was claimed for it, or, kept alive, runs one cycle after the
 * other. The same claim, ledger and blueprints as in a function; asked to stop, it leaves a checkpoint and gives back.
 */
import { pricesAt } from '../domain/price-table.ts';
import { platformUsage, rateOf } from '../domain/protocol/cost.ts';
import { receiptOf } from '../domain/receipt.ts';
import { openTicks, tickSlot } from '../domain/run.ts';
import { cycleHolder, taskHolder } from '../domain/task.ts';
import { type TaskBilling, taskBilling } from '../domain/task-billing.ts';
import type { Interruption, ProcessorAndMemory } from '../ports/host.ts';
import type { World } from '../ports/world.ts';
import type { Call } from '../runtime/job.ts';
import type { Claimed } from '../store/claim.ts';
import { claim } from '../store/claim-store.ts';
import { endRun } from '../store/close-store.ts';
import { getInstance } from '../store/instance-store.ts';
import { readSpec } from '../store/spec-cache.ts';
import { adoptRun } from '../store/task-store.ts';
import { noteUse, type RunUse } from '../store/use-store.ts';
import { afterCrash } from './after-crash.ts';
import { EXECUTE_NEEDS, type ExecutePorts, executeRun } from './execute-run.ts';
import type { KeepTicket, RunTicket } from './launch-run.ts';
import { continueRequest, giveUpRun } from './lost-run.ts';

export const TASK_NEEDS = { ...EXECUTE_NEEDS, runs: true, work: true } as const;
export type TaskPorts = ExecutePorts & Pick<World, 'runs' | 'work'>;

/** What the platform is to a task. */
export type TaskPlace = {
  readonly taskId: string;
  /** Epoch milliseconds from which it is billed. */
  readonly billedFrom: number;
  readonly interruption: Interruption;
  /** After every heartbeat: what a health check looks at. */
  onHeartbeat(): void;
  /** What the whole task has used since it was last asked; null where only a run's own process can be seen. */
  use(): Pick<RunUse, 'cpuMs' | 'wallMs' | 'peakMemoryMb'> | null;
};

/** Why a task has nothing more to do; its last words. */
export type TaskEnd = { readonly runs: number; readonly why: string };

/** A task that cannot know its end in time is ended by its watchdog; the run itself is kept to its own time-out. */
const FOR_EVER_MS = 400 * 86_400_000;

/** One run, from the claim that was made for it to its record. */
export async function runInTask(world: TaskPorts, ticket: RunTicket, place: TaskPlace): Promise<TaskEnd> {
  const { claimed, end } = await adopt(world, ticket, { holder: taskHolder(place.taskId), place });
  if (!claimed) return end;
  return { runs: 1, why: await work(world, claimed, { ...place, billing: taskBilling(place.billedFrom) }) };
}

type Adopted = { readonly claimed: Claimed; readonly end: null } | { readonly claimed: null; readonly end: TaskEnd };

/** Takes over what was claimed for this task, unless there is nothing to take over or it may not run any more. */
async function adopt(
  world: TaskPorts,
  ticket: RunTicket,
  { holder, place: { billedFrom } }: { readonly holder: string; readonly place: TaskPlace },
): Promise<Adopted> {
  const none = (why: string): Adopted => ({ claimed: null, end: { runs: 0, why } });
  const adopted = await adoptRun(world, ticket, { holder, billedFrom });
  if (adopted.kind === 'gone') return none('somebody else has this run, or it has ended');
  const { instance } = adopted;
  const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
  const attempt = (instance.tries[ticket.slot]?.attempts ?? 0) + 1;
  const claimed: Claimed = { instance, spec, attempt };
  if (instance.status !== 'retired') return { claimed, end: null };
  await refuseRetired(world, claimed, taskBilling(billedFrom));
  return none('the agent was retired');
}

/** Retired between its claim and its start: recorded, and nothing of it was run. Its task is billed all the same. */
async function refuseRetired(world: TaskPorts, claimed: Claimed, billing: TaskBilling): Promise<void> {
  const endedAt = world.time.now();
  const rate = rateOf(claimed.spec, world.settings);
  const usage = platformUsage(rate, { ms: billing.charge(endedAt, 0), writeUnits: 0, readUnits: 0 });
  const prices = pricesAt(claimed.instance.run?.startedAt ?? endedAt);
  const { totalMicros: costMicros, version } = receiptOf(usage, prices);
  const ending = { outcome: 'failed', note: 'retired while it started', costMicros, earnedMicros: 0 } as const;
  await endRun(world, claimed, { ...ending, used: { version, usage, lostTokens: 0 }, endedAt });
}

type Bench = TaskPlace & { readonly billing: TaskBilling };

/** Runs what is claimed and closes it in one of its ways; answers how. */
async function work(world: TaskPorts, claimed: Claimed, place: Bench): Promise<string> {
  const lost = new AbortController();
  const restMs = (claimed.spec.restSeconds ?? 0) * 1000;
  const mostMs = claimed.spec.timeoutSeconds * 1000 + rateOf(claimed.spec, world.settings).tailMs;
  const call: Call = {
    invocationId: place.taskId,
    deadline: world.time.now() + FOR_EVER_MS,
    receiveCount: 1,
    interruption: { ...place.interruption, signal: AbortSignal.any([place.interruption.signal, lost.signal]) },
    onHeartbeat: (kept) => (kept ? place.onHeartbeat() : lost.abort()),
    // Its hold covers no more. What goes on beyond that is a task that does not stop, and somebody is told of it.
    billedMs: (endedAt) => Math.min(mostMs, place.billing.charge(endedAt, restMs)),
  };
  const seen = lookOn(world, call);
  const ended = await executeRun(world, claimed, seen.call);
  const slot = claimed.instance.run?.slot ?? '';
  const { cpuUnits = 0, memoryMb = 0 } = claimed.spec.task ?? {};
  const use = place.use() ?? seen.use();
  if (use) await noteUse(world, claimed.instance, { slot, ...use, cpuUnits, memoryMb });
  if (ended.kind === 'fenced') return 'somebody else has this run';
  if (ended.kind === 'interrupted') return await giveBack(world, ended.claimed, place.billing);
  await afterCrash(world, claimed, ended);
  await continueRequest(world, slot);
  return 'recorded';
}

/** What the run's own process used of the time it took: all there is to know where the task is no machine of its own. */
function lookOn({ time }: Pick<World, 'time'>, call: Call) {
  const begun = time.now();
  let told: ProcessorAndMemory | null = null;
  const onUse = (use: ProcessorAndMemory): void => {
    told = use;
  };
  const use = () => told && { ...(told as ProcessorAndMemory), wallMs: time.now() - begun };
  return { call: { ...call, onUse }, use };
}

/** From its last checkpoint, or from its beginning while nothing was paid; else it is recorded. */
async function giveBack(world: TaskPorts, { instance, spec }: Claimed, billing: TaskBilling): Promise<string> {
  const image = await getInstance(world.table, instance.agentId, instance.number);
  const mine = image?.fence === instance.fence && image.run?.holder === instance.run?.holder;
  if (!image || !mine) return 'somebody else has this run';
  const billedMs = billing.charge(world.time.now(), 0);
  const { kind } = await giveUpRun(world, image, { spec, blame: 'platform', billedMs });
  return kind === 'reopened' ? 'interrupted: to be taken up again' : 'interrupted: recorded';
}

export type Rest = {
  /** Resolves after so many milliseconds, or as soon as the task is asked to stop. */
  rest(milliseconds: number): Promise<void>;
};

/** This very millisecond has had its cycle: looked at again after so long. */
const DONE_MS = 5_000;

/**
 * One cycle after the other, until the task is asked to stop or is no longer what is wanted. The first one was claimed
 * before the task was started.
 */
export async function keepRunning(world: TaskPorts, ticket: KeepTicket, place: TaskPlace & Rest): Promise<TaskEnd> {
  const bench = { ...place, billing: taskBilling(place.billedFrom) };
  let runs = 0;
  const cycle = async (claimed: Claimed): Promise<void> => {
    runs += 1;
    await work(world, claimed, bench);
    await place.rest((claimed.spec.restSeconds ?? 0) * 1000);
  };
  if (ticket.first) {
    const { claimed, end } = await adopt(world, ticket.first, { holder: cycleHolder(place.taskId, 0), place });
    if (!claimed) return end;
    await cycle(claimed);
  }
  while (!place.interruption.signal.aborted) {
    const answer = await nextCycle(world, ticket, cycleHolder(place.taskId, runs));
    place.onHeartbeat();
    if (typeof answer === 'string') return { runs, why: answer };
    if (answer === null) await place.rest(DONE_MS);
    else await cycle(answer);
  }
  return { runs, why: 'asked to stop' };
}

/** Why there is none; null: not in this moment. Who finds somebody else at work goes: it is billed for waiting, too. */
async function nextCycle(
  world: TaskPorts,
  { agentId, number, specVersion }: KeepTicket,
  holder: string,
): Promise<Claimed | string | null> {
  const instance = await getInstance(world.table, agentId, number);
  if (instance?.status !== 'active') return 'its instance is not active';
  if (instance.specVersion !== specVersion) return 'there is a newer version of its config';
  if (instance.coolingUntil > world.time.now()) return 'its instance cools down';
  // A cycle that was interrupted is taken up before a new one begins.
  const [slot = tickSlot(world.time.now())] = openTicks(instance);
  const answer = await claim(world, { agentId, number, slot, holder });
  if (answer.kind === 'run') return answer.claimed;
  if (answer.kind === 'refused') return `refused: ${answer.reason}`;
  return answer.kind === 'done' ? null : 'somebody else works on its instance';
}
