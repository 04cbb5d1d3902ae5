/**
 * A lease ran out: whoever comes next recovers it, in one write pinned to what was read. Without the pins it would
 * overspend: the holder may mark a call between the read and the write.
 */
import type { AgentSpec } from '../domain/agent.ts';
import type { ActiveRun, Instance, Tally } from '../domain/instance.ts';
import { pricesAt } from '../domain/price-table.ts';
import { afterOutcome, closeSlot } from '../domain/protocol/close.ts';
import { lostMicros as lostAfter, platformUsage, type Rate, rateOf } from '../domain/protocol/cost.ts';
import type { RunUsage } from '../domain/receipt-code.ts';
import { MAX_ATTEMPTS, type RunRecord, triggerOf } from '../domain/run.ts';
import { keptTaskOf, MINIMUM_BILLED_MS } from '../domain/task.ts';
import type { Condition, Op, Update, Value } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { closedAttrs, restOf, returnOps } from './close-store.ts';
import { encodeTally, encodeTries, RUN_ATTRS } from './instance-item.ts';
import { journalPage, pinned } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { lostCalls, withReceipt } from './receipt-store.ts';
import { giveBackOp } from './request-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings'>;

/** `platform`: the engine itself was stopped; that is no crash of the agent. */
export type Lost = {
  readonly spec: AgentSpec;
  readonly blame: 'agent' | 'platform';
  /** How long its compute was billed, where that is known; else it is charged at its bound. */
  readonly billedMs?: number;
};

export type Recovered = {
  readonly kind: 'reopened' | 'recorded' | 'raced';
  /** As after any other crash: the owner is told, the agent is paused. */
  readonly tripped: boolean;
  readonly exhausted: boolean;
};
const RACED: Recovered = { kind: 'raced', tripped: false, exhausted: false };
/** Checkpoints are progress: an attempt that left one may be followed by more than an attempt that left nothing. */
const MAX_RESUMED_ATTEMPTS = 12;

/**
 * No call marked since the run began or left its last checkpoint: the slot is open again, three attempts at most (twelve
 * with checkpoints). A call marked: recorded as crashed at what the calls may have cost, because they may have been made. A lost attempt's compute is charged at its bound either way.
 */
export async function recover(ports: Ports, instance: Instance, lost: Lost): Promise<Recovered> {
  const { run } = instance;
  if (!run) return RACED;
  const attempts = (instance.tries[run.slot]?.attempts ?? 0) + 1;
  const allowed = run.checkedSeq === undefined ? MAX_ATTEMPTS : MAX_RESUMED_ATTEMPTS;
  const reopens = run.callSeq === (run.checkedSeq ?? 0) && attempts < allowed;
  const found: Case = { instance, run, lost };
  const { ops, tripped, exhausted } = reopens ? reopening(ports, found) : await recording(ports, found);
  const result = await ports.table.transact(ops);
  if (!result.ok) return RACED;
  return { kind: reopens ? 'reopened' : 'recorded', tripped, exhausted };
}

type Case = { readonly instance: Instance; readonly run: ActiveRun; readonly lost: Lost };
type Planned = { readonly ops: Op[]; readonly tripped: boolean; readonly exhausted: boolean };

/** What the compute of the lost attempt is charged. */
function lostMicros({ settings }: Ports, { run, lost }: Case): number {
  const rate = rateOf(lost.spec, settings);
  return lostAfter(rate, lostMs(rate, lost), run.startedAt);
}

/** All that it may have taken, or what is known to have been billed: of a task a minute at least, whatever it did. */
function lostMs({ tailMs }: Rate, { spec, billedMs }: Lost): number {
  const most = spec.timeoutSeconds * 1000 + tailMs;
  const least = spec.task ? MINIMUM_BILLED_MS : 0;
  return billedMs === undefined ? most : Math.min(most, Math.max(least, billedMs));
}

/** One that is kept running and lost its lease is not waited for: the next look stops it, and starts another. */
function lostTask({ holder }: ActiveRun, { blame }: Lost): Record<string, Value> {
  const taskId = blame === 'agent' ? keptTaskOf(holder) : null;
  return taskId === null ? {} : { lt: taskId };
}

function asRead(instance: Instance, run: ActiveRun): Condition[] {
  return [
    ...pinned(instance),
    { attr: 'cs', op: '=', value: run.callSeq },
    { attr: 'lu', op: '=', value: run.leaseUntil },
    { attr: 'ho', op: '=', value: run.holder },
  ];
}

