/** What must be true after any number of kills: each promise of the engine, read from what it has kept. */
import assert from 'node:assert/strict';
import type { Engine } from '../../infra/local/engine.ts';
import type { AgentSpec } from '../../shared/domain/agent.ts';
import type { Instance } from '../../shared/domain/instance.ts';
import type { LedgerEntry } from '../../shared/domain/ledger.ts';
import { afterOutcome, type CrashState } from '../../shared/domain/protocol/close.ts';
import { type RunRecord, runId } from '../../shared/domain/run.ts';
import type { Table } from '../../shared/ports/table.ts';
import { getSpec } from '../../shared/store/agent-store.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { outboxPk } from '../../shared/store/keys.ts';
import { entriesOfDays, verifyLedger } from '../../shared/store/ledger-days.ts';
import { queryAll } from '../../shared/store/query-all.ts';
import { openRequests } from '../../shared/store/request-store.ts';
import { costOf, type Entry, earnedOf, type Member } from './crash-fleet.ts';
import type { Books } from './exact-books.ts';

export type Accepted = {
  readonly id: string;
  readonly agent: string;
  readonly instance: number;
  readonly times: number;
};

/** Runs of requests: every acknowledged one is there whole, each run once; others only if their answer was lost. */
export function checkRecordedOnce(
  books: readonly Books[],
  { accepted, unanswered }: { accepted: readonly Accepted[]; unanswered: readonly Omit<Accepted, 'id'>[] },
): number {
  const ids = books.flatMap(({ instance, records }) =>
    records.map(({ slot }) => runId(instance.agentId, instance.number, slot)),
  );
  assert.equal(new Set(ids).size, ids.length, 'a run is recorded twice');
  const byRequest = new Map<string, number[]>();
  for (const id of ids) {
    const [, place = '', request = '', k = ''] = /^(.*)\.m([0-9a-z]{26})-(\d+)$/.exec(id) ?? [];
    const name = `${place} ${request}`;
    byRequest.set(name, [...(byRequest.get(name) ?? []), Number(k)]);
  }
  for (const { id, agent, instance, times } of accepted) {
    const name = `${agent}.${instance} ${id}`;
    const runs = (byRequest.get(name) ?? []).sort((a, b) => a - b);
    assert.deepEqual(runs, [...Array(times).keys()], `request ${id} of ${agent}#${instance}: every run once`);
    byRequest.delete(name);
  }
  for (const [name, runs] of byRequest) {
    const [place = ''] = name.split(' ');
    const lost = unanswered.find(
      ({ agent, instance, times }) => place === `${agent}.${instance}` && times === runs.length,
    );
    assert.ok(lost, `${runs.length} runs of ${name}, which nobody asked for`);
  }
  return ids.length;
}

/**
 * Each record against the script: costs to the micro-dollar, and who was to blame for a crash.
 * @param hidden the engine opens slots again for crashes of its agents that leave no record: the platform kills whole
 * functions. Then a streak is known within bounds; else exactly.
 */
export async function checkScripts(table: Table, { books, fleet, hidden }: Scripts): Promise<void> {
  for (const { instance, records } of books) {
    const { outcomes } = fleet.find(({ name }) => name === instance.agentId) ?? assert.fail(instance.agentId);
    const spec = await getSpec(table, instance.agentId, instance.specVersion);
    let streak: CrashState = { crashStreak: 0, coolingUntil: 0, probes: 0 };
    let unseen = 0;
    let ran = 0;
    for (const record of records) {
      const what = `${runId(instance.agentId, instance.number, record.slot)} (${record.outcome}: ${record.note})`;
      const entry = outcomes[ran % outcomes.length] ?? assert.fail(what);
      if (hidden) unseen = record.outcome === 'succeeded' ? 0 : unseen + record.attempt - 1;
      const tired = streak.crashStreak + unseen >= spec.crashLimit;
      if (record.outcome === 'refused') checkRefusal(record, unseen > 0 && tired ? NEVER : streak, what);
      else {
        assert.ok(streak.coolingUntil <= record.startedAt, `${what}: ran while it was to cool`);
        checkRun(record, entry, what);
        ran++;
      }
      streak = blamed(streak, record, spec);
    }
    checkStreak(instance, streak, unseen);
  }
}

export type Scripts = { readonly books: readonly Books[]; readonly fleet: readonly Member[]; readonly hidden: boolean };

/** A state in which every refusal to cool is right. */
const NEVER: CrashState = { crashStreak: 0, coolingUntil: Number.MAX_SAFE_INTEGER, probes: 0 };

function checkRefusal({ note, costMicros, startedAt }: RunRecord, { coolingUntil }: CrashState, what: string): void {
  assert.equal(costMicros, 0, what);
  assert.ok(note === 'budget_reached' || note === 'cooling', what);
  if (note === 'cooling') assert.ok(coolingUntil > startedAt, `${what}: the records give no reason to cool`);
}

