/**
 * One item per agent and kind of decision: who is open, and what the last one came to. It makes "one open decision per
 * agent and kind" a condition of the transaction, and remembers what the next pass must know.
 */
import type { Decision, DecisionKind, DecisionStatus } from '../domain/decision.ts';
import { type DecisionMemory, NO_TOTALS, type Totals } from '../domain/facts.ts';
import type { Item, Op, Table, Value } from '../ports/table.ts';
import { decisionLockKey } from './keys.ts';
import { queryAll } from './query-all.ts';

/** Fails when another decision of the kind is open. */
export function takeLockOp(decision: Decision): Op {
  return {
    op: 'update',
    key: decisionLockKey(decision.agentId, decision.kind),
    if: [{ attr: 'decisionId', op: 'missing' }],
    set: { v: 1, decisionId: decision.id, proposed: decision.status === 'proposed' },
  };
}

/** A proposal is taken up: from now on it holds others up. */
export function takeUpLockOp(decision: Decision): Op {
  return {
    op: 'update',
    key: decisionLockKey(decision.agentId, decision.kind),
    if: [{ attr: 'decisionId', op: '=', value: decision.id }],
    set: { proposed: false },
  };
}

/** Frees the kind. A superseded decision leaves no trace: nothing was tried, nobody was asked in vain. */
export function releaseLockOp(decision: Decision, at: number): Op {
  const ended = { lastStatus: decision.status, lastAt: at };
  const executed = { executedAt: at, executedTotals: totalsIn(decision.evidence) };
  const set: { [attr: string]: Value } = {
    ...(decision.status === 'superseded' ? {} : ended),
    ...(decision.status === 'executed' ? executed : {}),
  };
  return {
    op: 'update',
    key: decisionLockKey(decision.agentId, decision.kind),
    if: [{ attr: 'decisionId', op: '=', value: decision.id }],
    ...(Object.keys(set).length > 0 ? { set } : {}),
    remove: ['decisionId', 'proposed'],
  };
}

/** The totals that a decision was based on, from its evidence; 0 for what it does not say. */
function totalsIn(evidence: Decision['evidence']): Totals {
  const names = Object.keys(NO_TOTALS) as (keyof Totals)[];
  return Object.fromEntries(names.map((name) => [name, Number(evidence[name] ?? 0)])) as Totals;
}

/** What is open and what was last, over all kinds of one agent. */
export async function decisionMemory(table: Table, agentId: string): Promise<DecisionMemory> {
  const { pk } = decisionLockKey(agentId, '');
  return memoryOf(await queryAll(table, { pk }));
}

function memoryOf(locks: readonly Item[]): DecisionMemory {
  const kindOf = (lock: Item): DecisionKind => lock.sk as DecisionKind;
  const ended = locks.filter(({ lastAt }) => typeof lastAt === 'number').sort(latest('lastAt'));
  const executed = locks.filter(({ executedAt }) => typeof executedAt === 'number').sort(latest('executedAt'));
  const [last] = ended;
  const [base] = executed;
  return {
    // A proposal is only a thought: the next pass thinks again, and keeps or replaces it.
    openKinds: locks.filter(({ decisionId, proposed }) => decisionId !== undefined && proposed !== true).map(kindOf),
    lastEnd: last
      ? { kind: kindOf(last), status: String(last.lastStatus) as DecisionStatus, at: Number(last.lastAt) }
      : null,
    lastExecuted: base
      ? { kind: kindOf(base), at: Number(base.executedAt), totals: base.executedTotals as Totals }
      : null,
  };
}

/** Later first; the name of the kind breaks ties, so that every reader sees the same one. */
const latest =
  (attr: string) =>
  (a: Item, b: Item): number =>
    Number(b[attr]) - Number(a[attr]) || (a.sk < b.sk ? -1 : 1);
