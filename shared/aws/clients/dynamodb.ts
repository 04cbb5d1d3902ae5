import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * One attempt per request: the table itself retries, because only it knows which request may safely be sent twice.
 * Endpoint, region and credentials come from where the SDK always looks.
 */
export function dynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
}
