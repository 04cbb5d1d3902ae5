/** A change of the mode or of a threshold that lets more be done with fewer people asked is a decision, like one of the rules. */
import type { Verdict } from './decision.ts';
import { NovaError } from './error.ts';
import { formatUsd } from './money.ts';
import { changedPolicy, type DecisionPolicy, type PolicyChange } from './policy.ts';
import { askedFor, POLICY_SUBJECT } from './policy-change.ts';

/** Dollars above which somebody is asked, or asked more surely. */
export const ASKING = ['approvalImpactMicros', 'passkeyAboveMicros', 'twoPeopleAboveMicros'] as const;

/** As many as a request shows: nothing may hide behind the cut. */
const MAX_CHANGES = 6;

/** Which settings ask less of people afterwards; empty when none does. Everything stricter is a matter of one command. */
export function loosened(before: DecisionPolicy, after: DecisionPolicy): readonly (keyof PolicyChange)[] {
  const raised = ASKING.filter((name) => after[name] > before[name]);
  const alone = after.mode === 'auto' && before.mode !== 'auto' ? (['mode'] as const) : [];
  const hurried =
    after.twoPeopleDelaySeconds < before.twoPeopleDelaySeconds ? (['twoPeopleDelaySeconds'] as const) : [];
  return [...alone, ...raised, ...hurried];
}

/**
 * The verdict that asks for it, with every difference as a line for the approver.
 * @throws NovaError bad_input with every problem.
 */
export function autonomyChangeVerdict(policy: DecisionPolicy, wanted: PolicyChange, by: string): Verdict {
  const diff = policyDiff(policy, changedPolicy(policy, wanted));
  const names = Object.keys(diff) as (keyof PolicyChange)[];
  if (names.length > MAX_CHANGES) {
    throw new NovaError('bad_input', `one request shows at most ${MAX_CHANGES} changes; do ${names.length} in steps`);
  }
  const autonomy = Object.fromEntries(names.map((name) => [name, wanted[name]])) as PolicyChange;
  return {
    action: { kind: 'policy_change', agentId: POLICY_SUBJECT, fromVersion: policy.version, change: {}, autonomy },
    ...askedFor(by, names),
    evidence: diff,
  };
}

/** What differs, as texts for the one who approves it and for the mail that tells of it. */
export function policyDiff(before: DecisionPolicy, after: DecisionPolicy): { [name: string]: string } {
  const names = (Object.keys(before) as (keyof DecisionPolicy)[]).filter(
    (name) => name !== 'version' && before[name] !== after[name],
  );
  return Object.fromEntries(names.map((name) => [name, `${textOf(before, name)} → ${textOf(after, name)}`]));
}

function textOf(policy: DecisionPolicy, name: keyof DecisionPolicy): string {
  const value = policy[name];
  return typeof value === 'number' && name.endsWith('Micros') ? formatUsd(value) : String(value);
}
