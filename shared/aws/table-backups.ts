/** Backups of the table as DynamoDB keeps them: on demand, and of every second of the last 35 days. */
import {
  type BackupSummary,
  CreateBackupCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListBackupsCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { messageOf, NovaError } from '../domain/error.ts';
import type { TableBackup, TableBackups } from '../ports/admin.ts';
import type { Table } from '../ports/table.ts';
import { tableMarks } from './table-marks.ts';

type Options = {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  tableOf(name: string): Table;
};

export function tableBackups({ client, tableName, tableOf }: Options): TableBackups {
  return {
    async make(name) {
      const command = new CreateBackupCommand({ TableName: tableName, BackupName: name });
      const { BackupDetails } = await asked('make a backup', () => client.send(command));
      return backupOf(BackupDetails ?? {});
    },
    async list() {
      const found: TableBackup[] = [];
      let ExclusiveStartBackupArn: string | undefined;
      do {
        const command = new ListBackupsCommand({
          TableName: tableName,
          ...(ExclusiveStartBackupArn && { ExclusiveStartBackupArn }),
        });
        const page = await asked('list backups', () => client.send(command));
        found.push(...(page.BackupSummaries ?? []).map(backupOf));
        ExclusiveStartBackupArn = page.LastEvaluatedBackupArn;
      } while (ExclusiveStartBackupArn);
      return found.sort((a, b) => b.at - a.at);
    },
    async span() {
      const command = new DescribeContinuousBackupsCommand({ TableName: tableName });
      const { ContinuousBackupsDescription: said } = await asked('describe backups', () => client.send(command));
      const recovery = said?.PointInTimeRecoveryDescription;
      const [from, to] = [recovery?.EarliestRestorableDateTime, recovery?.LatestRestorableDateTime];
      return from && to ? { from: from.getTime(), to: to.getTime() } : null;
    },
    async restore(from, toTable) {
      if (toTable === tableName)
        throw new NovaError('bad_input', `a backup is restored to a table of its own; got the live one, ${tableName}`);
      await asked('restore', async () => {
        if ('id' in from) {
          await client.send(new RestoreTableFromBackupCommand({ BackupArn: from.id, TargetTableName: toTable }));
          return;
        }
        const source = { SourceTableName: tableName, RestoreDateTime: new Date(from.at) };
        await client.send(new RestoreTableToPointInTimeCommand({ ...source, TargetTableName: toTable }));
      });
    },
    async open(table) {
      const { Table: said } = await asked('look at the table', () =>
        client.send(new DescribeTableCommand({ TableName: table })),
      );
      return said?.TableStatus === 'ACTIVE' ? tableOf(table) : null;
    },
    marks: (table) => tableMarks(client, table),
    async protect(table) {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      await asked('protect the table', async () => {
        await client.send(new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification }));
        await client.send(new UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: true }));
      });
    },
  };
}

const STATUS = { CREATING: 'making', AVAILABLE: 'ready', DELETED: 'gone' } as const;

function backupOf(said: BackupSummary): TableBackup {
  return {
    id: said.BackupArn ?? '',
    name: said.BackupName ?? '',
    at: said.BackupCreationDateTime?.getTime() ?? 0,
    bytes: said.BackupSizeBytes ?? 0,
    status: STATUS[said.BackupStatus ?? 'CREATING'],
  };
}

const CODES = {
  TableNotFoundException: 'not_found',
  ResourceNotFoundException: 'not_found',
  BackupNotFoundException: 'not_found',
  TableAlreadyExistsException: 'conflict',
  TableInUseException: 'conflict',
  BackupInUseException: 'conflict',
  InvalidRestoreTimeException: 'bad_input',
  PointInTimeRecoveryUnavailableException: 'not_found',
  ValidationException: 'bad_input',
  AccessDeniedException: 'denied',
} as const;

async function asked<R>(what: string, ask: () => Promise<R>): Promise<R> {
  try {
    return await ask();
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    const code = CODES[name as keyof typeof CODES] ?? 'unavailable';
    throw new NovaError(code, `DynamoDB could not ${what}: ${messageOf(cause)}`, { cause });
  }
}
