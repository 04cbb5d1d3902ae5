/**
 * DynamoDB units of a run: the jobs over the real dynamo-table against a local DynamoDB, with the queues and the clock
 * of the memory engine. Every request takes so long on that clock, so that runs cost what they would on AWS.
 */
import { memoryEngine } from '../../infra/local/memory.ts';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { computeMicros } from '../../shared/domain/protocol/cost.ts';
import type { Capacity, Table } from '../../shared/ports/table.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { deployFleet, type Kind, placesOf, type Size } from './fleet.ts';
import { watchedTable } from './watched-table.ts';

export type UnitRow = {
  readonly what: string;
  readonly runs: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly transactions: number;
};

export type UnitBench = {
  /** So many runs of one instance, `everySeconds` apart; per run. @throws Error when one is not recorded as succeeded. */
  measure(kind: Kind, options: { readonly runs: number; readonly everySeconds: number }): Promise<UnitRow>;
  close(): Promise<void>;
};

/** Why it cannot be measured here; null when it can. */
export const unitsMissing: string | null = dynoxide.missing;

const SIZE: Size = { agentsOfAKind: 2, instances: 1 };
const REQUEST_MS = 4;
/** arm64 at 512 MB, nano-USD per second. */
const COMPUTE_NANOS_PER_SECOND = 6_667;

export async function openUnitBench(): Promise<UnitBench> {
  dummyAws();
  const { endpoint, stop } = await dynoxide.start();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
  const client = dynamoDbClient();
  await ensureTable(client, 'nova-bench');
  const capacity: Capacity = { readUnits: 0, writeUnits: 0, requests: 0 };
  let succeeded = 0;
  const { table, calls } = watchedTable(dynamoTable({ client, tableName: 'nova-bench', capacity }), ({ outcome }) => {
    if (outcome === 'succeeded') succeeded++;
  });
  const settings = { computeNanosPerSecond: COMPUTE_NANOS_PER_SECOND };
  const clock = { advance: (_ms: number): void => undefined };
  const engine = await memoryEngine({ settings, wrap: () => slow(table, clock) });
  clock.advance = engine.clock.advance;
  await deployFleet(engine.world, SIZE, computeMicros(60_000, COMPUTE_NANOS_PER_SECOND));
  await engine.drain();
  return {
    async measure(kind, { runs, everySeconds }) {
      const [place = { agentId: '', instance: 0 }] = placesOf(kind, SIZE);
      const before = { ...capacity, ...calls, succeeded };
      for (let run = 0; run < runs; run++) {
        engine.clock.advance(everySeconds * 1000);
        const scheduledFor = new Date(engine.clock.now()).toISOString();
        await engine.world.runs.send({ v: 1, kind: 'tick', ...place, scheduledFor });
        await engine.drain();
      }
      if (succeeded - before.succeeded !== runs)
        throw new Error(`${succeeded - before.succeeded} of ${runs} succeeded`);
      return {
        what: `${kind}, every ${everySeconds} s`,
        runs,
        writeUnits: (capacity.writeUnits - before.writeUnits) / runs,
        readUnits: (capacity.readUnits - before.readUnits) / runs,
        transactions: (calls.transactions - before.transactions) / runs,
      };
    },
    async close() {
      client.destroy();
      await stop();
    },
  };
}

/** Every answer of the table takes its time on the clock. */
function slow(table: Table, clock: { advance(ms: number): void }): Table {
  const late = async <T>(answer: Promise<T>): Promise<T> => {
    const value = await answer;
    clock.advance(REQUEST_MS);
    return value;
  };
  return {
    get: (key) => late(table.get(key)),
    query: (query) => late(table.query(query)),
    write: (op) => late(table.write(op)),
    transact: (ops) => late(table.transact(ops)),
  };
}
