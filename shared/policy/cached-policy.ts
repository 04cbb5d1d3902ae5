/**
 * Verdicts remembered for a minute at most. The key is everything that a verdict depends on, roles and the version of
 * the settings included, so what is changed here is asked anew at once; the minute bounds what a server changes there.
 */
import { canonicalJson } from '../domain/audit.ts';
import type { PolicyQuestion, PolicyVerdict } from '../domain/policy-question.ts';
import type { PolicyBasis, PolicyEngine } from '../ports/policy.ts';
import type { Time } from '../ports/time.ts';

export type CacheOptions = {
  readonly time: Pick<Time, 'now'>;
  readonly ttlMs?: number;
  readonly maxVerdicts?: number;
};

export type CachedPolicy = PolicyEngine & { forget(): void; readonly size: () => number };

const TTL_MS = 60_000;
const MAX_VERDICTS = 1_000;

export function cachedPolicy(
  engine: PolicyEngine,
  { time, ttlMs = TTL_MS, maxVerdicts = MAX_VERDICTS }: CacheOptions,
): CachedPolicy {
  const known = new Map<string, { readonly verdict: PolicyVerdict; readonly until: number }>();
  return {
    name: engine.name,
    size: () => known.size,
    forget: () => known.clear(),
    async evaluate(question, basis) {
      const key = keyOf(question, basis);
      if (key === null) return engine.evaluate(question, basis);
      const now = time.now();
      const found = known.get(key);
      // A clock that was set back must not make a minute longer.
      if (found && now < found.until && found.until - now <= ttlMs) return found.verdict;
      const verdict = await engine.evaluate(question, basis);
      known.delete(key);
      if (verdict.trouble) return verdict;
      // The oldest goes first; a minute's questions fit many times.
      if (known.size >= maxVerdicts) known.delete(known.keys().next().value ?? '');
      known.set(key, { verdict, until: now + ttlMs });
      return verdict;
    },
  };
}

/** null: what has no canonical form is not remembered. */
function keyOf(question: PolicyQuestion, { settings, rules }: PolicyBasis): string | null {
  try {
    return `${settings.version} ${rules?.sha256 ?? ''} ${canonicalJson(question)}`;
  } catch {
    return null;
  }
}
