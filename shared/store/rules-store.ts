/** What the rules go by: one item that is current, each version kept as it was, and compiled rules of the owner's own. */
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import { rulesDiff } from '../domain/policy-change.ts';
import {
  type CategoryLists,
  changedRules,
  DEFAULT_RULES,
  type PolicyRules,
  type RulesChange,
  rulesProblems,
  settingsOf,
} from '../domain/policy-rules.ts';
import type { OwnRules, PolicyBasis } from '../ports/policy.ts';
import type { Item, Op, Table, Value } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { type AuditHead, audited, NO_AUDIT } from './audit-store.ts';
import { ownRulesKey, rulesKey, rulesVersionKey } from './keys.ts';
import { currentPolicy } from './policy-store.ts';

export const RULES_ENTITY = 'policy:rules';

/** The rules as they are; the defaults until somebody has changed one. @throws NovaError corrupt. */
export async function currentRules(table: Table): Promise<PolicyRules> {
  return decodeRules(await table.get(rulesKey));
}

/** As they were in a version; null when there was none. @throws NovaError corrupt. */
export async function rulesOfVersion(table: Table, version: number): Promise<PolicyRules | null> {
  if (version === 0) return DEFAULT_RULES;
  const item = await table.get(rulesVersionKey(version));
  return item && decodeRules(item);
}

/** All that a verdict rests on, read now. @throws NovaError corrupt. */
export async function policyBasis(table: Table): Promise<PolicyBasis> {
  const [policy, rules] = await Promise.all([currentPolicy(table), currentRules(table)]);
  return basisOf(table, settingsOf(policy, rules), rules.rulesSha256);
}

export function basisOf(table: Table, settings: PolicyBasis['settings'], rulesSha256: string): PolicyBasis {
  return { settings, rules: rulesSha256 === '' ? null : ownRules(table, rulesSha256) };
}

function ownRules(table: Table, sha256: string): OwnRules {
  return {
    sha256,
    async read() {
      const item = await table.get(ownRulesKey(sha256));
      if (!item) throw new NovaError('corrupt', `the rules ${sha256.slice(0, 12)} are gone`);
      return String(item.gzipped);
    },
  };
}

/** Keeps compiled rules under their hash; they judge nothing until a version of the rules names them. */
export async function keepOwnRules(table: Table, rules: { sha256: string; gzipped: string }): Promise<void> {
  // What is there under the hash is the same: the hash is compared when it is used.
  await table.write({
    op: 'put',
    item: { ...ownRulesKey(rules.sha256), v: 1, gzipped: rules.gzipped },
    if: [{ attr: 'pk', op: 'missing' }],
  });
}

/**
 * The ops that put a new version in force, pinned to the one it was made from; the change is audited with them.
 * @throws NovaError conflict when the rules are no longer of the version `from`; bad_input; corrupt.
 */
export async function rulesChangeOps(
  world: Pick<World, 'table' | 'time' | 'hashing'>,
  { from, change, actor, why }: { from: number; change: RulesChange; actor: Actor; why: string },
): Promise<readonly Op[]> {
  const item = await world.table.get(rulesKey);
  const before = decodeRules(item);
  if (before.version !== from) {
    throw new NovaError('conflict', `the rules are of version ${before.version} now, not ${from}`);
  }
  const after = { ...changedRules(before, change), version: before.version + 1 };
  const { record, head } = audited(world.hashing, headOf(item), {
    at: world.time.now(),
    actor,
    action: 'rules.changed',
    entity: RULES_ENTITY,
    details: { version: after.version, why, ...rulesDiff(before, after) },
  });
  const set = { v: 1, ...encodeRules(after), ...head };
  const unchanged = item
    ? ({ attr: 'version', op: '=', value: before.version } as const)
    : ({ attr: 'version', op: 'missing' } as const);
  return [
    { op: 'update', key: rulesKey, if: [unchanged], set },
    {
      op: 'put',
      item: { ...rulesVersionKey(after.version), v: 1, ...encodeRules(after) },
      if: [{ attr: 'pk', op: 'missing' }],
    },
    record,
  ];
}

function encodeRules({ categories, ...rest }: PolicyRules): { readonly [attr: string]: Value } {
  return { ...rest, alone: categories.alone, ask: categories.ask, escalate: categories.escalate };
}

/** What cannot be read is no licence: whoever asks for it fails, and nothing is allowed. */
function decodeRules(item: Item | null): PolicyRules {
  if (!item) return DEFAULT_RULES;
  const words = (name: string): readonly string[] => item[name] as readonly string[];
  const categories: CategoryLists = { alone: words('alone'), ask: words('ask'), escalate: words('escalate') };
  const rules: PolicyRules = {
    version: Number(item.version),
    operationMicros: Number(item.operationMicros),
    recurringMicros: Number(item.recurringMicros),
    escalateMicros: Number(item.escalateMicros),
    alonePresence: words('alonePresence'),
    rulesSha256: String(item.rulesSha256),
    categories,
  };
  const problems = rulesProblems(rules);
  if (problems.length > 0) throw new NovaError('corrupt', `the rules cannot be read: ${problems.join('; ')}`);
  return rules;
}

function headOf(item: Item | null): AuditHead {
  return item ? { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) } : NO_AUDIT;
}
