import { STSClient } from '@aws-sdk/client-sts';

/** Only ever asked who the caller is. */
export function stsClient(): STSClient {
  return new STSClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
}
