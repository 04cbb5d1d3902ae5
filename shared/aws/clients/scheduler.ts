import { SchedulerClient } from '@aws-sdk/client-scheduler';

/** The SDK's own retries: every request is idempotent by its name or its client token. */
export function schedulerClient(): SchedulerClient {
  return new SchedulerClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000 } });
}
