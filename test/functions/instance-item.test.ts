/** The instance item is written twice a run and billed by the kilobyte: it must stay below one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { JOURNAL_RECORDS, RECENT_SLOTS } from '../../shared/domain/instance.ts';
import { TOKEN_KINDS, tokenItem } from '../../shared/domain/price-table.ts';
import { platformUsage } from '../../shared/domain/protocol/cost.ts';
import { feeItem } from '../../shared/domain/receipt.ts';
import type { RunUsage } from '../../shared/domain/receipt-code.ts';
import { MAX_NOTE, manualSlot, type RunRecord, tickSlot } from '../../shared/domain/run.ts';
import { itemBytes } from '../../shared/domain/table/values.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Item, Value } from '../../shared/ports/table.ts';
import {
  decodeInstance,
  encodeRecord,
  encodeSlowed,
  encodeTally,
  encodeTries,
  newInstanceItem,
} from '../../shared/store/instance-item.ts';
import { getInstance } from '../../shared/store/instance-store.ts';
import { INSTANCE_BYTES, LIMIT_BYTES, withReceipt } from '../../shared/store/receipt-store.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { openRace } from '../flows/race-world.ts';

const ONE_UNIT = 1024;
const NOW = Date.UTC(2026, 10, 20, 12, 34, 56, 789);
const ULID = '01m7wdtq56k7sr21nydnc2yedg';
/** As blueprints sum themselves up: "3 new prices found, 2 sponsors contacted". */
const USUAL_NOTE = 40;

type Shape = {
  readonly agentId: string;
  readonly note: number;
  readonly slotOf: (k: number) => string;
  /** Limits of every kind and period, and a call of a model under way. */
  readonly limited?: true;
  /** Every run asked a model and a tool, and was charged for Lambda. */
  readonly paid?: true;
  /** What each used; much of everything unless told. */
  readonly used?: RunUsage;
};

/** After 10,000 runs, in the middle of a retried one that has made paid calls, with everything an item can hold. */
function busyItem({ agentId, note, slotOf, limited, paid, used = USED }: Shape): Item {
  const tally = { runs: 287, succeeded: 262, failed: 11, crashed: 9, timedOut: 5, refused: 37 };
  const day = { ...tally, costMicros: 28_711_034, earnedMicros: 41_231_877, profitSquares: 1_312_345 };
  const total = {
    ...{ runs: 10_234, succeeded: 9_534, failed: 437, crashed: 211, timedOut: 52, refused: 1_431 },
    ...{ costMicros: 1_023_456_789, earnedMicros: 2_123_456_789, profitSquares: 123_456_789 },
  };
  const records = Array.from(
    { length: JOURNAL_RECORDS },
    (_, k): RunRecord => ({
      ...{ slot: slotOf(k), outcome: 'succeeded', attempt: 1, startedAt: NOW + k * 60_000, durationMs: 43_217 },
      ...{ costMicros: 123_457, earnedMicros: 2_345_679, note: 'n'.repeat(note) },
      prints: { input: '0a1b', outcome: 'z9y8' },
    }),
  );
  const journal = paid
    ? withReceipts(agentId, records, { used, limits: limited ? LIMITED : {} })
    : records.map(encodeRecord);
  const slot = slotOf(JOURNAL_RECORDS);
  const ticks = Array.from({ length: RECENT_SLOTS }, (_, k) => tickSlot(NOW - k * 60_000));
  return {
    ...newInstanceItem(agentId, 12, 17),
    ...{ ke: 2, f: 10_234, rev: 10_987, pe: '2026-11-20', av: 6_412_345, ex: true, hs: true, fl: NOW - 600_000 },
    ...{ rc: ticks, j: journal, d: encodeTally(day), t: encodeTally(total) },
    ...(limited ? LIMITED : {}),
    th: encodeSlowed({ kind: 'outcome', since: NOW, runs: 63, costMicros: 12_345_678 }),
    ...{
      rm: 12_345_678,
      cx: 3,
      cu: NOW + 300_000,
      pb: 2,
      tr: encodeTries({ [slot]: { attempts: 1, lostMicros: 12_345 } }),
    },
    ...{ sl: slot, ho: `${ULID}-9876`, ra: NOW, lu: NOW + 60_000, cs: 3, hd: 123_457, hl: 23_457, se: 98_765 },
  };
}

const LIMITED = {
  ...{ ls: 'drd drh dsh dtd dum dut ftd', hr: '2026-11-20T12', hx: [21_000, 1, 300], ts: 18_345 },
  ...{ at: 1_234_567, ar: 1_234, as: 123_456 },
};

const USED: RunUsage = {
  version: '2026-11-16',
  lostTokens: 0,
  usage: [
    ...TOKEN_KINDS.slice(0, 3).map((kind, k) => ({ item: tokenItem('claude-sonnet-4-5', kind), quantity: 12_345 * k })),
    { item: feeItem('search.pages'), quantity: 12_345 },
    ...platformUsage(
      { nanosPerSecond: 6667, minimumMs: 0, tailMs: 0, runMemoryMb: 512 },
      { ms: 43_217, writeUnits: 5, readUnits: 3 },
    ),
  ],
};

