/** A claimed run, from its claim to its record: the blueprint runs in its host, every paid call is marked before. */
import type { Json } from '../domain/agent.ts';
import { NovaError } from '../domain/error.ts';
import { printOf, spelled } from '../domain/fingerprint.ts';
import { JOURNAL_RECORDS, mayHaveCheckpoint } from '../domain/instance.ts';
import type { PlatformUse } from '../domain/protocol/cost.ts';
import { runId } from '../domain/run.ts';
import type { RunCalls, RunOrder } from '../ports/host.ts';
import type { World } from '../ports/world.ts';
import type { Call } from '../runtime/job.ts';
import { agentBrief } from '../store/agent-store.ts';
import type { Claimed } from '../store/claim.ts';
import { type Ended, type Ending, endRun } from '../store/close-store.ts';
import { type Found, stateFor } from '../store/state-store.ts';
import { PaidCalls } from './paid-calls.ts';
import { mayCall, type Result, unlessStopped, watchStop } from './stop-run.ts';

export const EXECUTE_NEEDS = {
  table: true,
  time: true,
  heart: true,
  settings: true,
  host: true,
  http: true,
  llm: true,
  log: true,
  revenue: true,
} as const;
export type ExecutePorts = Pick<World, keyof typeof EXECUTE_NEEDS>;

/** Time kept back from the platform's deadline to write the end. */
const END_MARGIN_MS = 5_000;

/** What one run has done so far. */
type Progress = { readonly paid: PaidCalls; earnedMicros: number };

/** `interrupted`: nothing is written yet; whoever wanted the machine back gives the run up in its own way. */
export type Executed = Ended | { readonly kind: 'interrupted'; readonly claimed: Claimed };

export async function executeRun(world: ExecutePorts, claimed: Claimed, call: Call): Promise<Executed> {
  // Before the first heartbeat: were it to fail after, nobody would stop the heart, and the lease would never end.
  const found = await stateFor(world.table, claimed);
  const order = await orderOf(world, claimed, { call, found });
  const paid = new PaidCalls(world, claimed, order.deadline);
  const progress: Progress = { paid, earnedMicros: 0 };
  const unwatch = watchStop(world, paid, call.onHeartbeat);
  const calls = { ...callsOf(world, progress), ...(call.onUse ? { used: call.onUse } : {}) };
  const running = world.host.execute(order, calls, call.interruption);
  const done = await unlessStopped(running, paid).finally(unwatch);
  await paid.close();
  const result: Result = paid.fault === null ? withState(done, found) : { outcome: 'crashed', note: paid.fault };
  const { outcome } = result;
  if (outcome === 'interrupted') return { kind: 'interrupted', claimed: paid.claimed };
  const endedAt = world.time.now();
  return await endRun(world, paid.claimed, {
    ...result,
    outcome,
    endedAt,
    ...paid.total(platformUse(paid, { endedAt, order, state: result.state, billedMs: call.billedMs?.(endedAt) })),
    earnedMicros: progress.earnedMicros,
    refusedMicros: paid.refusedMicros,
    ...printsOf(progress, result),
  });
}

/** What an attempt before has kept is the run's own: it stays when this one ends well without setting more. */
function withState(done: Result, { state, resumed }: Found): Result {
  const isKept = resumed && done.state === undefined && (done.outcome === 'succeeded' || done.outcome === 'failed');
  return isKept ? { ...done, state } : done;
}

type Lived = {
  readonly endedAt: number;
  readonly order: RunOrder;
  readonly state: Json | undefined;
  readonly billedMs: number | undefined;
};
/** Keys and names of an item that holds a state. */
const ITEM_BYTES = 120;

/** Units of the table by what is known of them: claim, marks, end, a page each fourth run, the state and its transaction. */
function platformUse(
  { claimed: { instance }, looks }: PaidCalls,
  { endedAt, order, state, billedMs }: Lived,
): PlatformUse {
  const { run, journal, hasState } = instance;
  const bytesOf = (value: Json | undefined): number => (value === undefined ? 0 : JSON.stringify(value).length);
  const page = journal.length >= JOURNAL_RECORDS ? 1 : 0;
  // A checkpoint is taken away with the end: then that is a transaction, too.
  const taken = mayHaveCheckpoint(instance) ? 2 : 0;
  const kept = state === undefined ? 0 : 2 * Math.ceil((bytesOf(state) + ITEM_BYTES) / 1024);
  const end = taken + kept === 0 ? 1 : 2 + taken + kept;
  return {
    ms: billedMs ?? Math.max(0, endedAt - (run?.startedAt ?? endedAt)),
    writeUnits: 1 + (run?.callSeq ?? 0) + page + end,
    readUnits: looks + (hasState ? Math.ceil((bytesOf(order.state) + ITEM_BYTES) / 4096) : 0),
  };
}

/** What a paid run was given and what came of it, as far as either is to be different from run to run. */
function printsOf(
  { paid: { claimed, input }, earnedMicros }: Progress,
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

type Begins = { readonly call: Call; readonly found: Found };

async function orderOf(
  world: ExecutePorts,
  { instance, spec, attempt }: Claimed,
  { call, found }: Begins,
): Promise<RunOrder> {
  const { agentId, number, run, total } = instance;
  // A task is billed, and counted, from before it could begin; its time-out begins with the work.
  const started = spec.task ? world.time.now() : (run?.startedAt ?? world.time.now());
  const { count, rejections } = await agentBrief(world, agentId);
  return {
    runId: runId(agentId, number, run?.slot ?? ''),
    agentId,
    instance: { number, count },
    attempt,
    sequence: total.runs,
    deadline: Math.min(started + spec.timeoutSeconds * 1000, call.deadline - END_MARGIN_MS),
    blueprint: spec.blueprint,
    config: spec.config,
    state: found.state,
    ...(rejections.length > 0 ? { rejections } : {}),
  };
}

function callsOf(world: ExecutePorts, progress: Progress): RunCalls {
  const { paid } = progress;
  const { agentId, number, run } = paid.claimed.instance;
  const id = runId(agentId, number, run?.slot ?? '');
  return {
    stopped: paid.stop.signal,
    mark: (boundMicros, asks, item) => paid.mark(boundMicros, asks, item),
    settle: (costMicros) => paid.settle(costMicros),
    tool: (use) => paid.tool(use),
    llm: (request) => paid.llm(request),
    checkpoint: (state) => paid.checkpoint(state),
    async earn(amountMicros, movementId) {
      await mayCall(world, paid);
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
      await mayCall(world, paid);
      const page = await world.http.get(url);
      paid.takeIn(printOf(url, page.body));
      return page;
    },
    // Nested: names of the blueprint's choosing must not pass for ours.
    log: (message, fields) => world.log.info(message, { runId: id, fields }),
  };
}
