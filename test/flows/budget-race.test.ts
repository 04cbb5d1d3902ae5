/** Fifty runs of ten cents at once against one dollar: exactly ten spend, whoever comes first, on every table. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { usdToMicros } from '../../shared/domain/money.ts';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { ATTACKS, deliverAll, interleave, openRace, resultOf } from './race-world.ts';

const RACES = Number(process.env.NOVA_RACES ?? 12);
const SEED = Number(process.env.NOVA_SEED ?? 1);
const HOLD = usdToMicros('0.10');
const TEN_SPEND = { spent: 10, refused: 40, micros: usdToMicros('1.00') };

for (const { name, scope, ...entrants } of ATTACKS) {
  test(`${name}: exactly ten of fifty spend, in ${RACES} interleavings from seed ${SEED}`, async () => {
    for (let seed = SEED; seed < SEED + RACES; seed++) {
      const race = await openRace(mapTable(), { ...entrants, holdMicros: HOLD });
      await race.limit(scope, usdToMicros('1.00'));
      await interleave(race, race.nextTicks(), seed);
      assert.deepEqual(await resultOf(race), TEN_SPEND, `seed ${seed}`);
    }
  });

  test(`${name}: exactly ten of fifty spend, on SQLite`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-race-'));
    const db = openSqliteDb({ path: join(folder, 'nova.sqlite'), synchronous: 'NORMAL' });
    try {
      const race = await openRace(sqliteTable(db), { ...entrants, holdMicros: HOLD });
      await race.limit(scope, usdToMicros('1.00'));
      await deliverAll(race, race.nextTicks());
      assert.deepEqual(await resultOf(race), TEN_SPEND);
    } finally {
      db.close();
      rmSync(folder, { recursive: true });
    }
  });

  test(`${name}: exactly ten of fifty spend, on DynamoDB`, { skip: dynoxide.missing ?? false }, async () => {
    dummyAws();
    const { endpoint, stop } = await dynoxide.start();
    process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
    const client = dynamoDbClient();
    try {
      await ensureTable(client, 'nova-race');
      const race = await openRace(dynamoTable({ client, tableName: 'nova-race' }), { ...entrants, holdMicros: HOLD });
      await race.limit(scope, usdToMicros('1.00'));
      await deliverAll(race, race.nextTicks());
      assert.deepEqual(await resultOf(race), TEN_SPEND);
    } finally {
      client.destroy();
      await stop();
    }
  });
}
