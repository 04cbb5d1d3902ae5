/** Ticks and manual requests: claim the slot, run the blueprint, record it. A message goes only when its slot is closed. */
import { NovaError } from '../domain/error.ts';
import type { Instance } from '../domain/instance.ts';
import { tickSlot } from '../domain/run.ts';
import type { World } from '../ports/world.ts';
import type { Call, Later, QueueJob } from '../runtime/job.ts';
import { getAgent } from '../store/agent-store.ts';
import type { Claim, ClaimAnswer, Claimed } from '../store/claim.ts';
import { claim } from '../store/claim-store.ts';
import { getInstance } from '../store/instance-store.ts';
import {
  finishRequest,
  getRequest,
  parkRequest,
  type RunRequest,
  restRequest,
  slotOf,
  touchRequest,
} from '../store/request-store.ts';
import { latestSpec, readSpec } from '../store/spec-cache.ts';
import { RunMessage, type TickMessage } from '../wire/messages.ts';
import { afterCrash } from './after-crash.ts';
import { EXECUTE_NEEDS, type Executed, type ExecutePorts, executeRun } from './execute-run.ts';
import type { Launched } from './launch-run.ts';
import { giveUpExpired } from './lost-run.ts';

const NEEDS = { ...EXECUTE_NEEDS, runs: true, work: true, launcher: true, hashing: true } as const;
export type RunPorts = ExecutePorts & Pick<World, 'runs' | 'work' | 'launcher' | 'hashing'>;

/** No room for a task: it is looked for again ever more rarely, up to so many seconds. */
const NO_CAPACITY_SECONDS = 300;
/** The attempt before may live after all, and a task for a day: a message is received a hundred times. */
const MAX_HELD_SECONDS = 900;
/** Given back after losing a lease: long enough for whoever has it to write. */
const FENCED: Later = { laterSeconds: 2 };
/** A further manual run is begun only when its time-out and this much fit into what is left of the invocation. */
const HOP_MARGIN_MS = 15_000;
export const MAX_HOPS = 10;

export const runAgentJob: QueueJob<RunMessage, RunPorts> = {
  name: 'run-agent',
  needs: NEEDS,
  parse: (body) => RunMessage.parse(body),
  run: (message, world, call) =>
    message.kind === 'tick' ? runTick(message, world, call) : runRequest(message, world, call),
};

async function runTick(message: TickMessage, world: RunPorts, call: Call): Promise<Later | undefined> {
  const slot = tickSlot(Date.parse(message.scheduledFor));
  const want = { agentId: message.agentId, number: message.instance, slot, holder: call.invocationId };
  const { answer, ended, placed } = await attempt(world, want, call);
  // Who is kept running is asked for again each minute, for as long as that is wanted.
  const kept = latestSpec(world.table, message.agentId)?.restSeconds !== undefined;
  if (kept && (answer.kind === 'wait' || placed === 'refused')) return undefined;
  if (answer.kind === 'wait') return waiting(answer.seconds, call);
  if (placed === 'refused') return waiting(NO_CAPACITY_SECONDS, call);
  // It was sent again for an attempt that is not given up yet.
  if (answer.kind === 'held' && answer.claimed.attempt < (message.attempt ?? 1)) return waiting(MAX_HELD_SECONDS, call);
  return ended?.kind === 'fenced' ? FENCED : undefined;
}

type Attempted = { readonly answer: ClaimAnswer; readonly ended?: Executed; readonly placed?: Launched };

async function attempt(world: RunPorts, want: Claim, call: Call): Promise<Attempted> {
  const giveUp = (instance: Instance): Promise<void> => giveUpExpired(world, instance, 'agent');
  const answer = await claim(world, { ...want, giveUp }).catch((thrown: unknown) => notYetThere(world, want, thrown));
  if (answer.kind === 'held') return { answer, placed: await launch(world, answer.claimed, { again: true }) };
  if (answer.kind !== 'run') return { answer };
  if (answer.claimed.spec.task) return { answer, placed: await launch(world, answer.claimed, { again: false }) };
  const ended = await executeRun(world, answer.claimed, call);
  if (ended.kind === 'recorded') await afterCrash(world, answer.claimed, ended);
  return { answer, ended };
}

/** Most runs need no task, and load nothing of it. */
async function launch(world: RunPorts, claimed: Claimed, how: { readonly again: boolean }): Promise<Launched> {
  return (await import('./launch-run.ts')).launchRun(world, claimed, how);
}

/** Most runs are short: it looks again soon at first, then ever more rarely. */
function waiting(atMostSeconds: number, { receiveCount }: Call): Later {
  return { laterSeconds: Math.min(atMostSeconds, 2 ** Math.min(receiveCount - 1, 10)) };
}

