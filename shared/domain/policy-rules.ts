/** What the rules go by beside the numbers of decisions: the ladder of dollars, the lists of categories, presence. */
import { NovaError } from './error.ts';
import type { AutonomyMode, DecisionPolicy } from './policy.ts';

export type CategoryLists = {
  /** Run alone when they are safe, reversible and expected. */
  readonly alone: readonly string[];
  readonly ask: readonly string[];
  /** Stop the work and tell a person; so does a category that no list names. */
  readonly escalate: readonly string[];
};

export type PolicyRules = {
  /** 0: nobody has changed anything yet. */
  readonly version: number;
  /** One operation above this is asked for; exactly this much is not. */
  readonly operationMicros: number;
  /** The same for what is paid again and again. */
  readonly recurringMicros: number;
  /** A task above this stops. */
  readonly escalateMicros: number;
  readonly categories: CategoryLists;
  /** Where the owner is when tasks run without asking. */
  readonly alonePresence: readonly string[];
  /** SHA-256 of the owner's own compiled rules; '' for those that come with the system. */
  readonly rulesSha256: string;
};

export const DEFAULT_RULES: PolicyRules = {
  version: 0,
  operationMicros: 5_000_000,
  recurringMicros: 10_000_000,
  escalateMicros: 10_000_000,
  categories: {
    alone: ['performance', 'bug_fix', 'documentation', 'tests', 'refactoring', 'infrastructure', 'research'],
    ask: ['feature', 'external_action', 'config_change', 'api_integration', 'user_facing'],
    escalate: ['security_issue', 'data_loss_risk', 'breaking_change'],
  },
  alonePresence: ['gym', 'sleeping', 'work'],
  rulesSha256: '',
};

/** What the rules are given as data. The version names both parts, so that it changes with either. */
export type PolicySettings = Omit<PolicyRules, 'version' | 'rulesSha256'> & {
  readonly version: string;
  readonly mode: AutonomyMode;
  readonly approvalImpactMicros: number;
};

export function settingsOf(policy: DecisionPolicy, rules: PolicyRules): PolicySettings {
  const { version, rulesSha256: _, ...numbers } = rules;
  return {
    ...numbers,
    version: `${policy.version}.${version}`,
    mode: policy.mode,
    approvalImpactMicros: policy.approvalImpactMicros,
  };
}

export type RulesChange = Partial<Omit<PolicyRules, 'version'>>;

const MAX_MICROS = 1_000_000_000_000;
const MAX_WORDS = 100;
const WORD = /^[a-z][a-z0-9_]{0,39}$/;
const SHA256 = /^(|[0-9a-f]{64})$/;

/**
 * The rules after an edit; the version is the store's business.
 * @throws NovaError bad_input with every problem named.
 */
export function changedRules(rules: PolicyRules, change: RulesChange): PolicyRules {
  const next: PolicyRules = { ...rules, ...change };
  const problems = rulesProblems(next);
  if (problems.length > 0) throw new NovaError('bad_input', problems.join('; '));
  return next;
}

/** Why these cannot be rules; empty when they can. */
export function rulesProblems(rules: PolicyRules): readonly string[] {
  const { alone, ask, escalate } = rules.categories;
  const problems = [
    ...(['operationMicros', 'recurringMicros', 'escalateMicros'] as const).flatMap((name) => {
      const value = rules[name];
      const fits = Number.isSafeInteger(value) && value >= 0 && value <= MAX_MICROS;
      return fits ? [] : [`${name} is a whole number from 0 to ${MAX_MICROS}; got ${value}`];
    }),
    ...wordProblems('categories.alone', alone),
    ...wordProblems('categories.ask', ask),
    ...wordProblems('categories.escalate', escalate),
    ...wordProblems('alonePresence', rules.alonePresence),
  ];
  if (problems.length > 0) return problems;
  const all = [...alone, ...ask, ...escalate];
  const twice = [...new Set(all.filter((word, index) => all.indexOf(word) !== index))];
  if (twice.length > 0) problems.push(`a category is in one list only; in two: ${twice.join(', ')}`);
  if (!SHA256.test(rules.rulesSha256)) problems.push('rulesSha256 is a SHA-256 in hex, or empty');
  return problems;
}

function wordProblems(name: string, words: unknown): string[] {
  const fits = Array.isArray(words) && words.length <= MAX_WORDS && words.every((word) => WORD.test(String(word)));
  return fits ? [] : [`${name} is a list of at most ${MAX_WORDS} words like bug_fix`];
}
