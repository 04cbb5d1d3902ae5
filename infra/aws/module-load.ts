/**
 * How long a bundle takes to load: processes that import it and open its world, against a bare node and against what
 * esbuild makes of one DynamoDB client by default, interleaved, so that the ratios hold on any machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { functions } from '../topology.ts';
import { FUNCTIONS_FOLDER } from './bundle.ts';

export type LoadTime = {
  readonly name: string;
  /** Median milliseconds over a bare node. */
  readonly extraMs: number;
  /** Against the default bundle of a DynamoDB client in the same run. */
  readonly ratio: number;
  /** Bytes of all files that were read for it. */
  readonly loadedBytes: number;
};

const REFERENCE = 'dist/reference/client.cjs';

/** Whatever any function reads: values that no service ever sees, because loading sends nothing. */
export const SAMPLE_ENV: Readonly<Record<string, string>> = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  NOVA_STAGE: 'test',
  NOVA_TIMEZONE: 'UTC',
  NOVA_CURRENCY: 'USD',
  NOVA_OWNER_EMAIL: 'owner@nova.test',
  NOVA_SENDER_EMAIL: 'nova@nova.test',
  NOVA_COMPUTE_NANOS_PER_SECOND: '6667',
  NOVA_LEASE_SECONDS: '60',
  NOVA_HEARTBEAT_SECONDS: '20',
  NOVA_TABLE: 'nova-test',
  NOVA_QUEUE_RUNS: 'http://127.0.0.1:9/000000000000/nova-test-runs',
  NOVA_QUEUE_REVENUE: 'http://127.0.0.1:9/000000000000/nova-test-revenue',
  NOVA_QUEUE_WORK: 'http://127.0.0.1:9/000000000000/nova-test-work',
  NOVA_INBOX: 'http://127.0.0.1:9/000000000000/nova-test-runs',
  NOVA_DEAD_LETTERS: 'http://127.0.0.1:9/000000000000/nova-test-runs-dead',
  NOVA_SCHEDULE_GROUP: 'nova-test',
  NOVA_SCHEDULE_ROLE_ARN: 'arn:aws:iam::000000000000:role/none',
  NOVA_SCHEDULE_TARGET_ARN: 'arn:aws:sqs:us-east-1:000000000000:nova-test-runs',
  NOVA_SCHEDULE_DEAD_LETTERS_ARN: 'arn:aws:sqs:us-east-1:000000000000:nova-test-schedules-dead',
  NOVA_PUBLIC_URL_PARAMETER: '/nova/test/public-url',
  NOVA_SECRETS_PREFIX: '/nova/test/secrets/',
  NOVA_EVENT_BUS: 'nova-test',
  NOVA_AUDIT_BUCKET: 'nova-test-audit',
};

/** Medians of `rounds` starts each. The bundles must be there. */
export async function moduleLoads(rounds: number): Promise<readonly LoadTime[]> {
  await makeReference();
  const starts = new Map<string, string[]>([
    ['bare', ['-e', '0']],
    ['reference', [resolve(REFERENCE)]],
    ...functions.map(({ name }) => [name, ['--input-type=module', '-e', importOf(name)]] as [string, string[]]),
  ]);
  const times = new Map([...starts.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, args] of starts) times.get(name)?.push(startMs(args));
  }
  const bare = median(times.get('bare') ?? []);
  const reference = median(times.get('reference') ?? []) - bare;
  return functions.map(({ name }) => {
    const extraMs = median(times.get(name) ?? []) - bare;
    return { name, extraMs, ratio: extraMs / reference, loadedBytes: loadedBytes(name) };
  });
}

const handlerOf = (name: string): string => resolve(FUNCTIONS_FOLDER, name, 'handler.mjs');
const importOf = (name: string): string => `await import(${JSON.stringify(pathToFileURL(handlerOf(name)).href)})`;

function startMs(args: readonly string[]): number {
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...args], { env: SAMPLE_ENV, encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr}`);
  return performance.now() - before;
}

/** What the import of a bundle really reads, by the loader's own trace. */
export function loadedFiles(name: string): string[] {
  const trace = [
    "import { registerHooks } from 'node:module';",
    'const seen = new Set();',
    'registerHooks({ load: (url, context, next) => { seen.add(url); return next(url, context); } });',
    importOf(name),
    'console.log(JSON.stringify([...seen]));',
  ].join('\n');
  const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', trace], {
    env: SAMPLE_ENV,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} does not load: ${stderr}`);
  const folder = pathToFileURL(resolve(FUNCTIONS_FOLDER, name)).href;
  return (JSON.parse(stdout) as string[])
    .filter((url) => url.startsWith(folder))
    .map((url) => url.slice(folder.length + 1));
}

const loadedBytes = (name: string): number =>
  loadedFiles(name).reduce((sum, file) => sum + statSync(join(FUNCTIONS_FOLDER, name, file)).size, 0);

async function makeReference(): Promise<void> {
  mkdirSync('dist/reference', { recursive: true });
  await build({
    stdin: {
      contents: "import * as sdk from '@aws-sdk/client-dynamodb'; const { DynamoDBClient: Made } = sdk; new Made({});",
      resolveDir: process.cwd(),
    },
    outfile: REFERENCE,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'error',
  });
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  for (const { name, extraMs, ratio, loadedBytes: bytes } of await moduleLoads(Number(process.argv[2] ?? 9))) {
    const size = `${(bytes / 1024).toFixed(0)} KiB`;
    console.log(
      `${name.padEnd(20)}${extraMs.toFixed(0).padStart(5)} ms  ${ratio.toFixed(2)}x${size.padStart(10)} loaded`,
    );
  }
}
