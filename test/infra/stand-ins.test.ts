/** The stand-ins of DynamoDB and SQS as a rehearsal starts them: where they listen, and what a death leaves behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalDynamo, startLocalDynamo } from '../../infra/local/rehearsal/local-dynamo.ts';
import { type LocalSqs, startLocalSqs } from '../../infra/local/rehearsal/local-sqs.ts';
import { findDynoxide, findFauxqs, standIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { sqsClient } from '../../shared/aws/clients/sqs.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import { type SqsQueue, sqsQueue } from '../../shared/aws/sqs-queue.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { pointAwsAt } from '../../shared/runtime/env.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-stands-'));
const fauxqs = findFauxqs();
const dynoxide = findDynoxide();
const noSqs = fauxqs ? false : 'package fauxqs is not installed';
const noDynamo = dynoxide ? false : 'no dynoxide binary for this platform';
after(() => rmSync(folder, { recursive: true, force: true }));

const KEYS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
const portOf = (endpoint: string): number => Number(new URL(endpoint).port);

/** Whether anything but this machine could reach the port. */
async function reachableFromOutside(port: number): Promise<boolean> {
  const outer = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal);
  const tries = outer.map(
    ({ address, scopeid }) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ port, host: scopeid ? `${address}%${scopeid}` : address, timeout: 500 });
        const end = (reached: boolean) => () => resolve(Boolean(socket.destroy()) && reached);
        socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
      }),
  );
  return (await Promise.all(tries)).includes(true);
}

const alive = (pid: number | undefined): boolean => pid !== undefined && existsSync(`/proc/${pid}/exe`);

async function sqsOn(dataFolder: string): Promise<{ sqs: LocalSqs; queue: SqsQueue<{ n: number }> }> {
  const sqs = await startLocalSqs({ folder: fauxqs ?? '', dataFolder });
  pointAwsAt({ ...KEYS, AWS_ENDPOINT_URL_SQS: sqs.endpoint });
  sqs.ensure({ name: 'q-dead', retentionDays: 14 });
  const deadLetters = { name: 'q-dead', maxReceiveCount: 1 };
  sqs.ensure({ name: 'q', retentionDays: 4, visibilitySeconds: 30, deadLetters });
  return { sqs, queue: sqsQueue({ client: sqsClient(), url: sqs.url('q'), deadLetterUrl: sqs.url('q-dead') }) };
}

const now = { max: 10, waitSeconds: 0 };

test('the SQS stand-in listens on this machine alone', { skip: noSqs }, async () => {
  const { sqs } = await sqsOn(join(folder, 'sqs-bound'));
  assert.match(sqs.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(await reachableFromOutside(portOf(sqs.endpoint)), false);
  await sqs.stop();
});

test('a message given back at once is there again, now and after a restart', { skip: noSqs }, async () => {
  const data = join(folder, 'sqs-back');
  const { sqs, queue } = await sqsOn(data);
  await queue.send({ n: 1 });
  const [first] = await queue.receive(now);
  await queue.giveBack(first?.receipt ?? '', 0);
  assert.deepEqual(await queue.depth(), { visible: 1, inFlight: 0, dead: 0 });
  await sqs.stop();
  const again = await sqsOn(data);
  assert.deepEqual(await again.queue.depth(), { visible: 1, inFlight: 0, dead: 0 });
  await again.sqs.stop();
});

test('a message received once too often is a dead letter, which a restart keeps', { skip: noSqs }, async () => {
  const data = join(folder, 'sqs-dead');
  const { sqs, queue } = await sqsOn(data);
  await queue.sendMany([{ n: 1 }, { n: 2 }]);
  for (const { receipt, body } of await queue.receive(now)) {
    if (body.includes('2')) await queue.delete(receipt);
    else await queue.giveBack(receipt, 0);
  }
  assert.deepEqual(await queue.receive(now), []);
  assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, dead: 1 });
  await sqs.stop();
  const again = await sqsOn(data);
  assert.equal((await again.queue.deadLetters(5))[0]?.body, '{"n":1}');
  await again.sqs.stop();
});

test('what somebody held is shown at once to whoever knows that he is dead', { skip: noSqs }, async () => {
  const data = join(folder, 'sqs-held');
  const { sqs, queue } = await sqsOn(data);
  await queue.send({ n: 1 });
  assert.equal((await queue.receive(now)).length, 1);
  await sqs.stop();
  const again = await sqsOn(data);
  assert.deepEqual(await again.queue.depth(), { visible: 0, inFlight: 1, dead: 0 });
  again.sqs.releaseAll();
  assert.deepEqual(await again.queue.depth(), { visible: 1, inFlight: 0, dead: 0 });
  await again.sqs.stop();
});

async function dynamoOn(name: string): Promise<LocalDynamo> {
  const dbPath = join(folder, `${name}.sqlite`);
  const dynamo = await startLocalDynamo({ binary: dynoxide ?? '', dbPath, pidFile: join(folder, `${name}.pid`) });
  pointAwsAt({ ...KEYS, AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint });
  return dynamo;
}

test('a killed DynamoDB comes back where it was, with what it had taken', { skip: noDynamo }, async () => {
  const dynamo = await dynamoOn('killed');
  const client = dynamoDbClient();
  await ensureTable(client, 'nova-t');
  const table = dynamoTable({ client, tableName: 'nova-t' });
  await table.write({ op: 'put', item: { pk: 'p', sk: 's', n: 7 } });
  const before = dynamo.pid();
  if (before) process.kill(before, 'SIGKILL');
  for (let tries = 0; dynamo.pid() === before && tries < 400; tries++) await sleep(5);
  assert.equal((await table.get({ pk: 'p', sk: 's' }))?.n, 7);
  assert.equal(await reachableFromOutside(portOf(dynamo.endpoint)), false);
  const last = dynamo.pid();
  await dynamo.stop();
  assert.equal(alive(last), false);
  assert.equal(existsSync(join(folder, 'killed.pid')), false);
});

test('a DynamoDB that outlived its engine is ended before the next opens its file', { skip: noDynamo }, async () => {
  const dbPath = join(folder, 'left.sqlite');
  const left = spawn(dynoxide ?? '', ['--host', '127.0.0.1', '--port', '0', '--db-path', dbPath], { stdio: 'ignore' });
  const ended = new Promise<string | null>((resolve) => left.once('exit', (_, signal) => resolve(signal)));
  writeFileSync(join(folder, 'left.pid'), `${left.pid}\n`);
  const dynamo = await dynamoOn('left');
  assert.equal(await ended, 'SIGKILL');
  assert.equal(Number(readFileSync(join(folder, 'left.pid'), 'utf8')), dynamo.pid());
  await dynamo.stop();
});

test("a number that is now somebody else's process is left alone", { skip: noDynamo }, async () => {
  const stranger = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 10_000)'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'stranger.pid'), `${stranger.pid}\n`);
  const dynamo = await dynamoOn('stranger');
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
  await dynamo.stop();
  stranger.kill('SIGKILL');
});

test('a machine without a stand-in is told which, and that the other engine needs none', () => {
  const before = process.env.DYNOXIDE_BIN;
  process.env.DYNOXIDE_BIN = join(folder, 'nowhere');
  try {
    assert.throws(standIns, (thrown: unknown) => {
      assert.ok(thrown instanceof NovaError && thrown.code === 'misconfigured');
      assert.match(thrown.message, /DynamoDB stand-in .*embedded engine needs neither/);
      return true;
    });
  } finally {
    if (before === undefined) delete process.env.DYNOXIDE_BIN;
    else process.env.DYNOXIDE_BIN = before;
  }
});
