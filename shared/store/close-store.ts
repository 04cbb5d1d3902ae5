/**
 * Ending a run: one conditional write that releases the lease, settles the money, closes the slot and keeps the
 * record. No crash and no zombie can come between them.
 */
import type { Json } from '../domain/agent.ts';
import { type Amounts, NOTHING } from '../domain/budget.ts';
import { type ActiveRun, type Instance, mayHaveCheckpoint } from '../domain/instance.ts';
import { pricesAt } from '../domain/price-table.ts';
import { type Closed, closeSlot } from '../domain/protocol/close.ts';
import { heldBy, inSlice, isNothing, limited, mapAmounts } from '../domain/protocol/slice.ts';
import { tokensIn } from '../domain/receipt.ts';
import { NOTHING_USED, type RunUsage } from '../domain/receipt-code.ts';
import { noteOf, type Prints, type RunRecord } from '../domain/run.ts';
import type { Op, Update, Value } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { returnOpsOf } from './budget-store.ts';
import type { Claimed } from './claim.ts';
import { decodeInstance, encodeRecord, encodeTally, encodeTries, RUN_ATTRS } from './instance-item.ts';
import { journalAfter, journalPage, pinned, sliceAdd, sliceEmpty } from './instance-store.ts';
import { checkpointKey, instanceKey, stateKey } from './keys.ts';
import { lostCalls, withReceipt } from './receipt-store.ts';

export type Ending = {
  /** `cancelled`: stopped by the kill switch or with its agent. */
  readonly outcome: 'succeeded' | 'failed' | 'crashed' | 'timed_out' | 'cancelled';
  readonly note: string;
  readonly endedAt: number;
  /** Paid calls and compute of this attempt; at most the hold. */
  readonly costMicros: number;
  /** What the cost is made of; nothing unless told. */
  readonly used?: RunUsage;
  readonly earnedMicros: number;
  readonly prints?: Prints;
  /** What calls asked for beyond what the run had left. */
  readonly refusedMicros?: number;
  /** Present: ctx.state was set, and is kept with the record. */
  readonly state?: Json;
};

export type Ended =
  | { readonly kind: 'recorded'; readonly tripped: boolean; readonly exhausted: boolean }
  /** Somebody recovered the lease: what this attempt did is charged there, its record is theirs. */
  | { readonly kind: 'fenced' };

/** More repeats than there can be honest touches while an end is written. */
const MAX_REPEATS = 40;

type Ports = Pick<World, 'table'>;

/** Records the run once. Repeats from the image it gets when somebody touched the leased instance meanwhile. */
export async function endRun({ table }: Ports, claimed: Claimed, ending: Ending): Promise<Ended> {
  const { instance, spec } = claimed;
  const mine = instance.run;
  if (!mine) return { kind: 'fenced' };
  const lostMicros = instance.tries[mine.slot]?.lostMicros ?? 0;
  const spent = ending.used ?? { ...NOTHING_USED, version: pricesAt(mine.startedAt).version };
  const { lostTokens = 0, lostCallsMicros = 0 } = instance.tries[mine.slot] ?? {};
  const usage = [...lostCalls(lostCallsMicros), ...spent.usage];
  const { record, put } = withReceipt(instance, recordOf(claimed, ending), { ...spent, usage, lostTokens });
  if (put) await table.write(put);
  const tokens = tokensIn(spent.usage);
  let image = instance;
  for (let repeat = 0; repeat < MAX_REPEATS; repeat++) {
    const page = journalPage(image);
    if (page) await table.write(page);
    const closed = closeSlot(image, record, spec);
    // One that was stopped is no run in any tally: limits of runs get theirs back.
    const runs = record.outcome === 'cancelled' ? 0 : 1;
    const used = { usd: record.costMicros - lostMicros, tokens, runs, seconds: record.durationMs / 1000 };
    const ops = endOps(image, { record, closed, ending, rest: restOf(image.run, used) });
    const seen = await perform({ table }, ops);
    if (seen === 'done') return { kind: 'recorded', tripped: closed.tripped, exhausted: closed.exhausted };
    image = seen ?? decodeInstance((await table.get(instanceKey(image.agentId, image.number))) ?? endless(image));
    if (image.run?.holder === mine.holder) continue;
    const written = image.journal.some((kept) => encodeRecord(kept) === encodeRecord(record));
    return written ? { kind: 'recorded', tripped: closed.tripped, exhausted: closed.exhausted } : { kind: 'fenced' };
  }
  return { kind: 'fenced' };
}

