/** What the DynamoDB table makes of throttling, conflicts and lost answers, on a real local DynamoDB. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { DEFAULT_RETRIES } from '../../shared/aws/dynamo-retry.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import type { Capacity, Op, Table } from '../../shared/ports/table.ts';
import { dummyAws, dynoxide, type Started } from './local-aws.ts';
import { faultyClient, type SdkFault, type SdkPlan } from './sdk-faults.ts';

describe('the table in DynamoDB, when things go wrong', { skip: dynoxide.missing ?? false }, () => {
  let started: Started;
  let used = 0;
  before(async () => {
    dummyAws();
    started = await dynoxide.start();
    process.env.AWS_ENDPOINT_URL_DYNAMODB = started.endpoint;
    await ensureTable(dynamoDbClient(), 'nova-faults');
  });
  after(() => started.stop());

  type Faulty = { table: Table; plain: Table; waits: number[]; requests(): number; key: { pk: string; sk: string } };
  const faulty = (plan: SdkPlan): Faulty => {
    const client = dynamoDbClient();
    const { requests } = faultyClient(client, plan);
    const waits: number[] = [];
    const wait = async (ms: number): Promise<void> => void waits.push(ms);
    const retries = { ...DEFAULT_RETRIES, fraction: () => 1, wait };
    const table = dynamoTable({ client, tableName: 'nova-faults', retries });
    const plain = dynamoTable({ client: dynamoDbClient(), tableName: 'nova-faults' });
    return { table, plain, waits, requests, key: { pk: `P${++used}`, sk: 'a' } };
  };
  const first =
    (times: number, fault: SdkFault): SdkPlan =>
    (_, count) =>
      count <= times ? fault : null;

  for (const fault of ['throttled', 'conflict'] as const) {
    it(`tries again when ${fault}, waiting longer each time, and does it once`, async () => {
      const write = faulty(first(3, fault));
      const add = { op: 'update', key: write.key, add: { n: 1 } } as const;
      assert.deepEqual(await write.table.write(add), { ok: true, item: { ...write.key, n: 1 } });
      assert.deepEqual([write.waits, write.requests()], [[20, 40, 80], 4]);

      const many = faulty(first(2, fault));
      const ops: Op[] = [
        { ...add, key: many.key },
        { op: 'put', item: { pk: many.key.pk, sk: 'b' } },
      ];
      assert.deepEqual(await many.table.transact(ops), { ok: true });
      assert.deepEqual(await many.plain.get(many.key), { ...many.key, n: 1 });

      const read = faulty(first(2, fault));
      assert.equal(await read.table.get(read.key), null);
    });

    it(`gives up in the end when ${fault} for ever, having changed nothing`, async () => {
      const { table, plain, key, requests, waits } = faulty(() => fault);
      await assert.rejects(table.write({ op: 'update', key, add: { n: 1 } }), { code: 'unavailable' });
      assert.equal(requests(), DEFAULT_RETRIES.tries);
      assert.equal(Math.max(...waits), DEFAULT_RETRIES.maxDelayMs);
      await assert.rejects(table.transact([{ op: 'put', item: key }]), { code: 'unavailable' });
      assert.equal(await plain.get(key), null);
    });
  }

  it('does not repeat an unconditional sum whose answer was lost: it may have happened, once', async () => {
    const { table, plain, key } = faulty(first(1, 'lost'));
    await assert.rejects(table.write({ op: 'update', key, add: { n: 1 } }), { code: 'unavailable' });
    assert.equal((await plain.get(key))?.n, 1);
  });

  it('shows the writer its own image when the answer to a conditional write was lost', async () => {
    const { table, key } = faulty(first(1, 'lost'));
    const item = { ...key, holder: 'me' };
    const result = await table.write({ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] });
    assert.deepEqual(result, { ok: false, item });
  });

  it('repeats a transaction whose answer was lost as the same one', async () => {
    const { table, plain, key, requests } = faulty(first(1, 'lost'));
    const marker: Op = { op: 'put', item: { pk: key.pk, sk: 'marker' }, if: [{ attr: 'pk', op: 'missing' }] };
    assert.deepEqual(await table.transact([{ op: 'update', key, add: { n: 1 } }, marker]), { ok: true });
    assert.deepEqual([(await plain.get(key))?.n, requests()], [1, 2]);
  });

  it('repeats reads and plain writes that got no answer, three times at most', async () => {
    const read = faulty(first(2, 'down'));
    assert.equal(await read.table.get(read.key), null);
    assert.equal((await faulty(first(2, 'down')).table.query({ pk: read.key.pk })).cursor, null);
    const put = faulty(first(2, 'down'));
    assert.equal((await put.table.write({ op: 'put', item: put.key })).ok, true);
    const dead = faulty(() => 'down');
    await assert.rejects(dead.table.get(dead.key), { code: 'unavailable' });
    assert.equal(dead.requests(), DEFAULT_RETRIES.unclearTries);
  });

  it('says at once that it is misconfigured when it may not, or when there is no such table', async () => {
    const { table, key, requests } = faulty(() => 'denied');
    await assert.rejects(table.get(key), { code: 'misconfigured' });
    assert.equal(requests(), 1);
    const nowhere = dynamoTable({ client: dynamoDbClient(), tableName: 'nova-nowhere' });
    await assert.rejects(nowhere.write({ op: 'put', item: key }), { code: 'misconfigured' });
  });

  it('counts requests and the units they cost', async () => {
    const capacity: Capacity = { readUnits: 0, writeUnits: 0, requests: 0 };
    const table = dynamoTable({ client: dynamoDbClient(), tableName: 'nova-faults', capacity });
    const key = { pk: `P${++used}`, sk: 'a' };
    const counted = async (ask: () => Promise<unknown>): Promise<Capacity> => {
      const { readUnits, writeUnits, requests } = { ...capacity };
      await ask();
      return {
        readUnits: capacity.readUnits - readUnits,
        writeUnits: capacity.writeUnits - writeUnits,
        requests: capacity.requests - requests,
      };
    };
    const item = { ...key, text: 'x'.repeat(1500) };
    assert.deepEqual(await counted(() => table.write({ op: 'put', item })), {
      readUnits: 0,
      writeUnits: 2,
      requests: 1,
    });
    assert.deepEqual(await counted(() => table.get(key)), { readUnits: 1, writeUnits: 0, requests: 1 });
    const refused = () => table.write({ op: 'delete', key, if: [{ attr: 'pk', op: 'missing' }] });
    assert.deepEqual(await counted(refused), { readUnits: 0, writeUnits: 1, requests: 1 });
    const two = [1, 2].map((n): Op => ({ op: 'put', item: { pk: key.pk, sk: `${n}` } }));
    assert.deepEqual(await counted(() => table.transact(two)), { readUnits: 0, writeUnits: 4, requests: 1 });
  });
});
