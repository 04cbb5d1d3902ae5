/**
 * A limit that did not exist begins: everybody under it is touched once, what the running period has cost already is
 * taken from it, and idle slices go home, because they were not cut from it. Until all are counted it gives nothing out.
 * Whoever finds it unfinished finishes it.
 */
import { type Amounts, isLine, type Line, NOTHING } from '../domain/budget.ts';
import { datesOf, periodOf } from '../domain/calendar.ts';
import type { Instance, Slice } from '../domain/instance.ts';
import { heldBy, holdsOf, inSlice, limited } from '../domain/protocol/slice.ts';
import type { RunRecord } from '../domain/run.ts';
import type { Op } from '../ports/table.ts';
import { getSpec } from './agent-store.ts';
import { budgetKeyFor, openBudget, periodFor, returnOp, returnOpsOf } from './budget-store.ts';
import { type CalendarPorts, momentOf } from './calendar-store.ts';
import { closedDays } from './day-store.ts';
import { encodeOthers } from './instance-item.ts';
import { getInstance, pinned, sliceChange } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { recordsSince } from './run-store.ts';
import { instancesIn } from './scope-store.ts';

/** Resolves once every instance under the line is counted in `period`, by whomever. */
export async function countBefore(ports: CalendarPorts, line: Line, period: string): Promise<void> {
  for (const found of await instancesIn(ports.table, line.scope)) {
    let instance: Instance | null = found;
    while (instance && !(await adopt(ports, instance, { line, period }))) {
      instance = await getInstance(ports.table, instance.agentId, instance.number);
    }
  }
  await ports.table.write({
    op: 'update',
    key: budgetKeyFor(line, period),
    if: [{ attr: 'counting', op: '=', value: true }],
    remove: ['counting'],
  });
}

type Begun = { readonly line: Line; readonly period: string };

async function adopt(ports: CalendarPorts, instance: Instance, begun: Begun): Promise<boolean> {
  const { slice } = instance;
  if (slice.lines.some((known) => isLine(known, begun.line))) return true;
  const hour = await hourOfSlice(ports, instance, begun);
  const now: Slice = { ...slice, hour: hour ?? slice.hour, lines: [...slice.lines, begun.line], exact: true };
  const mine = slice.period === '-' ? null : periodFor(begun.line, now);
  const concerned = mine === begun.period || (begun.line.per === 'hour' && hour !== null);
  const ops = concerned && mine ? await adoption(ports, instance, { now, line: begun.line, mine }) : [touch(instance)];
  return (await ports.table.transact(ops)).ok;
}

/** It rests since an earlier period: its next claim rolls it over, and reads the limits then. */
const touch = ({ agentId, number, ...instance }: Instance): Op => ({
  op: 'update',
  key: instanceKey(agentId, number),
  if: pinned({ agentId, number, ...instance }),
  add: { rev: 1 },
});

/** The first limit per hour: a run in progress belongs to the hour of its claim, whoever rests to this one. */
async function hourOfSlice(
  ports: CalendarPorts,
  { slice, run }: Instance,
  { line, period }: Begun,
): Promise<string | null> {
  if (line.per !== 'hour' || slice.hour !== null || slice.period === '-') return null;
  if (!run) return slice.period === period.slice(0, 10) ? period : null;
  return (await momentOf(ports, run.startedAt)).hour;
}

type Adopted = { readonly now: Slice; readonly line: Line; readonly mine: string };

async function adoption(ports: CalendarPorts, instance: Instance, { now, line, mine }: Adopted): Promise<Op[]> {
  const { agentId, number, slice, run } = instance;
  const holds = run ? limited(now.lines, holdsOf(await getSpec(ports.table, agentId, instance.specVersion))) : NOTHING;
  const held: Amounts = { ...holds, ...heldOthers(heldBy(run), holds), usd: run?.holdMicros ?? 0 };
  const change = sliceChange(now);
  const spent = await spentIn(ports, instance, { line, period: mine });
  await openBudget(ports.table, line, mine);
  const update: Op = {
    op: 'update',
    key: instanceKey(agentId, number),
    if: pinned(instance),
    set: { ...change.set, ...(run && line.kind !== 'usd' ? { hx: encodeOthers(held) } : {}) },
    remove: change.remove,
    add: { rev: 1 },
  };
  const home = returnOpsOf(slice, limited(slice.lines, inSlice(slice)));
  const used = spent + held[line.kind];
  return [update, ...home, ...(used === 0 ? [] : [returnOp(line, mine, -used)])];
}

/** What it holds already stays as it is; what was not limited before is held from now on. */
const heldOthers = (held: Amounts, holds: Amounts): Omit<Amounts, 'usd'> => ({
  tokens: held.tokens || holds.tokens,
  runs: held.runs || holds.runs,
  seconds: held.seconds || holds.seconds,
});

/** What the closed runs of one instance have used in a period. Tokens of the time before are not known. */
async function spentIn(ports: CalendarPorts, instance: Instance, { line, period }: Begun): Promise<number> {
  const dates = datesOf(line.per, period);
  if (line.kind === 'tokens') return 0;
  if (!dates || line.kind === 'seconds') return await spentByRecords(ports, instance, { line, period });
  const days = await closedDays(ports.table, instance.agentId, dates);
  const closed = days.filter(({ instance: number }) => number === instance.number).map(({ tally }) => tally);
  const name = line.kind === 'usd' ? 'costMicros' : 'runs';
  return [...closed, instance.day].reduce((sum, tally) => sum + tally[name], 0);
}

async function spentByRecords(ports: CalendarPorts, instance: Instance, { line, period }: Begun): Promise<number> {
  let sum = 0;
  for (const record of await recordsSince(ports.table, instance, startsAfter(period))) {
    const moment = await momentOf(ports, record.startedAt);
    if (periodOf(line.per, moment) === period) sum += usedBy(record)[line.kind];
  }
  return sum;
}

/** Some time before the period begins in any zone. */
function startsAfter(period: string): number {
  const date = period.slice(0, 10).padEnd(10, '-01');
  return Math.max(0, (Date.parse(`${date}T00:00:00Z`) || 0) - 172_800_000);
}

const usedBy = ({ outcome, costMicros, durationMs }: RunRecord): Amounts => {
  const ran = outcome !== 'refused' && outcome !== 'cancelled';
  return { ...NOTHING, usd: costMicros, runs: ran ? 1 : 0, seconds: ran ? Math.ceil(durationMs / 1000) : 0 };
};
