import { type ErrorCode, NovaError } from '../domain/error.ts';
import type { Secrets } from '../ports/outside.ts';
import { optionalSecret } from './optional-secret.ts';

/**
 * Works with secrets that may have been rotated a moment ago: refused with `refusal`, they are read anew, and only when one
 * of them has changed the work is done once more. A store of secrets that remembers nothing has nothing to read anew.
 */
export async function withFreshSecret<T>(
  secrets: Secrets,
  { names, refusal }: { readonly names: readonly string[]; readonly refusal: ErrorCode },
  work: () => Promise<T>,
): Promise<T> {
  const before = await Promise.all(names.map((name) => optionalSecret(secrets, name)));
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof NovaError) || thrown.code !== refusal || !secrets.refresh) throw thrown;
    const fresh = { get: async (name: string) => (await secrets.refresh?.(name)) ?? '' };
    const now = await Promise.all(names.map((name) => optionalSecret(fresh, name)));
    if (now.every((value, n) => value === before[n])) throw thrown;
    return work();
  }
}
