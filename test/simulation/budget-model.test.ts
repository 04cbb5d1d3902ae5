/**
 * The budget properties P1 to P23, and where each is asserted. "books" is the second book-keeping of the simulation, which
 * checks every commit of every history; "model" is this file: random commands, one after another, against a model that
 * knows nothing but what was charged when.
 *
 * P1  true cost ≤ limit at all times ........................ books (per commit), model, flows/budget-crowd
 * P2  available ≥ 0 unless a limit was lowered or came late .. books (nothing grows beyond a limit), model
 * P3  available + held + sent + forfeit + settled = limit .... books, model (exactly, per line and period)
 * P4  each reservation resolves once ........................ books (a slot is closed once)
 * P5  settled ≤ reserved .................................... books (record ≥ provider), model
 * P6  the provider is called once per call .................. books (run and call number)
 * P7  the order of settling changes nothing ................. model, below
 * P8  a duplicate delivery changes nothing .................. model (every tick is delivered twice), books
 * P9  no spend after a kill, calls sent before excepted ..... books (no mark on a retired instance), model
 * P10 no spend when a limit is unreadable ................... model, below
 * P11 a parent holds at least what its children have ........ model
 * P12 settling touches the periods that were claimed in ..... books (a rest goes home), model
 * P13 two periods never share spend ......................... books, model
 * P14 another zone gives no second allowance ................ domain/calendar, functions/limits, books
 * P15 lowering a limit never raises what is available ....... model
 * P16 after quiescence nothing is held ...................... history (its end), model
 * P17 forfeits ≤ crashes after a mark ....................... model
 * P18 replaying the audit trail rebuilds the limits ......... model, below
 * P19 the audit chain verifies .............................. model, below; domain/audit
 * P20 Σ cost of runs = Σ cost of the books .................. model; flows/exact-books
 * P21 money is exact for all exponents ...................... domain/currency, domain/ledger
 * P22 all tables answer alike ............................... contract/table-model; here memory and DynamoDB
 * P23 kill −9 at any write .................................. flows/crash-embedded, contract/sqlite-crash
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Table } from '../../shared/ports/table.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { verifyEntity } from '../../shared/store/audit-verify.ts';
import { getLimit, limitKeyOf } from '../../shared/store/budget-store.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { CENTS, commands, openStage } from './budget-commands.ts';

const RUNS = Number(process.env.NOVA_MODELS ?? 60);

async function playCommands(table: () => Table, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(commands, async (some) => {
      const stage = await openStage(table());
      await fc.asyncModelRun(() => ({ model: stage.model, real: stage }), some);
      await stage.quiesce();
      await stage.check();
    }),
    { numRuns, endOnFailure: true },
  );
}

test(`random commands on the table in memory agree with the model, ${RUNS} times`, async () => {
  await playCommands(mapTable, RUNS);
});

test('random commands on DynamoDB agree with the model', { skip: dynoxide.missing ?? false }, async () => {
  dummyAws();
  const { endpoint, stop } = await dynoxide.start();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
  const client = dynamoDbClient();
  let tables = 0;
  try {
    const names = Array.from({ length: 6 }, (_, n) => `nova-model-${n}`);
    for (const name of names) await ensureTable(client, name);
    await playCommands(() => dynamoTable({ client, tableName: names[tables++ % names.length] ?? '' }), names.length);
  } finally {
    client.destroy();
    await stop();
  }
});

const fleetDay = { scope: 'fleet', kind: 'usd', per: 'day' } as const;

test('P7: whoever settles first, the budgets end the same', async () => {
  const ends = [];
  for (const order of [
    ['ada', 'bob', 'cyd'],
    ['cyd', 'bob', 'ada'],
    ['bob', 'cyd', 'ada'],
  ]) {
    const stage = await openStage(mapTable());
    await stage.limit(fleetDay, 30);
    for (const [at, agentId] of order.entries()) await stage.run(agentId, { cents: 3 + at * 2 });
    await stage.quiesce();
    ends.push(await stage.used(fleetDay));
  }
  assert.deepEqual(new Set(ends), new Set([15 * CENTS]));
});

test('P10: nothing is spent while a limit cannot be read', async () => {
  const stage = await openStage(mapTable());
  await stage.table.write({ op: 'update', key: limitKeyOf('agent:ada'), set: { limit: 'a lot', version: 1 } });
  await assert.rejects(stage.run('ada', { cents: 5 }));
  assert.equal(stage.model.calls, 0);
});

test('P18, P19: the audit trail verifies, and its last word on every limit is the limit', async () => {
  const stage = await openStage(mapTable());
  for (const cents of [40, 20, 70]) await stage.limit(fleetDay, cents);
  await stage.limit({ scope: 'agent:ada', kind: 'runs', per: 'week' }, 9);
  const chain = await auditChain(stage.table, 'budget:fleet');
  const told = chain.map(({ bytes }) => {
    const { details } = JSON.parse(bytes) as { details: { fromMicros: number; toMicros: number } };
    return [details.fromMicros, details.toMicros];
  });
  for (const [at, [, to]] of told.slice(0, -1).entries()) assert.equal(told[at + 1]?.[0], to);
  assert.equal(told.at(-1)?.[1], (await getLimit(stage.table, 'fleet')).limitMicros);
  for (const entity of ['budget:fleet', 'budget:agent:ada#runs-week'])
    assert.equal((await verifyEntity(stage.world, entity)).fault, null);
});
