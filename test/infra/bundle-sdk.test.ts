/** What our bundles leave out of AWS's SDK changes nothing of what a table says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { ESM_FILES } from '../../infra/aws/bundle-files.ts';
import { lazyBuiltins } from '../../infra/aws/bundle-plugins.ts';
import { leanSdk } from '../../infra/aws/bundle-sdk.ts';
import { SAMPLE_ENV } from '../../infra/aws/module-load.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-sdk-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ENTRY = [
  "import { GetItemCommand } from '@aws-sdk/client-dynamodb';",
  "import { dynamoDbClient } from './shared/aws/clients/dynamodb.ts';",
  "const said = await dynamoDbClient().send(new GetItemCommand({ TableName: 't', Key: {} })).catch((thrown) => thrown);",
  'const { name, message, $fault, $metadata, Item, CancellationReasons } = said;',
  'console.log(JSON.stringify({ name, message, $fault, status: $metadata.httpStatusCode, Item, CancellationReasons }));',
].join('\n');

/** Both ways: as it goes to AWS, and as npm brings it. */
const bundled = async (name: string, plugins: ReturnType<typeof leanSdk>): Promise<string> => {
  const { outputFiles } = await build({
    ...ESM_FILES,
    stdin: { contents: ENTRY, resolveDir: resolve('.') },
    outdir: folder,
    splitting: false,
    plugins: [lazyBuiltins(), ...plugins],
  });
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, outputFiles[0]?.contents ?? '');
  return path;
};

const programs: string[] = [];
before(async () => {
  programs.push(await bundled('lean', leanSdk([])), await bundled('whole', []));
});

/** What each program makes of the same answer of a table. */
async function heard(answer: object): Promise<unknown[]> {
  const server = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const env = { ...SAMPLE_ENV, AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  try {
    const run = (path: string) => promisify(execFile)(process.execPath, [path], { env, cwd: folder });
    return (await Promise.all(programs.map(run))).map(({ stdout }) => JSON.parse(stdout) as unknown);
  } finally {
    server.close();
  }
}

const NAMESPACE = 'com.amazonaws.dynamodb.v20120810#';

test('an error without a class in the bundle says the same as one with it', async () => {
  for (const name of ['ProvisionedThroughputExceededException', 'ResourceNotFoundException', 'ValidationException']) {
    const [lean, whole] = await heard({ __type: `${NAMESPACE}${name}`, message: 'not now' });
    assert.deepEqual(lean, whole);
    assert.deepEqual(lean, { name, message: 'not now', $fault: 'client', status: 400 });
  }
});

test('a refused condition brings the item, and a refused transaction its reasons', async () => {
  const Item = { pk: { S: 'a' }, n: { N: '7' } };
  const [lean] = await heard({ __type: `${NAMESPACE}ConditionalCheckFailedException`, message: 'no', Item });
  assert.deepEqual(Object(lean).Item, Item);
  const CancellationReasons = [{ Code: 'None' }, { Code: 'ConditionalCheckFailed', Item }];
  const [cancelled] = await heard({ __type: `${NAMESPACE}TransactionCanceledException`, CancellationReasons });
  assert.deepEqual(Object(cancelled).CancellationReasons, CancellationReasons);
});
