/** A claimed run, from its claim to its record: the blueprint runs in its host, every paid call is marked before. */
import { NovaError } from '../domain/error.ts';
import { mixed, printOf, spelled } from '../domain/fingerprint.ts';
import { attemptMicros, rateOf } from '../domain/protocol/cost.ts';
import { runId } from '../domain/run.ts';
import type { RunCalls, RunOrder } from '../ports/host.ts';
import type { World } from '../ports/world.ts';
import type { Call } from '../runtime/job.ts';
import { countInstances } from '../store/agent-store.ts';
import type { Claimed } from '../store/claim.ts';
import { type Ended, type Ending, endRun } from '../store/close-store.ts';
import { keepCheckpoint, markCall } from '../store/mark-store.ts';
import { readState } from '../store/state-store.ts';
import { mayGoOn, type Result, type Stop, unlessStopped, watchStop } from './stop-run.ts';

export const EXECUTE_NEEDS = {
  table: true,
  time: true,
  heart: true,
  settings: true,
  host: true,
  http: true,
  log: true,
  revenue: true,
} as const;
export type ExecutePorts = Pick<World, keyof typeof EXECUTE_NEEDS>;

/** Time kept back from the platform's deadline to write the end. */
const END_MARGIN_MS = 5_000;

/** What one run has done so far; the claim moves on with every mark. */
type Progress = Stop & {
  settledMicros: number;
  openBoundMicros: number;
  earnedMicros: number;
  /** What calls asked for that the hold had no room for. */
  refusedMicros: number;
  /** The print of all that it read and asked for; null while that is nothing. */
  input: number | null;
};

/** `interrupted`: nothing is written yet; whoever wanted the machine back gives the run up in its own way. */
export type Executed = Ended | { readonly kind: 'interrupted'; readonly claimed: Claimed };

export async function executeRun(world: ExecutePorts, claimed: Claimed, call: Call): Promise<Executed> {
  const { instance } = claimed;
  const progress: Progress = {
    ...{ claimed, settledMicros: 0, openBoundMicros: 0, earnedMicros: 0, refusedMicros: 0, input: null },
    ...{ stop: new AbortController(), marking: Promise.resolve() },
  };
  // Before the first heartbeat: were it to fail after, nobody would stop the heart, and the lease would never end.
  const order = await orderOf(world, claimed, call);
  const unwatch = watchStop(world, progress, call.onHeartbeat);
  const running = world.host.execute(order, callsOf(world, progress), call.interruption);
  const result = await unlessStopped(running, progress).finally(unwatch);
  const { outcome } = result;
  if (outcome === 'interrupted') return { kind: 'interrupted', claimed: progress.claimed };
  const endedAt = world.time.now();
  const rate = rateOf(claimed.spec, world.settings.computeNanosPerSecond);
  const ran = attemptMicros(endedAt - (instance.run?.startedAt ?? endedAt), rate);
  return await endRun(world, progress.claimed, {
    ...result,
    outcome,
    endedAt,
    costMicros: progress.settledMicros + progress.openBoundMicros + ran,
    earnedMicros: progress.earnedMicros,
    refusedMicros: progress.refusedMicros,
    ...printsOf(progress, result),
  });
}

/** What a paid run was given and what came of it, as far as either is to be different from run to run. */
function printsOf(
  { claimed, input, earnedMicros }: Progress,
  { outcome, note, state }: Result,
): Pick<Ending, 'prints'> {
  if (claimed.instance.run?.callSeq === 0) return {};
  const { repeats = [] } = claimed.spec;
  const came = printOf(outcome, note, String(earnedMicros), JSON.stringify(state ?? null));
  return {
    prints: {
      input: input === null || repeats.includes('input') ? '' : spelled(input),
      outcome: repeats.includes('outcome') ? '' : spelled(came),
    },
  };
}

async function orderOf(world: ExecutePorts, { instance, spec, attempt }: Claimed, call: Call): Promise<RunOrder> {
  const { agentId, number, run, total } = instance;
  // A task is billed, and counted, from before it could begin; its time-out begins with the work.
  const started = spec.task ? world.time.now() : (run?.startedAt ?? world.time.now());
  const count = await countInstances(world, agentId);
  return {
    runId: runId(agentId, number, run?.slot ?? ''),
    agentId,
    instance: { number, count },
    attempt,
    sequence: total.runs,
    deadline: Math.min(started + spec.timeoutSeconds * 1000, call.deadline - END_MARGIN_MS),
    blueprint: spec.blueprint,
    config: spec.config,
    state: await readState(world.table, instance),
  };
}

/** In any order: a run may read several pages at a time. */
function takeIn(progress: Progress, print: number): void {
  progress.input = mixed(progress.input ?? 0, print);
}

function callsOf(world: ExecutePorts, progress: Progress): RunCalls {
  const { agentId, number, run } = progress.claimed.instance;
  const id = runId(agentId, number, run?.slot ?? '');
  return {
    stopped: progress.stop.signal,
    async mark(boundMicros, asks) {
      mayGoOn(progress);
      if (asks !== undefined) takeIn(progress, asks);
      // A call whose cost nobody told is booked at its bound before the next one is marked.
      progress.settledMicros += progress.openBoundMicros;
      progress.openBoundMicros = 0;
      const marked = markOne(world, progress, boundMicros);
      progress.marking = marked.catch(() => undefined);
      await marked;
    },
    settle(costMicros) {
      if (costMicros < 0 || costMicros > progress.openBoundMicros) return;
      progress.settledMicros += costMicros;
      progress.openBoundMicros = 0;
    },
    async checkpoint(state) {
      mayGoOn(progress);
      progress.settledMicros += progress.openBoundMicros;
      progress.openBoundMicros = 0;
      progress.claimed = await keepCheckpoint(world, progress.claimed, {
        state,
        settledMicros: progress.settledMicros,
      });
    },
    async earn(amountMicros, movementId) {
      mayGoOn(progress);
      if (!Number.isSafeInteger(amountMicros) || amountMicros < 0) {
        throw new NovaError('bad_input', `an earning is a whole number of micro-USD, 0 or more; got ${amountMicros}`);
      }
      const at = world.time.now();
      await world.revenue.send({
        v: 1,
        kind: 'earned',
        movementId: movementId ?? `${id}:0`,
        agentId,
        runId: id,
        amountMicros,
        at,
      });
      progress.earnedMicros += amountMicros;
    },
    async fetch(url) {
      mayGoOn(progress);
      const page = await world.http.get(url);
      takeIn(progress, printOf(url, page.body));
      return page;
    },
    // Nested: names of the blueprint's choosing must not pass for ours.
    log: (message, fields) => world.log.info(message, { runId: id, fields }),
  };
}

/** @throws NovaError as `markCall`; denied as well when the run was stopped meanwhile: the bound is spent all the same. */
async function markOne(world: ExecutePorts, progress: Progress, boundMicros: number): Promise<void> {
  const paid = { boundMicros, settledMicros: progress.settledMicros };
  try {
    progress.claimed = await markCall(world, progress.claimed, paid);
    progress.openBoundMicros = boundMicros;
  } catch (thrown) {
    const code = thrown instanceof NovaError ? thrown.code : null;
    if (code === 'denied') progress.stop.abort();
    if (code === 'budget_reached') progress.refusedMicros += boundMicros;
    throw thrown;
  }
  mayGoOn(progress);
}
