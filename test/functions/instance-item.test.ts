/** The instance item is written twice a run and billed by the kilobyte: it must stay below one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { JOURNAL_RECORDS, RECENT_SLOTS } from '../../shared/domain/instance.ts';
import { MAX_NOTE, manualSlot, tickSlot } from '../../shared/domain/run.ts';
import { itemBytes } from '../../shared/domain/table/values.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Item } from '../../shared/ports/table.ts';
import {
  encodeRecord,
  encodeSlowed,
  encodeTally,
  encodeTries,
  newInstanceItem,
} from '../../shared/store/instance-item.ts';
import { getInstance } from '../../shared/store/instance-store.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { openRace } from '../flows/race-world.ts';

const ONE_UNIT = 1024;
const NOW = Date.UTC(2026, 10, 20, 12, 34, 56, 789);
const ULID = '01m7wdtq56k7sr21nydnc2yedg';
/** As blueprints sum themselves up: "3 new prices found, 2 sponsors contacted". */
const USUAL_NOTE = 40;

type Shape = { readonly agentId: string; readonly note: number; readonly slotOf: (k: number) => string };

/** After 10,000 runs, in the middle of a retried one that has made paid calls, with everything an item can hold. */
function busyItem({ agentId, note, slotOf }: Shape): Item {
  const tally = { runs: 287, succeeded: 262, failed: 11, crashed: 9, timedOut: 5, refused: 37 };
  const day = { ...tally, costMicros: 28_711_034, earnedMicros: 41_231_877, profitSquares: 1_312_345 };
  const total = {
    ...{ runs: 10_234, succeeded: 9_534, failed: 437, crashed: 211, timedOut: 52, refused: 1_431 },
    ...{ costMicros: 1_023_456_789, earnedMicros: 2_123_456_789, profitSquares: 123_456_789 },
  };
  const journal = Array.from({ length: JOURNAL_RECORDS }, (_, k) =>
    encodeRecord({
      ...{ slot: slotOf(k), outcome: 'succeeded', attempt: 1, startedAt: NOW + k * 60_000, durationMs: 43_217 },
      ...{ costMicros: 123_457, earnedMicros: 2_345_679, note: 'n'.repeat(note) },
      prints: { input: '0a1b', outcome: 'z9y8' },
    }),
  );
  const slot = slotOf(JOURNAL_RECORDS);
  const ticks = Array.from({ length: RECENT_SLOTS }, (_, k) => tickSlot(NOW - k * 60_000));
  return {
    ...newInstanceItem(agentId, 12, 17),
    ...{ ke: 2, f: 10_234, rev: 10_987, pe: '2026-11-20', av: 6_412_345, ex: true, hs: true, fl: NOW - 600_000 },
    ...{ rc: ticks, j: journal, d: encodeTally(day), t: encodeTally(total) },
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

const tick = (k: number): string => tickSlot(NOW + k * 60_000);
const manual = (k: number): string => manualSlot(ULID, 9_870 + k);
const LONGEST_NAME = 'a'.repeat(40);

const SHAPES: readonly { what: string; shape: Shape }[] = [
  { what: 'runs by schedule, the longest name', shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: tick } },
  { what: 'runs by hand, the longest name', shape: { agentId: LONGEST_NAME, note: USUAL_NOTE, slotOf: manual } },
  { what: 'runs by schedule, the longest notes', shape: { agentId: LONGEST_NAME, note: MAX_NOTE, slotOf: tick } },
];

for (const { what, shape } of SHAPES) {
  test(`${what}: after 10,000 runs, leased and retried, with a full journal, the item is at most 1,024 bytes`, (t) => {
    const bytes = itemBytes(busyItem(shape));
    t.diagnostic(`${bytes} bytes`);
    assert.ok(bytes <= ONE_UNIT, `${bytes} bytes`);
  });
}

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
