import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** Reads, and writes of a new version that are named by a token: the SDK's own retries do no harm. */
export function secretsManagerClient(): SecretsManagerClient {
  return new SecretsManagerClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
}
