import { textsOf } from '../../shared/domain/policy-change.ts';
import type { Effect, PolicyVerdict } from '../../shared/domain/policy-question.ts';
import type { PolicyRules } from '../../shared/domain/policy-rules.ts';
import { details } from '../render/details.ts';
import type { Style } from '../render/style.ts';

export type RulesView = {
  readonly id: 'policy';
  /** Of the thresholds and of these settings: what every verdict names. */
  readonly version: string;
  /** `in process`, or the address of an OPA server. */
  readonly engine: string;
  /** SHA-256 of the owner's own rules; '' for those of the system. */
  readonly rulesSha256: string;
  readonly mode: string;
  readonly approvalAboveMicrosPerDay: number;
  /** What `nova policy apply` takes. */
  readonly settings: Omit<PolicyRules, 'version' | 'rulesSha256'>;
  /** Since when the system waits for an answer about a change; null when none is open. */
  readonly waiting: string | null;
};

const NAMES: Readonly<Record<string, string>> = {
  oneOperationAbove: 'ask: one operation above',
  recurringAbove: 'ask: recurring above',
  taskAbove: 'stop: a task above',
  categoriesAlone: 'run alone',
  categoriesAsk: 'ask first',
  categoriesEscalate: 'stop and tell',
  alonePresence: 'alone while you are',
  rules: 'rules',
};

export function renderRules(view: RulesView, rules: PolicyRules, style: Style): string {
  const texts = Object.entries(textsOf(rules)).map(
    ([name, value]) => [NAMES[name] ?? name, typeof value === 'string' ? value : value.join(', ') || 'none'] as const,
  );
  return details(
    `policy ${view.version}, judged ${view.engine === 'in process' ? view.engine : `by ${view.engine}`}`,
    [['autonomy', view.mode], ...texts, ['waiting', view.waiting]],
    style,
  );
}

export type EvaluationView = {
  readonly id: string;
  readonly effect: Effect;
  readonly reasons: readonly string[];
  readonly version: string;
  readonly rules: string;
  readonly trouble: boolean;
};

export const evaluationView = (
  id: string,
  { effect, reasons, version, rules, trouble }: PolicyVerdict,
): EvaluationView => ({
  ...{ id, effect, reasons, version, rules, trouble },
});