function recordOf({ instance, attempt }: Claimed, ending: Ending): RunRecord {
  const { slot = '', startedAt = 0, holdMicros = 0 } = instance.run ?? {};
  return {
    ...{ slot, outcome: ending.outcome, attempt, startedAt },
    durationMs: Math.max(0, ending.endedAt - startedAt),
    costMicros: Math.min(ending.costMicros, holdMicros) + (instance.tries[slot]?.lostMicros ?? 0),
    earnedMicros: ending.earnedMicros,
    note: noteOf(ending.note),
    ...(ending.prints ? { prints: ending.prints } : {}),
  };
}

function endless({ agentId, number }: Instance): never {
  throw new RangeError(`instance ${agentId}#${number} is gone`);
}

/** One plain write where one item changes, else a transaction. Refused: the image, or null when it must be read. */
async function perform({ table }: Ports, ops: readonly Op[]): Promise<'done' | Instance | null> {
  const [first] = ops;
  if (ops.length === 1 && first?.op === 'update') {
    const result = await table.write(first);
    if (result.ok) return 'done';
    return result.item && decodeInstance(result.item);
  }
  return (await table.transact(ops)).ok ? 'done' : null;
}

type End = {
  readonly record: RunRecord;
  readonly closed: Closed;
  readonly ending: Ending;
  readonly rest: Amounts;
};

/** What a run held and has not used; a started second counts whole, and nothing beyond the hold is taken. */
export function restOf(run: ActiveRun | null, used: Amounts): Amounts {
  return mapAmounts(heldBy(run), (held, kind) => held - Math.min(held, Math.ceil(used[kind])));
}

function endOps(image: Instance, { record, closed, ending, rest }: End): Op[] {
  const { agentId, number } = image;
  const { set, add, budgets } = returnOps(image, rest);
  const update: Update = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: [...pinned(image), { attr: 'ho', op: '=', value: image.run?.holder ?? '' }],
    set: { ...closedAttrs(image, record, closed), ...set, ...(ending.state === undefined ? {} : { hs: true }) },
    remove: RUN_ATTRS,
    // Whoever judged the leased image must not write by it once the run has ended.
    add: { rev: 1, ...add, ...(ending.refusedMicros ? { rm: ending.refusedMicros } : {}) },
  };
  const state: Op[] =
    ending.state === undefined
      ? []
      : [{ op: 'put', item: { ...stateKey(agentId, number), v: 1, state: JSON.stringify(ending.state) } }];
  return [update, ...budgets, ...state, ...checkpointOps(image)];
}

/** A run that has ended is not gone on with: what it kept on the way is taken away with its end. */
function checkpointOps(image: Instance): Op[] {
  const { agentId, number, run } = image;
  if (!run || !mayHaveCheckpoint(image)) return [];
  return [{ op: 'delete', key: checkpointKey(agentId, number, run.slot) }];
}

/** What a closed slot leaves on its instance. */
export function closedAttrs(image: Instance, record: RunRecord, closed: Closed): Record<string, Value> {
  return {
    j: journalAfter(image, record),
    rc: closed.recent,
    fl: closed.floor,
    d: encodeTally(closed.day),
    t: encodeTally(closed.total),
    tr: encodeTries(closed.tries),
    cx: closed.crashStreak,
    cu: closed.coolingUntil,
    pb: closed.probes,
  };
}

type Returned = {
  readonly set: Record<string, Value>;
  readonly add: Record<string, number>;
  readonly budgets: readonly Update[];
};

/** Where the rest of a hold goes: into the slice, or, once a budget is exact, home with whatever the slice still has. */
export function returnOps({ slice }: Instance, rest: Amounts): Returned {
  if (!slice.exact) return { set: {}, add: sliceAdd(slice.lines, rest), budgets: [] };
  const there = inSlice(slice);
  const home = limited(
    slice.lines,
    mapAmounts(NOTHING, (_, kind) => rest[kind] + there[kind]),
  );
  return { set: sliceEmpty(slice.lines), add: {}, budgets: isNothing(home) ? [] : returnOpsOf(slice, home) };
}
