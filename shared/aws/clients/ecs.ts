import { ECSClient } from '@aws-sdk/client-ecs';

/** The SDK's own retries: RunTask carries a client token, everything else can be repeated. */
export function ecsClient(): ECSClient {
  return new ECSClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000 } });
}
