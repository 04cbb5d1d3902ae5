/** Runs as people and rules see them: pages, the journal, the run in progress and late refusals, as one list. */
import { type Instance, JOURNAL_RECORDS } from '../domain/instance.ts';
import { parseRunId, type Run, type RunRecord, type RunStatus, runId, type Slot, triggerOf } from '../domain/run.ts';
import type { Item, Table } from '../ports/table.ts';
import { decodeRecord } from './instance-item.ts';
import { getInstance, listInstances } from './instance-store.ts';
import { lateKey, latePk, runPagePk } from './keys.ts';
import { queryAll } from './query-all.ts';

export type ListedRun = Omit<Run, 'outcome'> & { readonly status: RunStatus };

type Owner = Pick<Instance, 'agentId' | 'number'>;

function listed({ agentId, number }: Owner, { outcome, ...record }: RunRecord): ListedRun {
  const { slot } = record;
  return {
    ...record,
    id: runId(agentId, number, slot),
    agentId,
    instance: number,
    trigger: triggerOf(slot),
    status: outcome,
  };
}

const pageRecords = (page: Item): RunRecord[] =>
  (Array.isArray(page.runs) ? page.runs : []).map((text) => decodeRecord(String(text)));

function inProgress(instance: Instance): ListedRun[] {
  const { run, tries } = instance;
  if (!run) return [];
  const record: RunRecord = {
    slot: run.slot,
    outcome: 'cancelled',
    attempt: (tries[run.slot]?.attempts ?? 0) + 1,
    startedAt: run.startedAt,
    durationMs: 0,
    costMicros: run.sentMicros,
    earnedMicros: 0,
    note: '',
  };
  return [{ ...listed(instance, record), status: 'running' }];
}

async function lateRuns(table: Table, { agentId, number }: Owner): Promise<ListedRun[]> {
  const items = await queryAll(table, { pk: latePk(agentId, number) });
  return items.map((item) => ({
    ...listed({ agentId, number }, lateRecord(item)),
  }));
}

const lateRecord = (item: Item): RunRecord => ({
  slot: item.sk,
  outcome: 'refused',
  attempt: 1,
  startedAt: Number(item.at),
  durationMs: 0,
  costMicros: 0,
  earnedMicros: 0,
  note: String(item.note),
});

/**
 * Records of one instance that may have started at or after an instant; some before it are among them. The page before
 * the first one is read as well, because a page is found by the start of its first run.
 */
export async function recordsSince(table: Table, instance: Instance, since: number): Promise<RunRecord[]> {
  const pk = runPagePk(instance.agentId, instance.number);
  const from = String(since).padStart(14, '0');
  const before = since === 0 ? [] : (await table.query({ pk, to: from, reverse: true, limit: 1 })).items;
  const pages = await queryAll(table, { pk, from });
  return uniqueRecords([...instance.journal, ...[...before, ...pages].flatMap(pageRecords)]);
}

/** The last `count` records of an instance or a few more, the oldest first. */
export async function lastRecords(
  table: Table,
  { agentId, number, journal }: Instance,
  count: number,
): Promise<RunRecord[]> {
  const pages = await table.query({
    pk: runPagePk(agentId, number),
    reverse: true,
    limit: Math.ceil(count / JOURNAL_RECORDS),
  });
  return uniqueRecords([...pages.items.toReversed().flatMap(pageRecords), ...journal]);
}

/** A full journal is in its page and on the instance until the next end. */
function uniqueRecords(records: readonly RunRecord[]): RunRecord[] {
  const seen = new Set<Slot>();
  return records.filter(({ slot }) => !seen.has(slot) && seen.add(slot));
}

/** Newest first. Reads as many pages as `limit` needs; without it, everything. */
export async function listRuns(table: Table, agentId: string, options: { limit?: number } = {}): Promise<ListedRun[]> {
  const instances = await listInstances(table, agentId);
  const lists = await Promise.all(instances.map((instance) => runsOf(table, instance, options)));
  const runs = lists.flat().sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1));
  return options.limit === undefined ? runs : runs.slice(0, options.limit);
}

async function runsOf(table: Table, instance: Instance, { limit }: { limit?: number }): Promise<ListedRun[]> {
  const { agentId, number, journal } = instance;
  const query = { pk: runPagePk(agentId, number), reverse: true, ...(limit === undefined ? {} : { limit }) };
  const pages = await queryAll(table, query);
  const late = await lateRuns(table, instance);
  const records = uniqueRecords([...journal, ...pages.flatMap(pageRecords)]);
  return [...inProgress(instance), ...records.map((record) => listed(instance, record)), ...late];
}

/** One run by its id, wherever it is kept. */
export async function getRun(table: Table, id: string): Promise<ListedRun | null> {
  const parsed = parseRunId(id);
  if (!parsed) return null;
  const instance = await getInstance(table, parsed.agentId, parsed.instance);
  if (!instance) return null;
  const runs = await runsOf(table, instance, {});
  return runs.find((run) => run.slot === parsed.slot) ?? null;
}

/** Whether a tick below the floor was closed by a run or a refusal. */
export async function isRecorded(table: Table, instance: Instance, slot: Slot): Promise<boolean> {
  if (instance.journal.some((record) => record.slot === slot)) return true;
  if (await table.get(lateKey(instance.agentId, instance.number, slot))) return true;
  const pages = await queryAll(table, { pk: runPagePk(instance.agentId, instance.number) });
  return pages.some((page) => pageRecords(page).some((record) => record.slot === slot));
}