/** An agent that was just deployed or scaled: its instance is about to be made. */
async function notYetThere(world: RunPorts, { agentId, number }: Claim, thrown: unknown): Promise<ClaimAnswer> {
  if (!(thrown instanceof NovaError) || thrown.code !== 'not_found') throw thrown;
  const agent = await getAgent(world.table, agentId);
  if (agent?.status !== 'active' || number >= agent.instances) throw thrown;
  return { kind: 'wait', seconds: 1 };
}

type Requested = Extract<RunMessage, { kind: 'request' }>;

/** One run after another; what time does not allow goes on as one message, ten hops at most. */
async function runRequest(message: Requested, world: RunPorts, call: Call): Promise<Later | undefined> {
  let request = await getRequest(world.table, message.requestId);
  if (request && (await relaunch(world, request)) === 'refused') return await noCapacity(world, request, call);
  const first = request?.next ?? 0;
  while (request && request.status === 'open' && request.next < request.times) {
    if (request.next > first && !fits(world, request, call)) return await handOn(world, message, request);
    const step = await runNext(world, request, call);
    if (step === 'in a task') return undefined;
    // Under the kill switch its item waits, not its message: waiting counts as receiving.
    if (step === 'parked') return await parkRequest(world.table, request).then(() => undefined);
    if (step) return step;
    request = await getRequest(world.table, message.requestId);
  }
  if (request?.status === 'open') await finishRequest(world.table, request);
  return undefined;
}

function fits(world: RunPorts, { agentId }: RunRequest, call: Call): boolean {
  if (call.stopping) return false;
  const timeoutMs = (latestSpec(world.table, agentId)?.timeoutSeconds ?? 0) * 1000;
  return call.deadline - world.time.now() >= timeoutMs + HOP_MARGIN_MS;
}

/** In a task: it asks for the next run of its request when it is done. */
async function runNext(
  world: RunPorts,
  request: RunRequest,
  call: Call,
): Promise<Later | 'in a task' | 'parked' | undefined> {
  const want = {
    agentId: request.agentId,
    number: request.instance,
    slot: slotOf(request, request.next),
    holder: `${call.invocationId}-${request.next}`,
  };
  const { answer, ended, placed } = await attempt(world, want, call);
  if (answer.kind === 'wait') return waiting(answer.seconds, call);
  if (placed === 'refused') return await noCapacity(world, request, call);
  if (placed === 'launched') return 'in a task';
  if (answer.kind === 'parked') return 'parked';
  return ended?.kind === 'fenced' ? FENCED : undefined;
}

/** Whoever claimed the run before may have died before it asked for the task: the same claim asks for the same task. */
async function relaunch(world: RunPorts, request: RunRequest): Promise<Launched | null> {
  if (request.next === 0) return null;
  const instance = await getInstance(world.table, request.agentId, request.instance);
  const slot = slotOf(request, request.next - 1);
  if (!instance?.run || instance.run.slot !== slot || instance.run.leaseUntil <= world.time.now()) return null;
  const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
  if (!spec.task) return null;
  const attempt = (instance.tries[slot]?.attempts ?? 0) + 1;
  return await launch(world, { instance, spec, attempt }, { again: true });
}

/** Its message is there and asks again: the sweep need not send another one. */
async function noCapacity({ table, time }: RunPorts, request: RunRequest, call: Call): Promise<Later> {
  const later = waiting(NO_CAPACITY_SECONDS, call);
  await touchRequest(table, request, time.now() + later.laterSeconds * 1000);
  return later;
}

/** Beyond the last hop the sweep takes the request up again: nothing re-enqueues itself for ever. */
async function handOn(world: RunPorts, message: Requested, request: RunRequest): Promise<undefined> {
  if (message.hop < MAX_HOPS) await world.runs.send({ ...message, hop: message.hop + 1 });
  else await rest(world, request);
}

/** The owner is told the first time: once it is written down that it rests, nobody tells it again. */
async function rest(world: RunPorts, request: RunRequest): Promise<void> {
  const { id, agentId, times, next, restedAt } = request;
  if (restedAt === null) {
    await world.work.send({
      v: 1,
      kind: 'notify',
      subject: `A request for ${times} runs of ${agentId} takes long`,
      text: `Its message was handed on ${MAX_HOPS} times, which is as often as it may: ${next} of ${times} runs are done. It rests now, and goes on a quarter of an hour later, and so on until all are done. To end it, pause the agent: nova agent pause ${agentId}`,
      dedupKey: `hops:${id}`,
    });
  }
  await restRequest(world.table, request, world.time.now());
}
