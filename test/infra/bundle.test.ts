/** The bundles as they go to AWS: made once here, looked into, and loaded. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { bundle, FUNCTIONS_FOLDER, isFresh } from '../../infra/aws/bundle.ts';
import { loadedFiles, SAMPLE_ENV } from '../../infra/aws/module-load.ts';
import { functions } from '../../infra/topology.ts';
import { PINNED_RULES } from '../../shared/policy/wasm-policy.ts';

before(async () => {
  if (!isFresh()) await bundle();
});

const textOf = (name: string, files: readonly string[]): string =>
  files.map((file) => readFileSync(join(FUNCTIONS_FOLDER, name, file), 'utf8')).join('\n');

/** A phrase of each package that only its own code has. */
const PHRASES: Readonly<Record<string, RegExp>> = {
  stripe: /StripeSignatureVerificationError|api\.stripe\.com/,
  'twitter-api-v2': /api\.twitter\.com|TwitterApi/,
  '@sendgrid/mail': /api\.sendgrid\.com/,
  cheerio: /htmlparser2|cheerio object/,
  undici: /UND_ERR_|SocketError/,
  'credentials from files and portals': /sso_start_url|AWS_CONTAINER_CREDENTIALS_RELATIVE_URI/,
  'locales of zod': /Ungültige Eingabe|Entrada inválida/,
};

test('every function of the topology has a bundle', () => {
  for (const { name } of functions) assert.ok(existsSync(join(FUNCTIONS_FOLDER, name, 'handler.mjs')), name);
});

test('what a run loads holds no connector, no parser of pages and no search for credentials', () => {
  const text = textOf('run-agent', loadedFiles('run-agent'));
  for (const [what, phrase] of Object.entries(PHRASES)) assert.doesNotMatch(text, phrase, what);
  assert.match(text, /ConditionalCheckFailedException/, 'the table is not in it: the test looked at nothing');
});

test('a function carries neither JSON Schema nor, beside a client of REST, protocols of REST and XML', () => {
  for (const { name } of functions) {
    const text = textOf(name, loadedFiles(name));
    assert.doesNotMatch(text, /json-schema\.org/, name);
    if (name === 'run-agent' || name === 'record-revenue') assert.doesNotMatch(text, /<\?xml/, name);
  }
  const all = readdirSync(join(FUNCTIONS_FOLDER, 'close-day')).filter((file) => file.endsWith('.mjs'));
  assert.match(textOf('close-day', all), /<\?xml/, 'S3 is not in it: the test looked for nothing');
});

test('what runs agents carries no client that it has no right to use', () => {
  const all = textOf('run-agent', readdirSync(join(FUNCTIONS_FOLDER, 'run-agent')));
  assert.match(all, /AmazonEC2ContainerService/, 'it may launch tasks');
  assert.doesNotMatch(all, /s3-object-lambda|CreateScheduleGroup/);
  assert.match(all, /@aws-sdk\/client-s3 is not here: no word auditRoots in the topology/);
  const closing = textOf('close-day', readdirSync(join(FUNCTIONS_FOLDER, 'close-day')));
  assert.match(closing, /s3-object-lambda/, 'S3 is not in it: the test looked at nothing');
});

test('what a function loads before its first event stays within its budget', () => {
  for (const { name } of functions) {
    const bytes = Buffer.byteLength(textOf(name, loadedFiles(name)));
    // Measured for run-agent: 346, most of it the table's client and zod; for do-work, the widest: 501.
    const budget = name === 'run-agent' ? 350 : 515;
    assert.ok(bytes > 280 * 1024, `${name} did not open its world: SAMPLE_ENV lacks what it reads`);
    assert.ok(bytes <= budget * 1024, `${name} loads ${(bytes / 1024).toFixed(0)} KiB; its budget is ${budget}`);
  }
});

test('a function that judges carries the pinned rules inside, and loads them with its first question', async () => {
  for (const { name, uses } of functions.filter((row) => row.uses.judges)) {
    const files = readdirSync(join(FUNCTIONS_FOLDER, name));
    const artifact = files.find((file) => file.startsWith('artifact-')) ?? '';
    const url = pathToFileURL(resolve(FUNCTIONS_FOLDER, name, artifact)).href;
    const { readArtifact } = (await import(url)) as { readArtifact(): Promise<Uint8Array> };
    assert.equal(
      createHash('sha256')
        .update(await readArtifact())
        .digest('hex'),
      PINNED_RULES,
      name,
    );
    assert.ok(!loadedFiles(name).includes(artifact), `${name} loads the rules before its first event`);
    assert.ok(uses.table.policy?.includes('read'), `${name} judges by a policy that it may not read`);
  }
});

test('a bundle answers an event although nothing of the source is near', () => {
  const url = pathToFileURL(resolve(FUNCTIONS_FOLDER, 'hooks', 'handler.mjs')).href;
  const script = [
    `const { handler } = await import(${JSON.stringify(url)});`,
    "const event = { httpMethod: 'POST', path: '/hooks/nobody', resource: '/hooks/{rest+}', headers: {}, body: 'x',",
    "  isBase64Encoded: false, requestContext: { identity: { sourceIp: '203.0.113.7' } } };",
    "const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 1000 };",
    'console.log(JSON.stringify(await handler(event, context)));',
  ].join('\n');
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: SAMPLE_ENV,
    encoding: 'utf8',
    cwd: '/',
  });
  assert.equal(status, 0, stderr);
  const answer = JSON.parse(stdout) as { statusCode: number; body: string };
  assert.equal(answer.statusCode, 404, stdout);
});

test('a bundle without its environment says which keys are missing, in its log and nowhere else', () => {
  const url = pathToFileURL(resolve(FUNCTIONS_FOLDER, 'hooks', 'handler.mjs')).href;
  const script = [
    `const { handler } = await import(${JSON.stringify(url)});`,
    "const event = { httpMethod: 'POST', path: '/hooks/stripe', resource: '/hooks/{rest+}', headers: {}, body: 'x',",
    "  isBase64Encoded: false, requestContext: { identity: { sourceIp: '203.0.113.7' } } };",
    "const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 1000 };",
    'const answer = await handler(event, context);',
    "if (answer.statusCode !== 500 || /NOVA/.test(answer.body)) throw new Error('told too much: ' + answer.body);",
  ].join('\n');
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { AWS_REGION: 'us-east-1' },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.match(
    `${stdout}${stderr}`,
    /NOVA_QUEUE_REVENUE is missing; NOVA_SECRETS_PREFIX is missing|NOVA_SECRETS_PREFIX is missing; NOVA_QUEUE_REVENUE is missing/,
  );
});

test('a topology that names a file which is not there is refused in words', async () => {
  const script = [
    "const { functions } = await import('./infra/topology.ts');",
    "functions[0].entry = 'functions/queue/nobody.ts';",
    "const { bundle } = await import('./infra/aws/bundle.ts');",
    'await bundle();',
  ].join('\n');
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.notEqual(status, 0);
  assert.match(stderr, /entries that do not exist: run-agent: functions\/queue\/nobody\.ts/);
  assert.ok(existsSync(join(FUNCTIONS_FOLDER, 'run-agent')), 'the good bundles are gone');
});
