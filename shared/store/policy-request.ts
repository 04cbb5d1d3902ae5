/** A change of the rules is asked for: what it brings is tried out before anybody is asked to approve it. */
import type { Actor } from '../domain/audit.ts';
import type { Decision } from '../domain/decision.ts';
import { NovaError } from '../domain/error.ts';
import { POLICY_SUBJECT, policyChangeVerdict } from '../domain/policy-change.ts';
import { type Effect, kindOf, type PolicyQuestion } from '../domain/policy-question.ts';
import { changedRules, type PolicyRules, type RulesChange, settingsOf } from '../domain/policy-rules.ts';
import type { PolicyBasis } from '../ports/policy.ts';
import type { World } from '../ports/world.ts';
import { judgedMaking, refusalOf } from './authorize.ts';
import { createDecision } from './decision-store.ts';
import { currentPolicy } from './policy-store.ts';
import { currentRules, keepOwnRules } from './rules-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'settings' | 'log' | 'work' | 'policy'>;

export type PolicyRequest = {
  /** Made from the rules that are in force, so that lists can be changed one by one. */
  readonly change: (rules: PolicyRules) => RulesChange;
  /** Compiled rules that the change names by their hash. */
  readonly own?: { readonly sha256: string; readonly gzipped: string };
  readonly actor: Actor;
};

/** One item of the table holds 400 KB. */
const MAX_GZIPPED_CHARS = 350_000;

/**
 * Records the decision that waits for its approval.
 * @throws NovaError bad_input, conflict (nothing would change, or one is open), denied, too_large.
 */
export async function requestPolicyChange(world: Ports, { change, own, actor }: PolicyRequest): Promise<Decision> {
  const rules = await currentRules(world.table);
  const wanted = change(rules);
  const verdict = policyChangeVerdict(rules, wanted, actor);
  if (own && own.gzipped.length > MAX_GZIPPED_CHARS) {
    throw new NovaError(
      'too_large',
      `compiled rules have at most ${MAX_GZIPPED_CHARS} characters; got ${own.gzipped.length}`,
    );
  }
  const after = settingsOf(await currentPolicy(world.table), {
    ...changedRules(rules, wanted),
    version: rules.version + 1,
  });
  const ownRules = own ? { sha256: own.sha256, read: async () => own.gzipped } : null;
  if (own)
    await mustStayGovernable(world, { settings: { ...after, version: `trial ${world.ids.ulid()}` }, rules: ownRules });
  const judgement = await judgedMaking(world, verdict, actor);
  if (judgement.effect === 'deny') throw new NovaError('denied', `not asked for: ${refusalOf(judgement)}`);
  if (own) await keepOwnRules(world.table, own);
  const order = { verdict, status: 'awaiting_approval', rule: 'policy_apply@1', actor, judgement } as const;
  const decision = await createDecision(world, order);
  if (!decision) throw new NovaError('conflict', 'a change of the policy waits for its approval already');
  return decision;
}

const question = (as: string, action: string, more: Partial<PolicyQuestion['subject']> = {}): PolicyQuestion => ({
  subject: { id: as, kind: kindOf(as), roles: [], ...more },
  action,
  resource: { kind: 'policy', id: POLICY_SUBJECT },
  attributes: { kind: 'policy_change', costImpactMicrosPerDay: 0, approved: action === 'decision:execute' },
});

/** What rules of any workspace must say: else nobody could change them again, or everybody could. */
const MUST: readonly (readonly [what: string, asked: PolicyQuestion, effect: Effect])[] = [
  ['an admin may change the policy', question('cli:admin', 'policy:apply', { roles: ['admin'] }), 'allow'],
  ['an approver may approve', question('link:a@example.com', 'approval:approve', { roles: ['approver'] }), 'allow'],
  ['an admin may stop everything', question('cli:admin', 'killswitch:on', { roles: ['admin'] }), 'allow'],
  ['an approved change is executed', question('system:execute-decision', 'decision:execute'), 'allow'],
  ['a change is asked for', question('cli:admin', 'decision:make', { roles: ['admin'] }), 'ask'],
  ['nobody without a role changes the policy', question('cli:nobody', 'policy:apply'), 'deny'],
  ['an agent changes no policy', question('run:shop.0.0', 'policy:apply', { roles: ['admin'] }), 'deny'],
  ['an agent approves nothing', question('run:shop.0.0', 'approval:approve', { roles: ['approver'] }), 'deny'],
];

async function mustStayGovernable(world: Ports, basis: PolicyBasis): Promise<void> {
  for (const [what, asked, effect] of MUST) {
    const verdict = await world.policy.evaluate(asked, basis);
    if (verdict.trouble) throw new NovaError('bad_input', `these rules cannot be used: ${verdict.reasons.join('; ')}`);
    if (verdict.effect !== effect) {
      const said = `they say ${verdict.effect}: ${verdict.reasons.join('; ')}`;
      throw new NovaError(
        'bad_input',
        `with these rules the policy could not be governed: ${what} must be ${effect}, ${said}`,
      );
    }
  }
}
