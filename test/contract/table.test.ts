/** One suite, every table there is on this machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Table } from '../../shared/ports/table.ts';
import { dummyAws, dynamoDbLocal, dynoxide, type Stand } from './local-aws.ts';
import { changeSuite, conditionSuite, type Given, type Subject } from './table.suite.ts';
import { limitSuite } from './table-limits.suite.ts';
import { modelSuite } from './table-model.suite.ts';
import { indexSuite, querySuite } from './table-query.suite.ts';
import { racingSuite } from './table-racing.suite.ts';
import { transactSuite, writeSuite } from './table-write.suite.ts';

export type Opened = { readonly table: Table; close(): Promise<void> };

function openMemory(): Promise<Opened> {
  return Promise.resolve({ table: mapTable(), close: async () => undefined });
}

async function openSqlite(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-table-'));
  const db = openSqliteDb({ path: join(folder, 'nova.sqlite') });
  const close = async (): Promise<void> => {
    db.close();
    rmSync(folder, { recursive: true });
  };
  return { table: sqliteTable(db), close };
}

const openDynamo = (stand: Stand) => async (): Promise<Opened> => {
  dummyAws();
  const { endpoint, stop } = await stand.start();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
  const client = dynamoDbClient();
  await ensureTable(client, 'nova-test');
  const close = async (): Promise<void> => {
    client.destroy();
    await stop();
  };
  return { table: dynamoTable({ client, tableName: 'nova-test' }), close };
};

const tables: readonly { name: string; skip: string | false; open: () => Promise<Opened> }[] = [
  { name: 'memory', skip: false, open: openMemory },
  { name: 'SQLite', skip: false, open: openSqlite },
  ...[dynoxide, dynamoDbLocal].map((stand) => ({
    name: stand.name,
    skip: stand.missing ?? (false as const),
    open: openDynamo(stand),
  })),
];

for (const { name, skip, open } of tables) {
  describe(`the table in ${name}`, { skip }, () => {
    let opened: Opened;
    let used = 0;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());
    const get: Given = (): Subject => ({ table: opened.table, pk: () => `P#${++used}` });
    for (const suite of [conditionSuite, changeSuite, writeSuite, transactSuite, querySuite, indexSuite]) suite(get);
    for (const suite of [limitSuite, racingSuite]) suite(get);
    // The table in memory is what the others are compared with.
    if (open !== openMemory) modelSuite(get);
  });
}
