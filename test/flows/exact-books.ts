/** Whether the books are exact: every budget adds up to its limit, every tally to its records. To the micro-dollar. */
import assert from 'node:assert/strict';
import { agentScope, BUDGET_KIND, type Scope, scopesOf } from '../../shared/domain/budget.ts';
import type { Instance } from '../../shared/domain/instance.ts';
import type { RunRecord } from '../../shared/domain/run.ts';
import type { Table } from '../../shared/ports/table.ts';
import { decodeRecord, decodeTally } from '../../shared/store/instance-item.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { dayPk, runPagePk } from '../../shared/store/keys.ts';
import { queryAll } from '../../shared/store/query-all.ts';

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((total, one) => total + of(one), 0);

export type Books = { readonly instance: Instance; readonly records: readonly RunRecord[] };

/** Every instance with its records in the order in which their slots were closed. */
export async function readBooks(table: Table): Promise<Books[]> {
  return await Promise.all(
    (await listFleet(table)).map(async (instance) => ({ instance, records: await recordsOf(table, instance) })),
  );
}

/** Pages first, then the journal; a full journal may be both on the instance and in its page: the same bytes. */
async function recordsOf(table: Table, { agentId, number, journal }: Instance): Promise<RunRecord[]> {
  const pages = await queryAll(table, { pk: runPagePk(agentId, number) });
  const kept = pages.map(({ runs }) => (runs as readonly string[]).map(decodeRecord));
  const last = kept.at(-1);
  const same = last !== undefined && JSON.stringify(last) === JSON.stringify(journal);
  return [...kept.flat(), ...(same ? [] : journal)];
}

type Use = { readonly agentId: string; readonly period: string; readonly micros: number };

/** What instances hold and have spent today, and what their closed days cost. */
async function usesOf(table: Table, fleet: readonly Instance[]): Promise<Use[]> {
  const now = fleet.map(({ agentId, slice, run, day }) => ({
    agentId,
    period: slice.period,
    micros: slice.availableMicros + (run?.holdMicros ?? 0) + day.costMicros,
  }));
  const agents = [...new Set(fleet.map(({ agentId }) => agentId))];
  const days = await Promise.all(agents.map((agentId) => queryAll(table, { pk: dayPk(agentId) })));
  const before = days.flat().map((item) => ({
    agentId: String(item.agentId),
    period: String(item.date),
    micros: decodeTally(item.t).costMicros,
  }));
  return [...now, ...before];
}

/**
 * limit = available + Σ (slices + holds + costs), for the fleet and every agent, in every period. Answers how many
 * budgets were checked. `lowered`: a limit was set below what is spent.
 */
export async function checkBudgets(table: Table, is: { readonly lowered?: boolean } = {}): Promise<number> {
  const fleet = await listFleet(table);
  const uses = await usesOf(table, fleet);
  const scopes = new Set<Scope>(['fleet', ...fleet.map(({ agentId }) => agentScope(agentId))]);
  let checked = 0;
  for (const scope of scopes) {
    for (const item of await queryAll(table, { pk: `BUDGET#${scope}` })) {
      const period = item.sk.slice(BUDGET_KIND.length + 1);
      const mine = uses.filter((use) => use.period === period && scopesOf(use.agentId).includes(scope));
      const inUse = sum(mine, ({ micros }) => micros);
      assert.equal(
        Number(item.available) + inUse,
        Number(item.limit),
        `${scope} ${period}: available + in use = limit`,
      );
      assert.ok(is.lowered || inUse <= Number(item.limit), `${scope} ${period}: more in use than its limit`);
      checked++;
    }
  }
  assert.ok(checked > 0, 'no budget was opened: nothing was proved');
  return checked;
}

/** Σ of the records = what the tally says, in every count and amount. */
export function checkTallies(books: readonly Books[]): void {
  for (const { instance, records } of books) {
    const { total, agentId, number } = instance;
    const count = (outcome: RunRecord['outcome']): number => records.filter((one) => one.outcome === outcome).length;
    const counted = {
      runs: records.length - count('refused'),
      succeeded: count('succeeded'),
      failed: count('failed'),
      crashed: count('crashed'),
      timedOut: count('timed_out'),
      refused: count('refused'),
      costMicros: sum(records, ({ costMicros }) => costMicros),
      earnedMicros: sum(records, ({ earnedMicros }) => earnedMicros),
    };
    const { runs, succeeded, failed, crashed, timedOut, refused, costMicros, earnedMicros } = total;
    const kept = { runs, succeeded, failed, crashed, timedOut, refused, costMicros, earnedMicros };
    assert.deepEqual(kept, counted, `the tally of ${agentId}#${number} is that of its records`);
  }
}
