/** One shelf over both places where a stage keeps secrets: Secrets Manager for those that rotate, SSM for all others. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { SecretShelf } from '../ports/admin.ts';
import { hasSecret, writeSecret } from './secret-versions.ts';
import { ssmShelf } from './ssm-shelf.ts';

type Clients = { readonly ssm: SSMClient; readonly manager: SecretsManagerClient };

/** `prefix` is `/nova/<stage>/secrets/`. */
export function secretShelf({ ssm, manager }: Clients, prefix: string, rotated: readonly string[]): SecretShelf {
  const parameters = ssmShelf(ssm, prefix);
  return {
    set: async (name, value) =>
      rotated.includes(name) ? writeSecret(manager, `${prefix}${name}`, value) : parameters.set(name, value),
    async names() {
      const made = await Promise.all(rotated.map((name) => hasSecret(manager, `${prefix}${name}`)));
      const there = rotated.filter((_, n) => made[n]);
      return [...new Set([...(await parameters.names()), ...there])].sort();
    },
  };
}