/** A question to a model, and its platform. */
const USUAL: RunUsage = { ...USED, usage: [...USED.usage.slice(1, 3), ...USED.usage.slice(4)] };

/** As each end would have left them, one after another. */
function withReceipts(
  agentId: string,
  records: readonly RunRecord[],
  { used, limits }: { readonly used: RunUsage; readonly limits: Readonly<Record<string, Value>> },
): string[] {
  let journal: readonly RunRecord[] = [];
  for (const record of records) {
    const image = { ...decodeInstance({ ...newInstanceItem(agentId, 12, 17), ...limits }), journal };
    journal = [...journal, withReceipt(image, record, used).record];
  }
  return journal.map(encodeRecord);
}

const tick = (k: number): string => tickSlot(NOW + k * 60_000);
const manual = (k: number): string => manualSlot(ULID, 9_870 + k);
const LONGEST_NAME = 'a'.repeat(40);

const SHAPES: readonly { what: string; shape: Shape }[] = [
  { what: 'runs by schedule, the longest name', shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: tick } },
  { what: 'runs by hand, the longest name', shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: manual } },
  { what: 'runs by schedule, the longest notes', shape: { agentId: LONGEST_NAME, note: MAX_NOTE, slotOf: tick } },
  { what: 'paid runs, the longest name', shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: tick, paid: true } },
  { what: 'paid runs by hand', shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: manual, paid: true } },
  { what: 'paid runs, the longest notes', shape: { agentId: LONGEST_NAME, note: MAX_NOTE, slotOf: tick, paid: true } },
  {
    what: 'paid runs under limits of every kind',
    shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: tick, limited: true, paid: true },
  },
  { what: 'paid runs as they mostly are', shape: { agentId: 'price-watch', note: 24, slotOf: tick, paid: true } },
];

for (const { what, shape } of SHAPES) {
  test(`${what}: after 10,000 runs, leased and retried, with a full journal, the item is at most 1,024 bytes`, (t) => {
    const bytes = itemBytes(busyItem(shape));
    t.diagnostic(`${bytes} bytes`);
    assert.ok(bytes <= ONE_UNIT, `${bytes} bytes`);
  });
}

test('what is kept free for all but the journal is enough, and no more than a little too much', () => {
  const sizeOf = (shape: Pick<Shape, 'limited'>): number =>
    itemBytes({ ...busyItem({ agentId: LONGEST_NAME, note: 0, slotOf: manual, ...shape }), j: [] }) -
    LONGEST_NAME.length;
  const basic = sizeOf({});
  assert.ok(basic <= INSTANCE_BYTES && basic > INSTANCE_BYTES - 24, `${basic} bytes`);
  const limits = sizeOf({ limited: true }) - basic - LIMITED.ls.length;
  assert.ok(limits <= LIMIT_BYTES && limits > LIMIT_BYTES - 24, `${limits} bytes`);
});

test('the receipts of usual runs are in their records', () => {
  const { j } = busyItem({ agentId: 'price-watch', note: 24, slotOf: tick, paid: true, used: USUAL });
  for (const text of j as string[]) assert.match(text, /,s\w+~-sonnet-4-5:/);
});

test('the item that is measured has every attribute that runs leave on one', async () => {
  const table = mapTable();
  const race = await openRace(table, { agents: 1, instances: 1, holdMicros: 100_000 });
  const seen = new Set<string>();
  const watching = {
    ...table,
    async write(op: Parameters<typeof table.write>[0]) {
      const result = await table.write(op);
      for (const item of table.items()) if (item.pk.startsWith('FLEET#')) for (const name in item) seen.add(name);
      return result;
    },
  };
  await race.limit('fleet', 1_000_000);
  for (let n = 0; n < 12; n++) assert.ok(await race.deliver(race.nextTick('racer-0'), watching));
  assert.equal((await getInstance(table, 'racer-0', 0))?.total.runs, 10);
  const measured = busyItem({ agentId: 'racer-0', note: USUAL_NOTE, slotOf: tick });
  assert.deepEqual(
    [...seen].filter((name) => !(name in measured)),
    [],
  );
  assert.ok(seen.has('ho') && seen.has('ex') && seen.has('j'), 'the run was seen while it was leased');
});

test('a real DynamoDB asks one write unit for it', { skip: dynoxide.missing ?? false }, async () => {
  dummyAws();
  const { endpoint, stop } = await dynoxide.start();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
  const client = dynamoDbClient();
  try {
    await ensureTable(client, 'nova-size');
    const capacity = { readUnits: 0, writeUnits: 0, requests: 0 };
    const table = dynamoTable({ client, tableName: 'nova-size', capacity });
    for (const { what, shape } of SHAPES) {
      capacity.writeUnits = 0;
      await table.write({ op: 'put', item: busyItem(shape) });
      assert.equal(capacity.writeUnits, 1, what);
    }
  } finally {
    client.destroy();
    await stop();
  }
});
