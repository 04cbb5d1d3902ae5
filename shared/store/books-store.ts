/** The books of some days: entries of the ledger, and what runs cost by day, from the days kept and the one that runs. */
import { type BookAgent, type Books, firstDay } from '../domain/finance/books.ts';
import type { CostDay } from '../domain/finance/cost.ts';
import { instantsOf, type Span } from '../domain/finance/span.ts';
import type { RunCost } from '../domain/finance/timeline.ts';
import type { Instance, Tally } from '../domain/instance.ts';
import type { LedgerEntry } from '../domain/ledger.ts';
import type { Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from './agent-store.ts';
import { closedDays } from './day-store.ts';
import { decodeRecord } from './instance-item.ts';
import { listFleet } from './instance-store.ts';
import { runPagePk } from './keys.ts';
import { entriesBetween, entriesOfDays } from './ledger-days.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table'>;

const FIRST_DATE = '0000-01-01';
/** So many agents are read at a time. */
const AT_ONCE = 16;

export async function readBooks({ table }: Ports, span: Span): Promise<Books> {
  const [agents, instances, entries] = await Promise.all([listAgents(table), listFleet(table), entriesIn(table, span)]);
  const byAgent = Map.groupBy(instances, ({ agentId }) => agentId);
  const known = agents.map(
    ({ id, department, status, createdAt }): BookAgent => ({ id, department, status, createdAt }),
  );
  const costs: CostDay[] = [];
  for (let from = 0; from < known.length; from += AT_ONCE) {
    const some = known.slice(from, from + AT_ONCE);
    const days = await Promise.all(
      some.map((agent) => costDays(table, { agent, instances: byAgent.get(agent.id) ?? [] }, span)),
    );
    costs.push(...days.flat());
  }
  const found = { span, agents: known, entries, costs };
  return { ...found, since: firstDay(found) };
}

async function entriesIn(table: Table, span: Span): Promise<LedgerEntry[]> {
  const { fromMs, toMs } = instantsOf(span);
  if (span.from !== null) return entriesBetween(table, fromMs, toMs);
  const all = await entriesOfDays(table, FIRST_DATE, '9999-12-31');
  return all.filter(({ at }) => at < toMs);
}

type Whose = { readonly agent: BookAgent; readonly instances: readonly Instance[] };

async function costDays(table: Table, { agent, instances }: Whose, { from, to }: Span): Promise<CostDay[]> {
  const first = from ?? FIRST_DATE;
  const closed = await closedDays(table, agent.id, { from: first, to });
  // An instance that never ran is in no period: "-" comes before every date.
  const running = instances.filter(({ slice }) => slice.period >= first && slice.period <= to);
  return [
    ...closed.map(({ date, tally }) => costDay(agent, date, tally)),
    ...running.map(({ slice, day }) => costDay(agent, slice.period, day)),
  ];
}

function costDay({ id, department }: BookAgent, date: string, { runs, succeeded, costMicros }: Tally): CostDay {
  return { agentId: id, department, date, runs, succeeded, costMicros };
}

/** What ended runs cost that were claimed at or after `fromMs` and before `toMs`, from pages and journals. */
export async function runCostsBetween({ table }: Ports, fromMs: number, toMs: number): Promise<RunCost[]> {
  const costs: RunCost[] = [];
  for (const instance of await listFleet(table)) {
    const records = [...instance.journal, ...(await pagedRecords(table, instance, { fromMs, toMs }))];
    // A page is written before its runs leave the journal: for a moment they are in both.
    const bySlot = new Map(records.map((record) => [record.slot, record]));
    const inside = [...bySlot.values()].filter(({ startedAt }) => startedAt >= fromMs && startedAt < toMs);
    const ran = inside.filter(({ outcome }) => outcome !== 'refused' && outcome !== 'cancelled');
    costs.push(...ran.map(({ startedAt, costMicros }) => ({ startedAt, costMicros })));
  }
  return costs;
}

type Moments = { readonly fromMs: number; readonly toMs: number };

/** Pages are sorted by their first run: the one that began before may reach into the time. */
async function pagedRecords(table: Table, { agentId, number }: Instance, { fromMs, toMs }: Moments) {
  const pk = runPagePk(agentId, number);
  const at = (ms: number): string => Math.max(0, ms).toString().padStart(14, '0');
  const [before, inside] = await Promise.all([
    queryAll(table, { pk, to: at(fromMs), reverse: true, limit: 1 }),
    queryAll(table, { pk, from: at(fromMs), to: at(toMs) }),
  ]);
  const texts = [...before, ...inside].flatMap((page) => (Array.isArray(page.runs) ? page.runs : []));
  return texts.map((text) => decodeRecord(String(text)));
}
