import type { JsonObject } from '../../shared/domain/agent.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { type DecisionView as ShortView, decisionView as shortView } from '../../shared/jobs/evaluation-report.ts';
import { blocks, details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { longTime, percentOf, roiOf, shortTime, usdOf } from '../render/words.ts';

export type DecisionView = ShortView & {
  /** What it does, exactly. */
  readonly action: JsonObject;
  /** The facts as they stood. */
  readonly evidence: JsonObject;
  readonly rule: string;
  /** What became of it. */
  readonly outcome: string;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export function decisionView(decision: Decision): DecisionView {
  const { action, evidence, rule, outcome, createdAt, updatedAt } = decision;
  return {
    ...shortView(decision),
    action: { ...action },
    evidence: { ...evidence },
    ...{ rule, outcome },
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

export function renderDecisions(decisions: readonly DecisionView[], style: Style, nothing = 'no decisions'): string {
  return table(
    decisions,
    [
      { title: 'DECISION', value: ({ id }) => id, dropOrder: 3 },
      { title: 'AT (UTC)', value: ({ createdAt }) => shortTime(createdAt), dropOrder: 4 },
      { title: 'WHAT', value: ({ type }) => type.replace('_', ' ') },
      { title: 'AGENT', value: ({ target }) => target, min: 8 },
      { title: 'STATUS', value: ({ status }) => status, state: true },
      { title: '$/DAY', value: (one) => usdOf(one.costImpactMicrosPerDay), align: 'money', dropOrder: 1 },
      { title: 'WHY', value: ({ why }) => why, min: 20, dropOrder: 5 },
    ],
    style,
    nothing,
  );
}

export function renderDecision(decision: DecisionView, style: Style): string {
  const { type, target, status, why, outcome, approvalId, risk, rule } = decision;
  return blocks(
    details(
      `${type.replace('_', ' ')} ${target}`,
      [
        ['decision', decision.id],
        ['status', status],
        ['why', why],
        ['outcome', outcome],
        ['action', JSON.stringify(decision.action)],
        ['cost a day', usdOf(decision.costImpactMicrosPerDay)],
        ['expected ROI', roiOf(decision.expectedRoiBps)],
        ['risk', `${risk}, confidence ${percentOf(decision.confidenceBps)}`],
        ['approval', approvalId],
        ['decided by', rule],
        ['at', longTime(decision.createdAt)],
        ['last change', longTime(decision.updatedAt)],
      ],
      style,
    ),
    details(
      'Evidence',
      Object.entries(decision.evidence).map(([name, value]) => [name, String(value)] as const),
      style,
    ),
  );
}
