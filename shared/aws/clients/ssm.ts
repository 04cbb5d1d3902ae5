import { SSMClient } from '@aws-sdk/client-ssm';

/** Reads only, so the SDK's own retries do no harm. */
export function ssmClient(): SSMClient {
  return new SSMClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
}
