/**
 * What a task of an agent does: goes on with the run that was claimed for it, or, kept alive, runs one cycle after the
 * other. The same claim, ledger and blueprints as in a function; asked to stop, it leaves a checkpoint and gives back.
 */
import { tickSlot } from '../domain/run.ts';
import type { Interruption } from '../ports/host.ts';
import type { World } from '../ports/world.ts';
import type { Call } from '../runtime/job.ts';
import type { Claimed } from '../store/claim.ts';
import { claim } from '../store/claim-store.ts';
import { endRun } from '../store/close-store.ts';
import { getInstance } from '../store/instance-store.ts';
import { readSpec } from '../store/spec-cache.ts';
import { adoptRun, taskHolder } from '../store/task-store.ts';
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
  /** What the task has used since it was last asked. */
  use(): Pick<RunUse, 'cpuMs' | 'wallMs' | 'peakMemoryMb'>;
};

/** Why a task has nothing more to do; its last words. */
export type TaskEnd = { readonly runs: number; readonly why: string };

/** A task that cannot know its end in time is ended by its watchdog; the run itself is kept to its own time-out. */
const FOR_EVER_MS = 400 * 86_400_000;

/** One run, from the claim that was made for it to its record. */
export async function runInTask(world: TaskPorts, ticket: RunTicket, place: TaskPlace): Promise<TaskEnd> {
  const me = { holder: taskHolder(place.taskId), billedFrom: place.billedFrom };
  const adopted = await adoptRun(world, ticket, me);
  if (adopted.kind === 'gone') return { runs: 0, why: 'somebody else has this run, or it has ended' };
  const { instance } = adopted;
  const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
  const attempt = (instance.tries[ticket.slot]?.attempts ?? 0) + 1;
  const claimed: Claimed = { instance, spec, attempt };
  if (instance.status === 'retired') return await refuseRetired(world, claimed);
  return { runs: 1, why: await work(world, claimed, place) };
}

/** Retired between its claim and its start: recorded, and nothing of it was run. */
async function refuseRetired(world: TaskPorts, claimed: Claimed): Promise<TaskEnd> {
  const endedAt = world.time.now();
  const ending = { outcome: 'failed', note: 'retired while it started', costMicros: 0, earnedMicros: 0 } as const;
  await endRun(world, claimed, { ...ending, endedAt });
  return { runs: 0, why: 'the agent was retired' };
}

/** Runs what is claimed and closes it in one of its ways; answers how. */
async function work(world: TaskPorts, claimed: Claimed, place: TaskPlace): Promise<string> {
  const lost = new AbortController();
  const call: Call = {
    invocationId: place.taskId,
    deadline: world.time.now() + FOR_EVER_MS,
    receiveCount: 1,
    interruption: { ...place.interruption, signal: AbortSignal.any([place.interruption.signal, lost.signal]) },
    onHeartbeat: (kept) => (kept ? place.onHeartbeat() : lost.abort()),
  };
  const ended = await executeRun(world, claimed, call);
  const slot = claimed.instance.run?.slot ?? '';
  const { cpuUnits = 0, memoryMb = 0 } = claimed.spec.task ?? {};
  await noteUse(world, claimed.instance, { slot, ...place.use(), cpuUnits, memoryMb });
  if (ended.kind === 'fenced') return 'somebody else has this run';
  if (ended.kind === 'interrupted') return await giveBack(world, ended.claimed, claimed.instance.run?.startedAt);
  await afterCrash(world, claimed, ended);
  await continueRequest(world, slot);
  return 'recorded';
}

/** From its last checkpoint, or from its beginning while nothing was paid; else it is recorded. */
async function giveBack(world: TaskPorts, { instance, spec }: Claimed, startedAt: number | undefined): Promise<string> {
  const image = await getInstance(world.table, instance.agentId, instance.number);
  const mine = image?.fence === instance.fence && image.run?.holder === instance.run?.holder;
  if (!image || !mine) return 'somebody else has this run';
  const now = world.time.now();
  const { kind } = await giveUpRun(world, image, { spec, blame: 'platform', billedMs: now - (startedAt ?? now) });
  return kind === 'reopened' ? 'interrupted: to be taken up again' : 'interrupted: recorded';
}

export type Rest = {
  /** Resolves after so many milliseconds, or as soon as the task is asked to stop. */
  rest(milliseconds: number): Promise<void>;
};

/** Somebody else may be finishing a run of this instance: looked at again after so long. */
const BUSY_MS = 5_000;

/** One cycle after the other, until the task is asked to stop or is no longer what is wanted. */
export async function keepRunning(world: TaskPorts, ticket: KeepTicket, place: TaskPlace & Rest): Promise<TaskEnd> {
  let billedFrom = place.billedFrom;
  let runs = 0;
  while (!place.interruption.signal.aborted) {
    const instance = await getInstance(world.table, ticket.agentId, ticket.number);
    if (instance?.status !== 'active') return { runs, why: 'its instance is not active' };
    if (instance.specVersion !== ticket.specVersion) return { runs, why: 'there is a newer version of its config' };
    if (instance.coolingUntil > world.time.now()) return { runs, why: 'its instance cools down' };
    // A cycle that was interrupted is taken up before a new one begins.
    const [open = tickSlot(world.time.now())] = Object.keys(instance.tries);
    const holder = taskHolder(`${place.taskId}.${runs}`);
    const want = { agentId: ticket.agentId, number: ticket.number, slot: open, holder, billedFrom };
    const answer = await claim(world, want);
    place.onHeartbeat();
    if (answer.kind === 'refused') return { runs, why: `refused: ${answer.reason}` };
    if (answer.kind === 'run') {
      runs += 1;
      await work(world, answer.claimed, place);
      billedFrom = world.time.now();
      await place.rest((answer.claimed.spec.restSeconds ?? 0) * 1000);
    } else await place.rest(BUSY_MS);
  }
  return { runs, why: 'asked to stop' };
}
