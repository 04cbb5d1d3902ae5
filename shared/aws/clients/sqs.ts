import { SQSClient } from '@aws-sdk/client-sqs';

/**
 * `useQueueUrlAsEndpoint: false`: the SDK would otherwise send to the host inside the queue's URL and ignore the endpoint
 * it was given, so that a rehearsal could reach the real service. The time-out leaves room for a long poll of 20 s.
 */
export function sqsClient(): SQSClient {
  return new SQSClient({
    useQueueUrlAsEndpoint: false,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 30_000 },
  });
}
