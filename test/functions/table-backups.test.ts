/** Backups of a stage's table, in DynamoDB's own words: a server that answers as its API does. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { tableBackups } from '../../shared/aws/table-backups.ts';
import { mapTable } from '../../shared/memory/map-table.ts';

type Asked = { readonly action: string; readonly body: Record<string, unknown> };
type Answer = { readonly status?: number; readonly body: object };

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/nova-t/backup/01';
const details = { BackupArn: ARN, BackupName: 'b', BackupStatus: 'CREATING', BackupType: 'USER' };

async function withDynamo(
  answers: (asked: Asked) => Answer,
  story: (backups: ReturnType<typeof tableBackups>, seen: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const seen: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const action = String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '');
    const asked = { action, body: JSON.parse(text) as Record<string, unknown> };
    seen.push(asked);
    const { status = 200, body } = answers(asked);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    maxAttempts: 1,
  });
  try {
    await story(tableBackups({ client, tableName: 'nova-t', tableOf: () => mapTable() }), seen);
  } finally {
    client.destroy();
    server.close();
  }
}

const refusal = (name: string): Answer => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name },
});

test('a backup is made under a name, and listed over all pages, newest first', async () => {
  const summary = (at: number) => ({
    ...details,
    BackupName: `at${at}`,
    BackupCreationDateTime: at,
    BackupSizeBytes: 7,
  });
  const answers = ({ action, body }: Asked): Answer => {
    if (action === 'CreateBackup') return { body: { BackupDetails: { ...details, BackupCreationDateTime: 5 } } };
    if (body.ExclusiveStartBackupArn) return { body: { BackupSummaries: [summary(9)] } };
    return { body: { BackupSummaries: [summary(5)], LastEvaluatedBackupArn: ARN } };
  };
  await withDynamo(answers, async (backups, seen) => {
    assert.deepEqual(await backups.make('b'), { id: ARN, name: 'b', at: 5000, bytes: 0, status: 'making' });
    assert.deepEqual(seen[0], { action: 'CreateBackup', body: { TableName: 'nova-t', BackupName: 'b' } });
    assert.deepEqual(
      (await backups.list()).map(({ name }) => name),
      ['at9', 'at5'],
    );
  });
});

test('a restore goes to a new table, from a backup or from an instant, and never to the live one', async () => {
  await withDynamo(
    () => ({ body: {} }),
    async (backups, seen) => {
      await backups.restore({ id: ARN }, 'nova-t-restored');
      await backups.restore({ at: Date.UTC(2026, 10, 20, 8) }, 'nova-t-restored');
      assert.deepEqual(
        seen.map(({ action }) => action),
        ['RestoreTableFromBackup', 'RestoreTableToPointInTime'],
      );
      assert.deepEqual(seen[0]?.body, { BackupArn: ARN, TargetTableName: 'nova-t-restored' });
      assert.deepEqual(seen[1]?.body.SourceTableName, 'nova-t');
      assert.equal(seen[1]?.body.RestoreDateTime, Date.UTC(2026, 10, 20, 8) / 1000);
      await assert.rejects(backups.restore({ id: ARN }, 'nova-t'), { code: 'bad_input' });
      assert.equal(seen.length, 2, 'nothing was asked for the live table');
    },
  );
});

test('which seconds can be restored is told, and a table that is being filled is not opened', async () => {
  const answers = ({ action }: Asked): Answer =>
    action === 'DescribeTable'
      ? { body: { Table: { TableStatus: 'CREATING' } } }
      : {
          body: {
            ContinuousBackupsDescription: {
              ContinuousBackupsStatus: 'ENABLED',
              PointInTimeRecoveryDescription: { EarliestRestorableDateTime: 100, LatestRestorableDateTime: 200 },
            },
          },
        };
  await withDynamo(answers, async (backups) => {
    assert.deepEqual(await backups.span(), { from: 100_000, to: 200_000 });
    assert.equal(await backups.open('nova-t-restored'), null);
  });
});

for (const [name, code] of [
  ['TableAlreadyExistsException', 'conflict'],
  ['BackupNotFoundException', 'not_found'],
  ['InvalidRestoreTimeException', 'bad_input'],
  ['InternalServerError', 'unavailable'],
]) {
  test(`${name} is told as ${code}`, async () => {
    await withDynamo(
      () => refusal(name ?? ''),
      (backups) => assert.rejects(backups.restore({ id: ARN }, 'nova-t-2'), { name: 'NovaError', code }),
    );
  });
}
