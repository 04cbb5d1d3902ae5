/** `--stage`: the same commands with the caller's own AWS credentials, against the APIs as AWS speaks them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { childEnv, settingsEnv } from '../../shared/runtime/env.ts';

const ROOT = join(import.meta.dirname, '../..');
const QUEUE = 'https://sqs.eu-central-1.amazonaws.com/123456789012/nova-prod';
const MANIFEST = JSON.stringify({
  v: 1,
  env: {
    ...settingsEnv({
      ...{ stage: 'prod', timezone: 'Europe/Berlin', currency: 'EUR', ownerEmail: 'owner@example.com' },
      ...{ senderEmail: 'nova@example.com', computeNanosPerSecond: 7, leaseSeconds: 60, heartbeatSeconds: 20 },
    }),
    ...{ NOVA_TABLE: 'nova-prod', NOVA_QUEUE_RUNS: `${QUEUE}-runs`, NOVA_QUEUE_REVENUE: `${QUEUE}-revenue` },
    ...{ NOVA_QUEUE_WORK: `${QUEUE}-work`, NOVA_SECRETS_PREFIX: '/nova/prod/secrets/' },
    NOVA_PUBLIC_URL_PARAMETER: '/nova/prod/public-url',
    NOVA_AUDIT_BUCKET: 'nova-prod-audit',
  },
  deadLetters: { runs: `${QUEUE}-runs-dead`, revenue: `${QUEUE}-revenue-dead`, work: `${QUEUE}-work-dead` },
});
const CALLER = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::123456789012:assumed-role/Admin/alice</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`;

type Answer = { readonly status: number; readonly body: string };
const json = (value: unknown, status = 200): Answer => ({ status, body: JSON.stringify(value) });
const failure = (type: string): Answer => json({ __type: type, message: `${type} it is` }, 400);

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

/** An account with one stage; `denied` is what its caller may not do. */
async function account(t: TestContext, denied = '', { older = false } = {}) {
  const manifest = older ? MANIFEST.replace('NOVA_AUDIT_BUCKET', 'NOVA_SOMETHING') : MANIFEST;
  const secrets = new Map<string, string>([['/nova/prod/secrets/approval-pepper', 'p']]);
  const answer = (target: string, body: string): Answer => {
    if (target === '') return { status: 200, body: CALLER };
    if (target === denied) return failure('AccessDeniedException');
    const { Name = '', Value = '' } = JSON.parse(body) as { Name?: string; Value?: string };
    if (target === 'AmazonSSM.PutParameter') {
      secrets.set(Name, Value);
      return json({ Version: 1 });
    }
    if (target === 'AmazonSSM.DescribeParameters') {
      return json({ Parameters: [...secrets.keys()].map((name) => ({ Name: name, Type: 'SecureString' })) });
    }
    if (target === 'AmazonSSM.GetParameter' && Name === '/nova/prod/manifest')
      return json({ Parameter: { Name, Value: manifest } });
    if (target === 'DynamoDB_20120810.GetItem') return json({});
    // Who set a secret is on record.
    if (target === 'DynamoDB_20120810.TransactWriteItems') return json({});
    if (target === 'DynamoDB_20120810.Query') return json({ Items: [], Count: 0, ScannedCount: 0 });
    return failure(target === 'AmazonSSM.GetParameter' ? 'ParameterNotFound' : 'UnknownOperationException');
  };
  const server = createServer(async (request, response) => {
    const { status, body } = answer(String(request.headers['x-amz-target'] ?? ''), await textOf(request));
    response
      .writeHead(status, { 'content-type': body.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1' })
      .end(body);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return { secrets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };

function nova(url: string, words: readonly string[], keys: Readonly<Record<string, string>> = KEYS, stdin = '') {
  const env = childEnv({
    ...{ AWS_ENDPOINT_URL: url, AWS_REGION: 'eu-central-1', AWS_EC2_METADATA_DISABLED: 'true' },
    ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', ...keys },
  });
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [join(ROOT, 'cli/nova.ts'), ...words], { env }, (failed, out, err) => {
      resolve({ code: typeof failed?.code === 'number' ? failed.code : failed ? 1 : 0, out, err });
    });
    child.stdin?.end(stdin);
  });
}

test('a deployed stage is reached by its manifest, and a secret goes where its functions look', async (t) => {
  const { url, secrets } = await account(t);
  const listed = await nova(url, ['agent', 'list', '--stage', 'prod', '--json']);
  assert.deepEqual([listed.code, listed.out.trim()], [0, '[]'], listed.err);
  const set = await nova(url, ['secret', 'set', 'stripe-webhook-secret', '--stage', 'prod'], KEYS, 'whsec_x\n');
  assert.equal(set.code, 0, set.err);
  assert.equal(secrets.get('/nova/prod/secrets/stripe-webhook-secret'), 'whsec_x');
  const names = await nova(url, ['secret', 'list', '--stage', 'prod', '--json']);
  assert.deepEqual(JSON.parse(names.out), [{ id: 'approval-pepper' }, { id: 'stripe-webhook-secret' }]);
});

test('a stage of an older version says that it must be deployed again', async (t) => {
  const { url } = await account(t, '', { older: true });
  const { code, err } = await nova(url, ['agent', 'list', '--stage', 'prod']);
  assert.equal(code, 1, err);
  assert.match(err, /was deployed by an older version: nova --stage prod cloud deploy/);
});

test('no such stage is not found, and what has no place on a stage says so', async (t) => {
  const { url } = await account(t);
  const missing = await nova(url, ['agent', 'list', '--stage', 'prood']);
  assert.equal(missing.code, 3, missing.err);
  assert.match(missing.err, /no stage "prood"/);
  const malformed = await nova(url, ['agent', 'list', '--stage', 'PROD!']);
  assert.equal(malformed.code, 2);
  const mails = await nova(url, ['mail', 'list', '--stage', 'prod']);
  assert.equal(mails.code, 2);
  assert.match(mails.err, /caught on this machine only/);
  assert.equal((await nova(url, ['stop', '--stage', 'prod'])).code, 2);
});

test('rights that the caller lacks are denied, credentials that nobody has a failure', async (t) => {
  const { url } = await account(t, 'AmazonSSM.DescribeParameters');
  const denied = await nova(url, ['secret', 'list', '--stage', 'prod']);
  assert.equal(denied.code, 4, denied.err);
  assert.match(denied.err, /AccessDenied/);
  const nobody = await nova(url, ['agent', 'list', '--stage', 'prod'], {});
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /credentials/i);
});
