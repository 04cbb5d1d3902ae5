import { EventBridgeClient } from '@aws-sdk/client-eventbridge';

export function eventBridgeClient(): EventBridgeClient {
  return new EventBridgeClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
}