function checkRun({ outcome, note, costMicros, earnedMicros }: RunRecord, entry: Entry, what: string): void {
  const whole = { costMicros: costOf(entry), earnedMicros: earnedOf(entry) };
  const killed = outcome === 'crashed' && (note === 'engine stopped' || /^its process ended/.test(note));
  if (killed) {
    assert.ok(costMicros === 0 || costMicros === whole.costMicros, `${what}: cost ${costMicros}`);
    assert.ok(earnedMicros === 0 || earnedMicros === whole.earnedMicros, `${what}: earned ${earnedMicros}`);
    return;
  }
  const declared = entry.crash !== undefined ? 'crashed' : entry.ok === false ? 'failed' : 'succeeded';
  assert.equal(outcome, declared, what);
  if (entry.crash !== undefined) assert.equal(note, entry.crash, what);
  assert.deepEqual({ costMicros, earnedMicros }, whole, what);
}

/** The engine's own death is nobody's crash. */
function blamed(before: CrashState, record: RunRecord, spec: AgentSpec): CrashState {
  if (record.note === 'engine stopped') return before;
  const { crashStreak, coolingUntil, probes } = afterOutcome(before, record.outcome, {
    now: record.startedAt + record.durationMs,
    spec,
  });
  return { crashStreak, coolingUntil, probes };
}

function checkStreak(instance: Instance, streak: CrashState, unseen: number): void {
  const { agentId, number, crashStreak, coolingUntil, probes } = instance;
  const what = `${agentId}#${number}: its crash streak is that of its own crashes`;
  const from = streak.crashStreak;
  if (unseen === 0) assert.deepEqual({ crashStreak, coolingUntil, probes }, streak, what);
  assert.ok(crashStreak >= from && crashStreak <= from + unseen, `${what}: ${crashStreak}, of ${from} and ${unseen}`);
}

/** Booked once each: every earning of a record, nothing that no run declared, and the sums that follow. */
export async function checkLedger(table: Table, books: readonly Books[], fleet: readonly Member[]): Promise<number> {
  const proof = await verifyLedger(table);
  assert.deepEqual(proof.faults, []);
  const entries = await entriesOfDays(table, '0000-01-01', '9999-12-31');
  const byRun = Map.groupBy(entries, ({ originalRef }) => originalRef.eventId);
  for (const { instance, records } of books) {
    const { outcomes } = fleet.find(({ name }) => name === instance.agentId) ?? assert.fail(instance.agentId);
    let ran = 0;
    for (const record of records) {
      const id = runId(instance.agentId, instance.number, record.slot);
      const declared = record.outcome === 'refused' ? 0 : earnedOf(outcomes[ran++ % outcomes.length] ?? {});
      checkBooked(byRun.get(id) ?? [], { id, record, script: outcomes, declared });
      byRun.delete(id);
    }
  }
  assert.deepEqual([...byRun.keys()], [], 'money was booked for runs that are not recorded');
  return entries.length;
}

type Declared = {
  readonly id: string;
  readonly record: RunRecord;
  readonly script: readonly Entry[];
  readonly declared: number;
};

/** An attempt that was lost may have declared the entry that was its turn; once booked, it stands. */
function checkBooked(entries: readonly LedgerEntry[], { id, record, script, declared }: Declared): void {
  const amounts = entries.map(({ amountMicros }) => Number(amountMicros));
  const retried = record.attempt > 1;
  if (record.earnedMicros > 0) assert.equal(amounts.length, 1, `${id}: booked once`);
  // It may have died after it had declared its earning and before its record.
  else assert.ok(amounts.length <= (retried || record.outcome === 'crashed' ? 1 : 0), `${id}: booked ${amounts}`);
  const possible = retried ? script.map(earnedOf) : [declared];
  for (const amount of amounts) assert.ok(possible.includes(amount), `${id}: booked ${amount}, declared ${possible}`);
}

/** No lease, no message, no open request, nothing in the outbox, no dead letter. */
export async function atRest({
  world,
  admin,
}: Pick<Engine, 'world' | 'admin'>): Promise<{ readonly [what: string]: number }> {
  const depths = await Promise.all(Object.values(admin.queues).map((queue) => queue.depth()));
  return {
    leases: (await listFleet(world.table)).filter(({ run }) => run).length,
    messages: depths.reduce((sum, { visible, inFlight }) => sum + visible + inFlight, 0),
    dead: depths.reduce((sum, { dead }) => sum + dead, 0),
    requests: (await openRequests(world.table)).length,
    outbox: (await queryAll(world.table, { pk: outboxPk })).length,
  };
}
