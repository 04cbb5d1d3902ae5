/** The secrets of a stage in the words of Secrets Manager and SSM: servers that answer as their APIs do. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { CachedSecrets } from '../../shared/aws/cached-secrets.ts';
import { secretShelf } from '../../shared/aws/secret-shelf.ts';
import { hasSecret, readSecret, writeSecret } from '../../shared/aws/secret-versions.ts';
import { readParameter } from '../../shared/aws/ssm-secrets.ts';
import { withFreshSecret } from '../../shared/connectors/fresh-secret.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { stillClock } from '../../shared/memory/clock.ts';

const PREFIX = '/nova/t/secrets/';
const PEPPER = `${PREFIX}approval-pepper`;

type Asked = { readonly action: string; readonly body: Record<string, unknown> };
type Answer = { readonly status?: number; readonly body: object };
type Aws = {
  /** By name: all versions of a rotated secret, the newest last. */
  readonly versions: Map<string, string[]>;
  readonly parameters: Map<string, string>;
  readonly seen: Asked[];
  /** Instead of the answer, while it is there. */
  trouble: Answer | null;
  readonly manager: SecretsManagerClient;
  readonly ssm: SSMClient;
};

const refusal = (status: number, name: string): Answer => ({ status, body: { __type: name, message: `${name} said` } });

function answerOf({ versions, parameters }: Pick<Aws, 'versions' | 'parameters'>, { action, body }: Asked): Answer {
  const id = String(body.SecretId ?? body.Name ?? '');
  const kept = versions.get(id);
  switch (action) {
    case 'secretsmanager.GetSecretValue': {
      if (!kept) return refusal(400, 'ResourceNotFoundException');
      return {
        body: { Name: id, SecretString: kept.at(-1), VersionId: `v${kept.length}`, VersionStages: ['AWSCURRENT'] },
      };
    }
    case 'secretsmanager.PutSecretValue':
      if (!kept) return refusal(400, 'ResourceNotFoundException');
      kept.push(String(body.SecretString));
      return { body: { Name: id, VersionId: `v${kept.length}`, VersionStages: ['AWSCURRENT'] } };
    case 'secretsmanager.DescribeSecret':
      return kept ? { body: { Name: id } } : refusal(400, 'ResourceNotFoundException');
    case 'AmazonSSM.GetParameter': {
      const value = parameters.get(id);
      return value === undefined
        ? refusal(400, 'ParameterNotFound')
        : { body: { Parameter: { Name: id, Value: value } } };
    }
    case 'AmazonSSM.PutParameter':
      parameters.set(id, String(body.Value));
      return { body: { Version: 1 } };
    case 'AmazonSSM.DescribeParameters': {
      const [{ Values: [path = ''] = [] } = {}] = body.ParameterFilters as { Values?: string[] }[];
      const all = [...parameters.keys()].filter((name) => name.startsWith(path)).sort();
      const from = Number(body.NextToken ?? 0);
      const page = all.slice(from, from + 2).map((Name) => ({ Name, Type: 'SecureString' }));
      return { body: { Parameters: page, ...(from + 2 < all.length ? { NextToken: String(from + 2) } : {}) } };
    }
    default:
      return refusal(400, 'UnknownOperationException');
  }
}

async function withAws(story: (aws: Aws) => Promise<void>): Promise<void> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const asked = { action: String(request.headers['x-amz-target']), body: JSON.parse(text) as Asked['body'] };
    aws.seen.push(asked);
    const { status = 200, body } = aws.trouble ?? answerOf(aws, asked);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const options = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    maxAttempts: 1,
  };
  const kept = { versions: new Map([[PEPPER, ['one']]]), parameters: new Map<string, string>() };
  const clients = { manager: new SecretsManagerClient(options), ssm: new SSMClient(options) };
  const aws: Aws = { ...kept, ...clients, seen: [], trouble: null };
  try {
    await story(aws);
  } finally {
    aws.manager.destroy();
    aws.ssm.destroy();
    server.closeAllConnections();
    server.close();
  }
}

const codeOf = (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => 'done',
    (thrown: unknown) => (thrown instanceof NovaError ? thrown.code : `${thrown}`),
  );

test('a rotated secret is read in its newest version, written as a new one, and looked for without its value', async () => {
  await withAws(async (aws) => {
    assert.equal(await readSecret(aws.manager, PEPPER), 'one');
    await writeSecret(aws.manager, PEPPER, 'two');
    assert.equal(await readSecret(aws.manager, PEPPER), 'two');
    assert.deepEqual(aws.versions.get(PEPPER), ['one', 'two'], 'the version before is kept');
    assert.deepEqual(
      [await hasSecret(aws.manager, PEPPER), await hasSecret(aws.manager, `${PREFIX}none`)],
      [true, false],
    );
    const describes = aws.seen.filter(({ action }) => action.endsWith('DescribeSecret'));
    assert.deepEqual([describes.length, aws.seen.length], [2, 5], 'looking asks for no value');
    const put = aws.seen.find(({ action }) => action.endsWith('PutSecretValue'));
    assert.match(String(put?.body.ClientRequestToken), /^[\w-]{32,64}$/, 'a write that is sent again is one version');
  });
});

