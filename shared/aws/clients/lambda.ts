import { LambdaClient } from '@aws-sdk/client-lambda';

/** Only ever asked what the account may run at a time. */
export function lambdaClient(): LambdaClient {
  return new LambdaClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
}
