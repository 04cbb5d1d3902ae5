/** Questions for the rules, as people type them or keep them in a table. */
import type { JsonObject } from '../shared/domain/agent.ts';
import { NovaError } from '../shared/domain/error.ts';
import { ROLES, type Role } from '../shared/domain/operator.ts';
import {
  type Attributes,
  EFFECTS,
  type Effect,
  kindOf,
  type PolicyQuestion,
} from '../shared/domain/policy-question.ts';
import { isJsonObject } from './fields.ts';

/** `agent:shop`. */
export function resourceOf(typed: string | undefined): PolicyQuestion['resource'] {
  const at = (typed ?? '').indexOf(':');
  if (typed === undefined) return { kind: 'workspace', id: '' };
  if (at < 1) throw new NovaError('bad_input', `a resource is kind:id, like agent:shop; got "${typed}"`);
  return { kind: typed.slice(0, at), id: typed.slice(at + 1) };
}

/** @throws NovaError bad_input for what has parts of its own. */
export function attributesOf(given: JsonObject): Attributes {
  const nested = Object.keys(given).filter((name) => typeof given[name] === 'object' && given[name] !== null);
  if (nested.length > 0)
    throw new NovaError('bad_input', `an attribute is a text, a number, true, false or null: ${nested.join(', ')}`);
  return given as Attributes;
}

export type PolicyCase = {
  readonly name: string;
  readonly question: PolicyQuestion;
  readonly settings: JsonObject;
  readonly effect: Effect;
  readonly reason: string | null;
};

/**
 * A table like policies/cases.json: `defaults`, and `cases` of {name, as, roles, action, attributes, settings?, effect,
 * reason?}.
 * @throws NovaError bad_input naming the first case that is none.
 */
export function policyCases(table: JsonObject): readonly PolicyCase[] {
  const { defaults, cases } = table;
  if (!isJsonObject(defaults) || !Array.isArray(cases)) {
    throw new NovaError('bad_input', 'a table of cases holds "defaults" and "cases"');
  }
  return cases.map((one, index) => {
    const read = isJsonObject(one) ? readCase(one, defaults) : null;
    if (!read)
      throw new NovaError('bad_input', `case ${index + 1} is not {name, as, roles, action, attributes, effect}`);
    return read;
  });
}

function readCase(one: JsonObject, defaults: JsonObject): PolicyCase | null {
  const { name, as, roles, action, attributes, settings, effect, reason } = one;
  const known = EFFECTS.find((each) => each === effect);
  if (typeof name !== 'string' || typeof as !== 'string' || typeof action !== 'string' || !known) return null;
  if (!Array.isArray(roles) || !isJsonObject(attributes)) return null;
  const subject = { id: as, kind: kindOf(as), roles: roles.filter(isRole) };
  return {
    ...{ name, effect: known, reason: typeof reason === 'string' ? reason : null },
    question: {
      subject,
      action,
      resource: { kind: action.split(':')[0] ?? '', id: 'shop' },
      attributes: attributesOf(attributes),
    },
    settings: { ...defaults, ...(isJsonObject(settings) ? settings : {}) },
  };
}

const isRole = (role: unknown): role is Role => ROLES.some((one) => one === role);