test('what is missing or empty is misconfigured, what cannot be reached unavailable, and no value is in an error', async () => {
  await withAws(async (aws) => {
    assert.equal(await codeOf(readSecret(aws.manager, `${PREFIX}none`)), 'misconfigured');
    assert.equal(await codeOf(readParameter(aws.ssm, `${PREFIX}none`)), 'misconfigured');
    aws.versions.set(PEPPER, ['']);
    aws.parameters.set(`${PREFIX}empty`, '');
    assert.equal(await codeOf(readSecret(aws.manager, PEPPER)), 'misconfigured');
    assert.equal(await codeOf(readParameter(aws.ssm, `${PREFIX}empty`)), 'misconfigured');
    for (const trouble of [refusal(500, 'InternalServiceError'), refusal(400, 'ThrottlingException')]) {
      aws.trouble = trouble;
      const tried = [
        readSecret(aws.manager, PEPPER),
        writeSecret(aws.manager, PEPPER, 'canary-value'),
        hasSecret(aws.manager, PEPPER),
        readParameter(aws.ssm, `${PREFIX}a`),
        secretShelf(aws, PREFIX, ['approval-pepper']).set('stripe-api-key', 'canary-value'),
        secretShelf(aws, PREFIX, ['approval-pepper']).names(),
      ];
      for (const result of await Promise.allSettled(tried)) {
        const thrown: unknown = result.status === 'rejected' ? result.reason : null;
        assert.ok(thrown instanceof NovaError && thrown.code === 'unavailable', String(thrown));
        assert.doesNotMatch(`${thrown.message}${thrown.stack}`, /canary-value/);
      }
    }
  });
});

test('one shelf over both places: a name goes where it belongs, and names come back without a value', async () => {
  await withAws(async (aws) => {
    const shelf = secretShelf(aws, PREFIX, ['approval-pepper']);
    for (const name of ['stripe-api-key', 'sendgrid-api-key', 'ledger-hook-secret'])
      await shelf.set(name, `of ${name}`);
    await shelf.set('approval-pepper', 'two');
    assert.equal(aws.versions.get(PEPPER)?.at(-1), 'two');
    assert.equal(aws.parameters.has(PEPPER), false, 'a rotated one is no parameter');
    assert.equal(aws.parameters.get(`${PREFIX}stripe-api-key`), 'of stripe-api-key');
    const put = aws.seen.find(({ action }) => action === 'AmazonSSM.PutParameter');
    assert.deepEqual([put?.body.Type, put?.body.Overwrite], ['SecureString', true]);
    aws.seen.length = 0;
    const names = ['approval-pepper', 'ledger-hook-secret', 'sendgrid-api-key', 'stripe-api-key'];
    assert.deepEqual(await shelf.names(), names, 'over all pages, in order');
    assert.ok(aws.seen.every(({ action, body }) => !action.includes('GetSecret') && body.WithDecryption !== true));
    aws.versions.delete(PEPPER);
    assert.deepEqual(await shelf.names(), names.slice(1), 'a stage without its data stack has none');
  });
});

test('a function takes a rotated secret up after five minutes, or with the first refusal, at one request for all who ask', async () => {
  await withAws(async (aws) => {
    const time = stillClock();
    const secrets = new CachedSecrets((name) => readSecret(aws.manager, `${PREFIX}${name}`), time);
    const get = () => secrets.get('approval-pepper');
    assert.deepEqual(await Promise.all(Array.from({ length: 50 }, get)), Array(50).fill('one'));
    assert.equal(aws.seen.length, 1);
    await writeSecret(aws.manager, PEPPER, 'two');
    time.advance(299_999);
    assert.equal(await get(), 'one');
    time.advance(1);
    assert.equal(await get(), 'two');
    await writeSecret(aws.manager, PEPPER, 'three');
    const use = async (): Promise<string> => {
      const value = await get();
      if (value !== 'three') throw new NovaError('misconfigured', 'refused');
      return value;
    };
    const asked = aws.seen.length;
    const fresh = () => withFreshSecret(secrets, { names: ['approval-pepper'], refusal: 'misconfigured' }, use);
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, fresh)), Array(20).fill('three'));
    assert.equal(aws.seen.length, asked + 1);
  });
});

test('an hour of trouble is not remembered: the next one who asks has it', async () => {
  await withAws(async (aws) => {
    const secrets = new CachedSecrets((name) => readSecret(aws.manager, `${PREFIX}${name}`), stillClock());
    aws.trouble = refusal(500, 'InternalServiceError');
    assert.equal(await codeOf(secrets.get('approval-pepper')), 'unavailable');
    aws.trouble = null;
    assert.equal(await secrets.get('approval-pepper'), 'one');
  });
});
