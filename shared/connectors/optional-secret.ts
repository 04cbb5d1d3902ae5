import { NovaError } from '../domain/error.ts';
import type { Secrets } from '../ports/outside.ts';

/** A secret that may be missing: null. A store of secrets that cannot be reached is not the same, and throws. */
export async function optionalSecret(secrets: Secrets, name: string): Promise<string | null> {
  try {
    return (await secrets.get(name)).trim() || null;
  } catch (thrown) {
    if (thrown instanceof NovaError && thrown.code === 'misconfigured') return null;
    throw thrown;
  }
}