function reopening(ports: Ports, { instance, run, lost }: Case): Planned {
  const { time } = ports;
  const bound = run.sentMicros + lostMicros(ports, { instance, run, lost });
  const before = instance.tries[run.slot] ?? { attempts: 0, lostMicros: 0 };
  const tries = {
    ...instance.tries,
    [run.slot]: {
      ...{ attempts: before.attempts + 1, lostMicros: before.lostMicros + bound },
      ...lostCallsOf(before, run),
    },
  };
  const crash = afterOutcome(instance, lost.blame === 'agent' ? 'crashed' : 'refused', {
    now: time.now(),
    spec: lost.spec,
  });
  const charged = (tally: Tally): Value => encodeTally({ ...tally, costMicros: tally.costMicros + bound });
  const { set, add, budgets } = returnOps(
    instance,
    restOf(run, { usd: bound, tokens: run.sentTokens, runs: 0, seconds: run.others.seconds }),
  );
  const update: Update = {
    op: 'update',
    key: instanceKey(instance.agentId, instance.number),
    if: asRead(instance, run),
    set: {
      tr: encodeTries(tries),
      d: charged(instance.day),
      t: charged(instance.total),
      cx: crash.crashStreak,
      cu: crash.coolingUntil,
      pb: crash.probes,
      ...lostTask(run, lost),
      ...set,
    },
    remove: RUN_ATTRS,
    add: { rev: 1, ...add },
  };
  const ops = [update, ...budgets, ...(triggerOf(run.slot) === 'manual' ? [giveBackOp(run.slot)] : [])];
  return { ops, tripped: crash.tripped, exhausted: crash.exhausted };
}

async function recording(ports: Ports, { instance, run, lost }: Case): Promise<Planned> {
  const page = journalPage(instance);
  if (page) await ports.table.write(page);
  const { record, put } = withReceipt(
    instance,
    lostRecord(ports, { instance, run, lost }),
    lostUsage(ports, { instance, run, lost }),
  );
  if (put) await ports.table.write(put);
  const closed = closeSlot(instance, record, lost.spec);
  const crash =
    lost.blame === 'agent'
      ? {}
      : { crashStreak: instance.crashStreak, coolingUntil: instance.coolingUntil, probes: instance.probes };
  const charged = record.costMicros - (instance.tries[run.slot]?.lostMicros ?? 0);
  const { set, add, budgets } = returnOps(
    instance,
    restOf(run, { ...run.others, usd: charged, tokens: run.sentTokens }),
  );
  const update: Update = {
    op: 'update',
    key: instanceKey(instance.agentId, instance.number),
    if: asRead(instance, run),
    set: { ...closedAttrs(instance, record, { ...closed, ...crash }), ...lostTask(run, lost), ...set },
    remove: RUN_ATTRS,
    add: { rev: 1, ...add },
  };
  const { tripped, exhausted } = lost.blame === 'agent' ? closed : RACED;
  return { ops: [update, ...budgets], tripped, exhausted };
}

function lostRecord(ports: Ports, { instance, run, lost }: Case): RunRecord {
  const { time } = ports;
  const before = instance.tries[run.slot] ?? { attempts: 0, lostMicros: 0 };
  const bound = lostMicros(ports, { instance, run, lost });
  return {
    slot: run.slot,
    outcome: 'crashed',
    attempt: before.attempts + 1,
    startedAt: run.startedAt,
    durationMs: Math.max(0, time.now() - run.startedAt),
    costMicros: run.sentMicros + before.lostMicros + bound,
    earnedMicros: 0,
    note: lost.blame === 'agent' ? 'lease lost' : 'engine stopped',
  };
}

/** What its calls may have cost is known, what they were has gone with its holder. A task's time is known, too. */
function lostUsage(ports: Ports, found: Case): RunUsage {
  const { instance, run, lost } = found;
  const { lostTokens = 0, lostCallsMicros = 0 } = lostCallsOf(instance.tries[run.slot] ?? {}, run);
  const rate = rateOf(lost.spec, ports.settings);
  const task = rate.task ? platformUsage(rate, { ms: lostMs(rate, lost), writeUnits: 0, readUnits: 0 }) : [];
  return { version: pricesAt(run.startedAt).version, usage: [...lostCalls(lostCallsMicros), ...task], lostTokens };
}

type LostCalls = { readonly lostTokens?: number; readonly lostCallsMicros?: number };

/** Calls of attempts that left a checkpoint and were lost after it stay with the run. */
function lostCallsOf(before: LostCalls, { sentTokens, sentMicros }: ActiveRun): LostCalls {
  const lostTokens = (before.lostTokens ?? 0) + sentTokens;
  const lostCallsMicros = (before.lostCallsMicros ?? 0) + sentMicros;
  return { ...(lostTokens > 0 ? { lostTokens } : {}), ...(lostCallsMicros > 0 ? { lostCallsMicros } : {}) };
}
