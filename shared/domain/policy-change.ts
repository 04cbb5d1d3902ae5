/** A change of the rules is a decision like any other: asked for, approved by somebody else, executed once, audited. */
import type { Verdict } from './decision.ts';
import { NovaError } from './error.ts';
import { formatUsd } from './money.ts';
import { changedRules, type PolicyRules, type RulesChange } from './policy-rules.ts';

/** Whose decision it is: no agent's; no agent can have this name. */
export const POLICY_SUBJECT = '@policy';

/** What an approver is shown of one setting. Nothing may hide behind the cut. */
const MAX_SHOWN = 200;

const SETTINGS = ['operationMicros', 'recurringMicros', 'escalateMicros', 'alonePresence', 'categories'] as const;

/**
 * A change as somebody wrote it down; lists of categories that it does not name stay as they are.
 * @throws NovaError bad_input for what is no setting.
 */
export function readRulesChange(written: { readonly [name: string]: unknown }, rules: PolicyRules): RulesChange {
  const unknown = Object.keys(written).filter((name) => !SETTINGS.some((one) => one === name));
  if (unknown.length > 0) {
    throw new NovaError('bad_input', `a setting is ${SETTINGS.join(', ')}; got ${unknown.join(', ')}`);
  }
  const { categories, ...rest } = written as RulesChange;
  if (categories === undefined) return rest;
  const lists = Object.keys(categories ?? {});
  if (lists.length === 0 || lists.some((name) => !(name in rules.categories))) {
    throw new NovaError('bad_input', `categories holds the lists alone, ask and escalate; got ${lists.join(', ')}`);
  }
  return { ...rest, categories: { ...rules.categories, ...categories } };
}

/**
 * The verdict that asks for a change, with every difference as a line for the approver.
 * @throws NovaError bad_input with every problem, conflict when nothing would change.
 */
export function policyChangeVerdict(rules: PolicyRules, wanted: RulesChange, by: string): Verdict {
  const after = changedRules(rules, wanted);
  const diff = rulesDiff(rules, after);
  const long = Object.keys(diff).filter((name) => (diff[name] ?? '').length > MAX_SHOWN);
  if (long.length > 0) {
    throw new NovaError('bad_input', `${long.join(', ')} would change more than one request can show; do it in steps`);
  }
  if (Object.keys(diff).length === 0) throw new NovaError('conflict', 'this is what the policy says already');
  const change = onlyChanged(rules, wanted);
  return {
    action: { kind: 'policy_change', agentId: POLICY_SUBJECT, fromVersion: rules.version, change },
    ...askedFor(by, Object.keys(diff)),
    evidence: diff,
  };
}

/** What every change of the rules is, whichever it changes: no money moves, much may follow, and a person must say yes. */
export const askedFor = (by: string, names: readonly string[]) =>
  ({
    why: `${by} asks for it: ${names.join(', ')}`,
    risk: 'high',
    confidenceBps: 10_000,
    expectedRoiBps: null,
    costImpactMicrosPerDay: 0,
    needsApproval: true,
  }) as const;

/** What is the same is not asked for: the hash covers what changes. */
function onlyChanged(rules: PolicyRules, wanted: RulesChange): RulesChange {
  const names = Object.keys(wanted) as (keyof RulesChange)[];
  const changed = names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(rules[name]));
  return Object.fromEntries(changed.map((name) => [name, wanted[name]])) as RulesChange;
}

/** What differs, as texts for the trail and for the one who approves it; of lists what comes and what goes. */
export function rulesDiff(before: PolicyRules, after: PolicyRules): { [name: string]: string } {
  const [old, fresh] = [textsOf(before), textsOf(after)];
  const names = Object.keys(old).filter((name) => String(old[name]) !== String(fresh[name]));
  return Object.fromEntries(names.map((name) => [name, difference(old[name] ?? '', fresh[name] ?? '')]));
}

function difference(before: Setting, after: Setting): string {
  if (typeof before === 'string' || typeof after === 'string') return `${before} → ${after}`;
  const come = after.filter((word) => !before.includes(word)).map((word) => `+${word}`);
  const gone = before.filter((word) => !after.includes(word)).map((word) => `−${word}`);
  return [...come, ...gone].join(' ') || `in another order: ${after.join(' ')}`;
}

type Setting = string | readonly string[];

/** Each setting as a person reads it. */
export function textsOf(rules: PolicyRules): { readonly [name: string]: Setting } {
  const { categories, alonePresence, rulesSha256 } = rules;
  return {
    oneOperationAbove: formatUsd(rules.operationMicros),
    recurringAbove: formatUsd(rules.recurringMicros),
    taskAbove: formatUsd(rules.escalateMicros),
    categoriesAlone: categories.alone,
    categoriesAsk: categories.ask,
    categoriesEscalate: categories.escalate,
    alonePresence,
    rules: rulesSha256 === '' ? 'those of the system' : `own rules ${rulesSha256.slice(0, 16)}`,
  };
}
