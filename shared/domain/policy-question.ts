/** Who wants to do what to what, and the answer: the question that the rules in policies/ decide. */
import type { Actor } from './audit.ts';
import type { Role } from './operator.ts';

/** A person, a part of the system, or something that runs model output. */
export type SubjectKind = 'person' | 'system' | 'agent' | 'run';
export type Subject = { readonly id: Actor; readonly kind: SubjectKind; readonly roles: readonly Role[] };

export type Attributes = { readonly [name: string]: string | number | boolean | null };

export type PolicyQuestion = {
  readonly subject: Subject;
  /** `<noun>:<verb>`: agent:retire, decision:execute, task:run. */
  readonly action: string;
  readonly resource: { readonly kind: string; readonly id: string };
  readonly attributes: Attributes;
};

/** allow: done at once · ask: a person decides · escalate: the work stops, and a person is told · deny: not done. */
export type Effect = 'allow' | 'ask' | 'escalate' | 'deny';
export const EFFECTS: readonly Effect[] = ['allow', 'ask', 'escalate', 'deny'];

export type PolicyVerdict = {
  readonly effect: Effect;
  /** Sentences; never empty. */
  readonly reasons: readonly string[];
  /** Of the settings that it was judged by. */
  readonly version: string;
  /** SHA-256 of the rules in process; `server` when an OPA server has judged. */
  readonly rules: string;
  /** A deny because nobody could judge: worth another try, never worth doing it anyway. */
  readonly trouble: boolean;
};

/** The kind of an actor by its prefix; an unknown one is the least trusted. */
export function kindOf(actor: Actor): SubjectKind {
  const prefix = actor.slice(0, actor.indexOf(':'));
  if (prefix === 'system') return 'system';
  if (['cli', 'sts', 'link', 'passkey', 'person'].includes(prefix)) return 'person';
  return prefix === 'run' ? 'run' : 'agent';
}

/** The deny of rules that could not be asked. */
export function troubled(why: string, rules: string, version: string): PolicyVerdict {
  return { effect: 'deny', reasons: [`the policy could not be asked: ${why}`], version, rules, trouble: true };
}

const MAX_REASONS = 20;
const MAX_REASON = 300;

/** What rules answered, if it is exactly a verdict on these settings; every other answer is a deny. */
export function readVerdict(raw: unknown, { version, rules }: { version: string; rules: string }): PolicyVerdict {
  const wrong = (why: string): PolicyVerdict => troubled(why, rules, version);
  if (raw === undefined) return wrong('it gave no result');
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return wrong('its result is not a verdict');
  const { effect, reasons, version: judged, ...rest } = raw as Record<string, unknown>;
  const known = EFFECTS.find((one) => one === effect);
  if (!known || Object.keys(rest).length > 0) return wrong('its result is not a verdict');
  if (!Array.isArray(reasons) || reasons.length === 0 || reasons.length > MAX_REASONS || !reasons.every(isReason)) {
    return wrong('its verdict has no readable reasons');
  }
  if (judged !== version) return wrong('it judged by other settings than it was given');
  return { effect: known, reasons, version, rules, trouble: false };
}

const isReason = (reason: unknown): reason is string =>
  typeof reason === 'string' && reason.length > 0 && reason.length <= MAX_REASON;
