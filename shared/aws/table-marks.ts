/** Which table this is: DynamoDB restores into a new one always, and each has an id that no other ever has. */
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { serviceError } from './service-error.ts';

export async function tableMarks(client: DynamoDBClient, tableName: string): Promise<readonly string[]> {
  try {
    const { Table: said } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    return said?.TableId ? [`table ${said.TableId}`] : [];
  } catch (cause) {
    throw serviceError('DynamoDB could not say which table this is', cause);
  }
}
