/** The bus through the real SDK client: what is put arrives as it was, what the bus refuses is an error, and nothing hides. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ListRulesCommand, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type ApiServer, startAwsApis } from '../../infra/local/aws-apis/api-server.ts';
import { eventsApi } from '../../infra/local/aws-apis/events-api.ts';
import { eventBridgeClient } from '../../shared/aws/clients/eventbridge.ts';
import { eventBridgeEvents } from '../../shared/aws/eventbridge-events.ts';
import { fateOf, NovaError } from '../../shared/domain/error.ts';
import type { DomainEvent } from '../../shared/wire/events.ts';
import { dummyAws } from '../contract/local-aws.ts';

const BUS = 'nova-test';
let arrived: DomainEvent[] = [];
let fails: Error | null = null;
let server: ApiServer;
const clients: { destroy(): void }[] = [];

before(async () => {
  const put = async (event: DomainEvent): Promise<void> => {
    if (fails) throw fails;
    arrived.push(event);
  };
  server = await startAwsApis([eventsApi(BUS, { put })]);
  dummyAws();
  process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = server.url;
  process.env.AWS_MAX_ATTEMPTS = '1';
});
beforeEach(() => {
  arrived = [];
  fails = null;
});
after(async () => {
  for (const client of clients) client.destroy();
  await server.stop();
});

const client = () => {
  const made = eventBridgeClient();
  clients.push(made);
  return made;
};
const changed = (version = 3, id = 'agent.changed:ä:3'): DomainEvent => ({
  ...{ v: 1, id, type: 'agent.changed', stage: 'test', at: '2026-11-20T08:00:00.123Z' },
  detail: { agentId: 'ä', status: 'paused', pauseReason: 'decision', instances: 2, version },
});
const codeOf = (thrown: unknown): string => (thrown instanceof NovaError ? thrown.code : `${thrown}`);

test('an event arrives as it was put, and again when it is put again: whoever listens knows it by its id', async () => {
  const bus = eventBridgeEvents(client(), BUS);
  await bus.put(changed());
  await bus.put(changed());
  assert.deepEqual(arrived, [changed(), changed()]);
});

test('what AWS sees of an event is the bus, our source, its type, its time and the whole of it', async () => {
  const seen: object[] = [];
  const spy = client();
  spy.middlewareStack.add(
    (next) => async (args) => {
      seen.push(args.input as object);
      return next(args);
    },
    { step: 'initialize' },
  );
  await eventBridgeEvents(spy, BUS).put(changed());
  const event = changed();
  assert.deepEqual(seen, [
    {
      Entries: [
        {
          ...{ EventBusName: BUS, Source: 'nova', DetailType: 'agent.changed', Detail: JSON.stringify(event) },
          Time: new Date(event.at),
        },
      ],
    },
  ]);
});

test('a request that is taken while its entry is not is an error that may be tried again', async () => {
  const other = eventBridgeEvents(client(), 'nova-other');
  await assert.rejects(other.put(changed()), (thrown: unknown) => {
    assert.equal(codeOf(thrown), 'unavailable');
    assert.match(String((thrown as Error).message), /ResourceNotFoundException/);
    assert.equal(fateOf(thrown).retry !== 'never', true);
    return true;
  });
  fails = new Error('the listener broke');
  await assert.rejects(eventBridgeEvents(client(), BUS).put(changed()), /the bus refused an event: MalformedDetail/);
  assert.deepEqual(arrived, []);
});

test('the stand-in refuses what is no event of ours, and takes the others of the same request', async () => {
  const entry = (change: object) => ({
    ...{ EventBusName: BUS, Source: 'nova', DetailType: 'agent.changed', Detail: JSON.stringify(changed()) },
    ...change,
  });
  const { FailedEntryCount, Entries = [] } = await client().send(
    new PutEventsCommand({
      Entries: [entry({}), entry({ Source: 'aws.ecs' }), entry({ DetailType: 'other' }), entry({ Detail: '{' })],
    }),
  );
  assert.equal(FailedEntryCount, 3);
  assert.deepEqual(
    Entries.map(({ EventId, ErrorCode }) => ErrorCode ?? EventId),
    [changed().id, 'MalformedDetail', 'MalformedDetail', 'MalformedDetail'],
  );
  assert.equal(arrived.length, 1);
});

test('the stand-in has the limits of AWS: ten entries, 256 KB, and no operation that it does not imitate', async () => {
  const entries = (count: number, Detail: string) =>
    Array.from({ length: count }, () => ({ EventBusName: BUS, Source: 'nova', DetailType: 'agent.changed', Detail }));
  const put = (Entries: ReturnType<typeof entries>) => client().send(new PutEventsCommand({ Entries }));
  const { FailedEntryCount } = await put(entries(10, JSON.stringify(changed())));
  assert.equal(FailedEntryCount, 0);
  await assert.rejects(put(entries(11, JSON.stringify(changed()))), { name: 'ValidationException' });
  await assert.rejects(put(entries(0, '')), { name: 'ValidationException' });
  await assert.rejects(put(entries(1, `"${'x'.repeat(262_144)}"`)), { name: 'ValidationException' });
  await assert.rejects(client().send(new ListRulesCommand({})), { name: 'UnknownOperationException' });
});

test('a bus that cannot be reached is an error, and no silence', async () => {
  const gone = await startAwsApis([]);
  await gone.stop();
  process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = gone.url;
  try {
    await assert.rejects(eventBridgeEvents(client(), BUS).put(changed()), (thrown: unknown) => {
      assert.notEqual(fateOf(thrown).retry, 'never');
      return true;
    });
  } finally {
    process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = server.url;
  }
});
