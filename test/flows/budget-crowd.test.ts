/** Ten thousand reservations against five dollars: not a micro-dollar too much, nothing left held, nobody refused early. */
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
import type { Table } from '../../shared/ports/table.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { Books } from '../simulation/books.ts';
import { SimTable } from '../simulation/sim-table.ts';
import { openRace, type Race, resultOf } from './race-world.ts';

const HOLD = usdToMicros('0.10');
const CAP = usdToMicros('5.00');
const SPENDS = CAP / HOLD;

type Crowd = { readonly agents: number; readonly instances: number; readonly ticks: number };

/** Every instance works off its own ticks, all instances at once. */
async function rush(table: Table, { ticks, ...entrants }: Crowd): Promise<Race> {
  const race = await openRace(table, { ...entrants, holdMicros: HOLD });
  await race.limit('fleet', CAP);
  const numbers = Array.from({ length: entrants.instances }, (_, number) => number);
  const chain = async (agentId: string, number: number): Promise<void> => {
    for (let k = 0; k < ticks; k++) {
      const tick = race.nextTick(agentId, number);
      for (let tries = 0; !(await race.deliver(tick).catch(() => false)); tries++) assert.ok(tries < 100, 'never ends');
    }
  };
  await Promise.all(race.agentIds.flatMap((agentId) => numbers.map((number) => chain(agentId, number))));
  return race;
}

/** Exactly what fits was spent; the rest refused; no instance holds or keeps anything. */
async function checkCrowd(race: Race, reservations: number): Promise<void> {
  assert.deepEqual(await resultOf(race), { spent: SPENDS, refused: reservations - SPENDS, micros: CAP });
  for (const { run, slice, agentId, number } of await listFleet(race.table)) {
    assert.equal(run, null, `${agentId}#${number} is still leased`);
    assert.equal(slice.availableMicros, 0, `${agentId}#${number} keeps money that others were refused for`);
  }
}

const TEN_THOUSAND: Crowd = { agents: 60, instances: 5, ticks: 34 };
const COUNT = TEN_THOUSAND.agents * TEN_THOUSAND.instances * TEN_THOUSAND.ticks;

test(`${COUNT} reservations in memory: each refusal is just at the moment of its write`, async () => {
  const table = new SimTable();
  const books = new Books(new Map(), () => ({ usd: HOLD, tokens: 0, runs: 1, seconds: 60 }));
  table.onCommit = (changes) => books.commit(changes);
  const observed: Table = {
    get: async (key) => table.get(key),
    query: async (query) => table.query(query),
    write: async (op) => table.write(op),
    transact: async (ops) => table.transact(ops),
  };
  await checkCrowd(await rush(observed, TEN_THOUSAND), COUNT);
  assert.equal(books.problem, null);
  assert.equal(books.refused, COUNT - SPENDS);
});

test('1000 runs of ten cents against five dollars: fifty spend', async () => {
  await checkCrowd(await rush(mapTable(), { agents: 50, instances: 1, ticks: 20 }), 1_000);
});

test(`${COUNT} reservations on SQLite`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-crowd-'));
  const db = openSqliteDb({ path: join(folder, 'nova.sqlite'), synchronous: 'NORMAL' });
  try {
    await checkCrowd(await rush(sqliteTable(db), TEN_THOUSAND), COUNT);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});

test('1000 reservations on DynamoDB', { skip: dynoxide.missing ?? false }, async () => {
  dummyAws();
  const { endpoint, stop } = await dynoxide.start();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
  const client = dynamoDbClient();
  try {
    await ensureTable(client, 'nova-crowd');
    const table = dynamoTable({ client, tableName: 'nova-crowd' });
    await checkCrowd(await rush(table, { agents: 25, instances: 1, ticks: 40 }), 1_000);
  } finally {
    client.destroy();
    await stop();
  }
});
