/** Decisions as items: open ones under OPEN#decision in the index, ended ones under the UTC day they were made on. */
import type { Decision, DecisionAction, DecisionStatus, Risk } from '../domain/decision.ts';
import { isFinal } from '../domain/decision-moves.ts';
import type { Item, Value } from '../ports/table.ts';
import { dayIndex, decisionKey, openIndex } from './keys.ts';

const iso = (at: number): string => new Date(at).toISOString();

/** Where the index keeps it. */
export function decisionIndex(decision: Pick<Decision, 'id' | 'status' | 'createdAt'>): { ixPk: string; ixSk: string } {
  const date = iso(decision.createdAt).slice(0, 10);
  const ixPk = isFinal(decision.status) ? dayIndex('DECISION', date) : openIndex('decision');
  return { ixPk, ixSk: `${iso(decision.createdAt)}#${decision.id}` };
}

export function encodeDecision(decision: Decision): Item {
  const { action, evidence, ...rest } = decision;
  const attributes: { readonly [attr: string]: Value } = { ...rest, action: { ...action }, evidence: { ...evidence } };
  return { ...decisionKey(decision.id), v: 1, ...attributes, ...decisionIndex(decision) };
}

export function decodeDecision(item: Item): Decision {
  const text = (name: string): string => String(item[name] ?? '');
  const count = (name: string): number => Number(item[name] ?? 0);
  const action = item.action as DecisionAction;
  return {
    ...{ id: text('id'), kind: action.kind, agentId: action.agentId, status: text('status') as DecisionStatus },
    ...{ action, why: text('why'), risk: text('risk') as Risk, rule: text('rule'), outcome: text('outcome') },
    confidenceBps: count('confidenceBps'),
    expectedRoiBps: typeof item.expectedRoiBps === 'number' ? item.expectedRoiBps : null,
    costImpactMicrosPerDay: count('costImpactMicrosPerDay'),
    needsApproval: item.needsApproval === true,
    evidence: (item.evidence ?? {}) as Decision['evidence'],
    approvalId: typeof item.approvalId === 'string' ? item.approvalId : null,
    actionHash: text('actionHash'),
    ...{ createdAt: count('createdAt'), updatedAt: count('updatedAt'), version: count('version') },
    ...{ auditSeq: count('auditSeq'), auditHash: text('auditHash') },
  };
}
