/** The question put: who asks is looked up, what the rules go by is read, and only a clear yes is a yes. */
import type { Approval } from '../domain/approval.ts';
import type { Actor } from '../domain/audit.ts';
import type { Decision, Verdict } from '../domain/decision.ts';
import { messageOf } from '../domain/error.ts';
import { RUNAWAY_RULE } from '../domain/execution.ts';
import { type Attributes, kindOf, type PolicyVerdict, type Subject, troubled } from '../domain/policy-question.ts';
import type { PolicyBasis } from '../ports/policy.ts';
import type { World } from '../ports/world.ts';
import { operatorOf } from './operator-store.ts';
import { policyBasis } from './rules-store.ts';

export type Judging = Pick<World, 'table' | 'settings' | 'policy'>;

export type Asked = {
  readonly actor: Actor;
  /** `<noun>:<verb>`. */
  readonly action: string;
  readonly resource: { readonly kind: string; readonly id: string };
  readonly attributes?: Attributes;
};

/** Never rejects: a policy, a register of people or rules that cannot be read deny, and say so. */
export async function judged(world: Judging, asked: Asked, basis?: PolicyBasis): Promise<PolicyVerdict> {
  try {
    const [rests, subject] = await Promise.all([basis ?? policyBasis(world.table), subjectOf(world, asked.actor)]);
    const { action, resource, attributes = {} } = asked;
    return await world.policy.evaluate({ subject, action, resource, attributes }, rests);
  } catch (thrown) {
    return troubled(messageOf(thrown), '', basis?.settings.version ?? '');
  }
}

/** Read anew for every question: a role that was taken away is gone with the next one. */
async function subjectOf(world: Judging, actor: Actor): Promise<Subject> {
  const kind = kindOf(actor);
  const person = kind === 'person' ? await operatorOf(world, actor) : null;
  return { id: actor, kind, roles: person?.roles ?? [] };
}

/** The sentence of a refusal. */
export function refusalOf({ effect, reasons, version }: PolicyVerdict): string {
  const said = reasons.join('; ');
  return effect === 'deny' ? `${said} (policy ${version || 'unreadable'})` : `${said}: it needs an approval`;
}

/** What the rules need to know of a decision. */
export function stakesOf({ action, costImpactMicrosPerDay, evidence }: Verdict): Attributes {
  const { roiBps } = evidence;
  return { kind: action.kind, costImpactMicrosPerDay, lifeRoiBps: typeof roiBps === 'number' ? roiBps : null };
}

const decisionOf = (verdict: Verdict): Asked['resource'] => ({ kind: 'agent', id: verdict.action.agentId });

/** Whether a verdict of the engine is done at once, asked for, or neither. */
export function judgedMaking(world: Judging, verdict: Verdict, actor: Actor): Promise<PolicyVerdict> {
  const attributes = stakesOf(verdict);
  return judged(world, { actor, action: 'decision:make', resource: decisionOf(verdict), attributes });
}

/** Whether a decision may be carried out now, whatever was allowed when it was made. */
export function judgedExecution(world: Judging, decision: Decision, actor: Actor): Promise<PolicyVerdict> {
  const ranAway = decision.rule.startsWith(RUNAWAY_RULE) ? { ranAway: true } : {};
  const attributes = { ...stakesOf(decision), approved: decision.approvalId !== null, ...ranAway };
  return judged(world, { actor, action: 'decision:execute', resource: decisionOf(decision), attributes });
}

/** Whether this person may approve this request. */
export function judgedAnswer(world: Judging, approval: Approval, actor: Actor): Promise<PolicyVerdict> {
  const { id, action, tier, requestedBy } = approval;
  const attributes = { kind: action.kind, tier, requestedBy };
  return judged(world, { actor, action: 'approval:approve', resource: { kind: 'approval', id }, attributes });
}
