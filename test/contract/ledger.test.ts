/** Bookings that race, on the tables that really write: what one process in memory cannot show. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';
import type { Table } from '../../shared/ports/table.ts';
import { entriesOfDays, listEarnings, verifyLedger } from '../../shared/store/ledger-days.ts';
import { recordStripeEvent } from '../../shared/store/revenue-intake.ts';
import { ledgerWorld, putAgent } from '../fixtures/ledger-world.ts';
import { given, mine, paid } from '../fixtures/shop-world.ts';
import { event, paymentIntent, text } from '../fixtures/stripe-events.ts';
import { dummyAws, dynoxide } from './local-aws.ts';

/** A refund long before its charge, then everything at once, a hundred times the same charge. */
async function raceOn(table: Table): Promise<void> {
  const world = { ...ledgerWorld(), table };
  await putAgent(table, 'shop');
  await recordStripeEvent(world, text(given('re_1', 1000)));
  const charge = text(paid());
  const intent = text(event('payment_intent.succeeded', paymentIntent({ id: 'pi_1', amount: 5000, ...mine })));
  const others = [given('re_1', 1000), given('re_2', 1500), given('re_2', 1500, { status: 'failed' })].map(text);
  const all = [...Array.from({ length: 100 }, () => charge), intent, ...others];
  await Promise.all(all.map((body) => recordStripeEvent(world, body)));
  const [shop, ...nobody] = (await listEarnings(table)).filter(({ entries }) => entries !== 0);
  assert.deepEqual(
    [shop?.agentId, shop?.revenueMicros, shop?.refundMicros, shop?.entries],
    ['shop', 50_000_000, 10_000_000, 4],
  );
  assert.deepEqual(nobody, []);
  assert.deepEqual((await verifyLedger(table)).faults, []);
  const kinds = (await entriesOfDays(table, '2026-11-20', '2026-11-20')).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'revenue').length, 1);
}

test('a hundred copies in parallel and a refund before its charge are booked once each in SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-ledger-'));
  const db = openSqliteDb({ path: join(folder, 'nova.sqlite') });
  try {
    await raceOn(sqliteTable(db));
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});

test('a hundred copies in parallel and a refund before its charge are booked once each in DynamoDB', async (t) => {
  if (dynoxide.missing !== null) return t.skip(dynoxide.missing);
  dummyAws();
  const { endpoint, stop } = await dynoxide.start();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
  const client = dynamoDbClient();
  try {
    await ensureTable(client, 'nova-ledger');
    await raceOn(dynamoTable({ client, tableName: 'nova-ledger' }));
  } finally {
    client.destroy();
    await stop();
  }
});
