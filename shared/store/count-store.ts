/**
 * A limit that did not exist begins: everybody under it is touched once, what its periods have cost already is taken
 * from them, and idle slices go home, because they were not cut from it. Until all are counted it gives nothing out.
 * Whoever finds it unfinished finishes it.
 */
import type { AgentSpec } from '../domain/agent.ts';
import { type Amounts, type Budget, isLine, type Line, NOTHING } from '../domain/budget.ts';
import type { Instance, Slice } from '../domain/instance.ts';
import { heldBy, holdsOf, inSlice, limited } from '../domain/protocol/slice.ts';
import type { Op, Table, Update } from '../ports/table.ts';
import { getSpec } from './agent-store.ts';
import {
  budgetKeyFor,
  getLimitOf,
  limitKeyFor,
  openBudget,
  openedBudgets,
  periodFor,
  returnOp,
  returnOpsOf,
} from './budget-store.ts';
import { type CalendarPorts, momentOf } from './calendar-store.ts';
import { encodeOthers } from './instance-item.ts';
import { getInstance, pinned, sliceChange } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { instancesIn } from './scope-store.ts';
import { usedIn } from './usage-store.ts';

/** Resolves once every instance under the line is counted, by whomever; then `period` gives out. */
export async function countBefore(ports: CalendarPorts, line: Line, period: string): Promise<void> {
  for (const found of await instancesIn(ports.table, line.scope)) {
    let instance: Instance | null = found;
    while (instance && !(await adopt(ports, instance, { line, period }))) {
      if ((await getLimitOf(ports.table, line)).removed) return;
      instance = await getInstance(ports.table, instance.agentId, instance.number);
    }
  }
  for (const key of [limitKeyFor(line), budgetKeyFor(line, period)]) {
    const counted: Update = {
      op: 'update',
      key,
      if: [{ attr: 'counting', op: '=', value: true }],
      remove: ['counting'],
    };
    await ports.table.write(counted);
  }
}

type Begun = { readonly line: Line; readonly period: string };

async function adopt(ports: CalendarPorts, instance: Instance, { line, period }: Begun): Promise<boolean> {
  const { slice } = instance;
  if (slice.lines.some((known) => isLine(known, line))) return true;
  const hour = line.per === 'hour' ? (slice.hour ?? (await lastHour(ports, instance, period))) : slice.hour;
  const now: Slice = { ...slice, hour, lines: [...slice.lines, line], exact: true };
  const [oldest] = slice.period === '-' ? [] : await countedBudgets(ports.table, line);
  const rests = !oldest || periodFor(line, now) < oldest.period;
  const ops = rests
    ? [touch(instance, slice.period === '-' ? null : hour)]
    : await adoption(ports, instance, { now, line });
  return (await ports.table.transact(ops)).ok;
}

/**
 * It has begun nothing since before the first period: its next claim rolls it over, and reads the limits then. Within a day
 * it does so because of the hour that it is left with here, which no limit that it knows asks for.
 */
function touch(instance: Instance, hour: string | null): Op {
  const { agentId, number } = instance;
  const set = hour === null ? {} : { set: { hr: hour } };
  return { op: 'update', key: instanceKey(agentId, number), if: pinned(instance), ...set, add: { rev: 1 } };
}

/** The first limit per hour: the hour of its last run, or this one, whichever is later. */
async function lastHour(ports: CalendarPorts, { run, journal, slice }: Instance, hour: string): Promise<string> {
  const last = run?.startedAt ?? journal.at(-1)?.startedAt;
  const ran = last === undefined ? '' : (await momentOf(ports, last)).hour;
  // An instance of yesterday is not of this hour, whatever its last record says.
  if (run || slice.period !== hour.slice(0, 10)) return ran > slice.period ? ran : `${slice.period}T00`;
  return ran > hour ? ran : hour;
}

type Adopted = { readonly now: Slice; readonly line: Line };

async function adoption(ports: CalendarPorts, instance: Instance, { now, line }: Adopted): Promise<Op[]> {
  const { agentId, number, slice, run } = instance;
  const { table } = ports;
  const spec = await getSpec(table, agentId, instance.specVersion);
  const held = heldNow(instance, now, spec);
  const change = sliceChange(now);
  const mine = periodFor(line, now);
  await openBudget(table, line, mine);
  const update: Op = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: pinned(instance),
    set: { ...change.set, ...(run && line.kind !== 'usd' ? { hx: encodeOthers(held) } : {}) },
    remove: change.remove,
    add: { rev: 1 },
  };
  const charges: Op[] = [];
  for (const { period, counting } of await openedBudgets(table, line)) {
    if (!counting && period !== mine) continue;
    const used = counting ? await usedIn(ports, instance, { line, period, spec }) : 0;
    const gone = used + (period === mine ? held[line.kind] : 0);
    if (gone > 0) charges.push(returnOp(line, period, -gone));
  }
  // Taken away again meanwhile: then nobody is to go by it.
  const standing: Op = { op: 'check', key: limitKeyFor(line), if: [{ attr: 'removed', op: 'missing' }] };
  return [standing, update, ...returnOpsOf(slice, limited(slice.lines, inSlice(slice))), ...charges];
}

/** Those of a limit that was removed and set again have been counted in their time: they are history. */
const countedBudgets = async (table: Table, line: Line): Promise<Budget[]> =>
  (await openedBudgets(table, line)).filter(({ counting }) => counting);

/** What a run in progress holds: what was limited stays as it is, what was not is held from now on. */
function heldNow({ run }: Instance, now: Slice, spec: AgentSpec): Amounts {
  if (!run) return NOTHING;
  const held = heldBy(run);
  const holds = limited(now.lines, holdsOf(spec));
  return {
    usd: run.holdMicros,
    tokens: held.tokens || holds.tokens,
    runs: held.runs || holds.runs,
    seconds: held.seconds || holds.seconds,
  };
}
