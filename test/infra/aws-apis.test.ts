/** The local doors of AWS's APIs, through the real SDK clients and their real error classes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ConflictException,
  CreateScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  UpdateScheduleCommand,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { GetParameterCommand, ParameterNotFound, PutParameterCommand } from '@aws-sdk/client-ssm';
import { type ApiServer, startAwsApis } from '../../infra/local/aws-apis/api-server.ts';
import { awsFiring, schedulerApi } from '../../infra/local/aws-apis/scheduler-api.ts';
import { ssmApi } from '../../infra/local/aws-apis/ssm-api.ts';
import { ScheduleBook } from '../../infra/local/scheduler/book.ts';
import { CachedSecrets } from '../../shared/aws/cached-secrets.ts';
import { schedulerClient } from '../../shared/aws/clients/scheduler.ts';
import { ssmClient } from '../../shared/aws/clients/ssm.ts';
import { EventBridgeScheduler } from '../../shared/aws/eventbridge-scheduler.ts';
import { readParameter } from '../../shared/aws/ssm-secrets.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { dummyAws } from '../contract/local-aws.ts';

const clock = stillClock();
const parameters = new Map<string, { value: string; secure: boolean }>();
let reads = 0;
let server: ApiServer;
const clients: { destroy(): void }[] = [];

before(async () => {
  const book = new ScheduleBook({ table: mapTable(), time: clock });
  const find = async (name: string) => {
    reads++;
    return parameters.get(name) ?? null;
  };
  server = await startAwsApis([schedulerApi({ book, groups: ['nova-test'] }), ssmApi(find)]);
  dummyAws();
  process.env.AWS_ENDPOINT_URL_SCHEDULER = server.url;
  process.env.AWS_ENDPOINT_URL_SSM = server.url;
});
after(async () => {
  for (const client of clients) client.destroy();
  await server.stop();
});

function kept<Client extends { destroy(): void }>(client: Client): Client {
  clients.push(client);
  return client;
}

const schedule = (Name: string) => ({
  Name,
  GroupName: 'nova-test',
  ScheduleExpression: 'cron(0 9 ? * MON-FRI *)',
  ScheduleExpressionTimezone: 'America/New_York',
  FlexibleTimeWindow: { Mode: 'FLEXIBLE' as const, MaximumWindowInMinutes: 10 },
  Target: {
    Arn: 'arn:aws:sqs:local:000000000000:runs',
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    RetryPolicy: { MaximumEventAgeInSeconds: 600, MaximumRetryAttempts: 3 },
    Input:
      '{"at":"<aws.scheduler.scheduled-time>","n":"<aws.scheduler.attempt-number>","id":"<aws.scheduler.execution-id>"}',
  },
});

test('a schedule comes back from the API as it was made', async () => {
  const client = kept(schedulerClient());
  const { ScheduleArn } = await client.send(new CreateScheduleCommand(schedule('a-0')));
  assert.match(ScheduleArn ?? '', /schedule\/nova-test\/a-0$/);
  const { $metadata, Arn, CreationDate, LastModificationDate, ...found } = await client.send(
    new GetScheduleCommand({ Name: 'a-0', GroupName: 'nova-test' }),
  );
  assert.deepEqual(found, { ...schedule('a-0'), State: 'ENABLED', ActionAfterCompletion: 'NONE' });
  assert.equal(CreationDate?.getTime(), clock.now());
  assert.equal(LastModificationDate?.getTime(), clock.now());
  assert.equal($metadata.httpStatusCode, 200);
  assert.equal(Arn, ScheduleArn);
});

test('the API refuses as AWS does, with the same error classes', async () => {
  const client = kept(schedulerClient());
  const create = (change: object) => client.send(new CreateScheduleCommand({ ...schedule('b-0'), ...change }));
  await create({});
  await assert.rejects(create({}), ConflictException);
  await assert.rejects(create({ GroupName: 'other' }), ResourceNotFoundException);
  await assert.rejects(create({ Name: 'b-1', ScheduleExpression: 'cron(0 9 * * * *)' }), ValidationException);
  await assert.rejects(create({ Name: 'b-1', FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }), ValidationException);
  await assert.rejects(create({ Name: 'b-1', StartDate: new Date(0) }), ValidationException);
  await assert.rejects(client.send(new UpdateScheduleCommand(schedule('nobody'))), ResourceNotFoundException);
  const get = client.send(new GetScheduleCommand({ Name: 'b-1', GroupName: 'nova-test' }));
  await assert.rejects(get, ResourceNotFoundException);
});

test('a list is paged and filtered by state and prefix', async () => {
  const client = kept(schedulerClient());
  for (let n = 0; n < 5; n++) await client.send(new CreateScheduleCommand(schedule(`c-${n}`)));
  await client.send(new UpdateScheduleCommand({ ...schedule('c-4'), State: 'DISABLED' }));
  const list = (more: object) =>
    client.send(new ListSchedulesCommand({ GroupName: 'nova-test', NamePrefix: 'c-', State: 'ENABLED', ...more }));
  const first = await list({ MaxResults: 3 });
  const second = await list({ MaxResults: 3, NextToken: first.NextToken });
  const names = [...(first.Schedules ?? []), ...(second.Schedules ?? [])].map(({ Name }) => Name);
  assert.deepEqual(names, ['c-0', 'c-1', 'c-2', 'c-3']);
  assert.equal(second.NextToken, undefined);
});

test("a firing fills in AWS's own words", () => {
  const { Target } = schedule('d-0');
  const { arn, input } = awsFiring(
    { kind: 'aws', group: 'nova-test', name: 'd-0', definition: Target },
    { scheduledFor: '2026-11-20T14:00:00Z', executionId: 'e1', attempt: 2 },
  );
  assert.equal(arn, Target.Arn);
  assert.deepEqual(JSON.parse(input), { at: '2026-11-20T14:00:00Z', n: '2', id: 'e1' });
});

const eventBridge = () =>
  new EventBridgeScheduler(kept(schedulerClient()), {
    group: 'nova-test',
    queueArn: 'arn:aws:sqs:local:000000000000:runs',
    roleArn: 'arn:aws:iam::000000000000:role/r',
    deadLetterArn: 'arn:aws:sqs:local:000000000000:dead',
  });

test('what an agent schedule asks of AWS: one hour of age, the dead letters, the tick with its planned time', async () => {
  const wanted = { expression: 'rate(1 hour)', timezone: 'UTC' };
  await eventBridge().put({ name: 'e-1', agentId: 'e', instance: 1, schedule: wanted, flexibleMinutes: 0 });
  const client = kept(schedulerClient());
  const found = await client.send(new GetScheduleCommand({ Name: 'e-1', GroupName: 'nova-test' }));
  assert.deepEqual(found.FlexibleTimeWindow, { Mode: 'OFF' });
  assert.deepEqual(found.Target, {
    Arn: 'arn:aws:sqs:local:000000000000:runs',
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    DeadLetterConfig: { Arn: 'arn:aws:sqs:local:000000000000:dead' },
    RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 185 },
    Input: '{"v":1,"kind":"tick","agentId":"e","instance":1,"scheduledFor":"<aws.scheduler.scheduled-time>"}',
  });
});

test('a schedule that somebody disabled or bent is seen as different, and put right', async () => {
  const scheduler = eventBridge();
  const client = kept(schedulerClient());
  const wanted = {
    name: 'f-0',
    agentId: 'f',
    instance: 0,
    schedule: { expression: 'rate(1 hour)', timezone: 'UTC' },
    flexibleMinutes: 0,
  };
  await scheduler.put(wanted);
  const asMade = await client.send(new GetScheduleCommand({ Name: 'f-0', GroupName: 'nova-test' }));
  const { FlexibleTimeWindow, Target } = asMade;
  const bent = { ...schedule('f-0'), ScheduleExpression: 'rate(1 hour)', FlexibleTimeWindow, Target };
  await client.send(new UpdateScheduleCommand({ ...bent, ScheduleExpressionTimezone: 'UTC', State: 'DISABLED' }));
  assert.notDeepEqual(await scheduler.list('f'), [wanted]);
  await scheduler.put(wanted);
  assert.deepEqual(await scheduler.list('f'), [wanted]);
});

test('a missing group is a mistake of the set-up', async () => {
  const client = kept(schedulerClient());
  const scheduler = new EventBridgeScheduler(client, { group: 'no', queueArn: 'q', roleArn: 'r', deadLetterArn: 'd' });
  const schedule = { expression: 'rate(1 hour)', timezone: 'UTC' };
  const put = scheduler.put({ name: 'g-0', agentId: 'g', instance: 0, schedule, flexibleMinutes: 0 });
  await assert.rejects(put, { code: 'misconfigured' });
});

test('a service that does not answer is unavailable: try again later', async () => {
  const gone = await startAwsApis([]);
  await gone.stop();
  const before = process.env.AWS_ENDPOINT_URL_SSM;
  process.env.AWS_ENDPOINT_URL_SSM = gone.url;
  await assert.rejects(readParameter(kept(ssmClient()), '/nova/test/x'), { code: 'unavailable' });
  process.env.AWS_ENDPOINT_URL_SSM = before;
});

const secretsOf = () => {
  const client = kept(ssmClient());
  return new CachedSecrets((name) => readParameter(client, `/nova/test/secrets/${name}`), clock);
};

test('a secret is read once in five minutes, and anew when somebody says that it is wrong', async () => {
  const path = '/nova/test/secrets/stripe';
  parameters.set(path, { value: 'old', secure: true });
  const secrets = secretsOf();
  reads = 0;
  assert.deepEqual(await Promise.all([secrets.get('stripe'), secrets.get('stripe')]), ['old', 'old']);
  parameters.set(path, { value: 'new', secure: true });
  clock.advance(299_000);
  assert.equal(await secrets.get('stripe'), 'old');
  assert.equal(reads, 1);
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => secrets.refresh('stripe'))), ['new', 'new', 'new']);
  assert.equal(await secrets.get('stripe'), 'new');
  assert.equal(reads, 2);
  clock.advance(300_000);
  await secrets.get('stripe');
  assert.equal(reads, 3);
});

test('a missing secret is a mistake of the set-up, and found as soon as it is set', async () => {
  const secrets = secretsOf();
  await assert.rejects(secrets.get('later'), { code: 'misconfigured', message: /\/nova\/test\/secrets\/later/ });
  parameters.set('/nova/test/secrets/later', { value: 'here', secure: true });
  assert.equal(await secrets.get('later'), 'here');
});

test('a secure parameter is of no use without decryption, a plain one is', async () => {
  const client = kept(ssmClient());
  parameters.set('/nova/test/s', { value: 'secret', secure: true });
  parameters.set('/nova/test/p', { value: 'plain', secure: false });
  const read = async (Name: string) => (await client.send(new GetParameterCommand({ Name }))).Parameter;
  assert.notEqual((await read('/nova/test/s'))?.Value, 'secret');
  assert.equal((await read('/nova/test/p'))?.Value, 'plain');
  await assert.rejects(read('/nova/test/none'), ParameterNotFound);
  await assert.rejects(client.send(new PutParameterCommand({ Name: '/x', Value: 'y' })), /not imitated/);
});

test('what is not an SDK request gets a clean refusal', async () => {
  const ask = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init);
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/schedules/x', { method: 'POST', body: 'no json' })).status, 400);
  assert.equal((await ask('/schedules/%E0%A4%A')).status, 400);
  assert.equal((await ask('/schedules/x', { method: 'POST', body: 'x'.repeat(1_100_000) })).status, 413);
});
