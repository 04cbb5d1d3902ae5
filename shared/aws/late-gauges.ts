/** What a stage knows of itself: CloudWatch watches its queues; DynamoDB gives each table an id of its own, whatever its name. */
import type { Gauges } from '../ports/outside.ts';

export function lateGauges(tableName: string): Gauges {
  return {
    queues: async () => null,
    async marks() {
      const [{ dynamoDbClient }, { tableMarks }] = await Promise.all([
        import('./clients/dynamodb.ts'),
        import('./table-marks.ts'),
      ]);
      return tableMarks(dynamoDbClient(), tableName);
    },
  };
}
