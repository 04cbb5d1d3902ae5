/** What is looked at before a deploy, against servers that answer as the AWS services and SendGrid do. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { accountChecks, stageChecks } from '../../cli/cloud-checks.ts';
import { senderState } from '../../shared/connectors/sendgrid-sender.ts';
import { pointAwsAt } from '../../shared/runtime/env.ts';
import { cliWorld, nova } from '../fixtures/cli-world.ts';

type Answer = { readonly status?: number; readonly type?: string; readonly body: string };
type Account = {
  readonly sts?: Answer;
  readonly concurrency?: number;
  readonly bootstrap?: string;
  readonly stacks?: Readonly<Record<string, string>>;
};

const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/founder</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>`;
const error = (code: string, message: string, root = 'ErrorResponse'): string =>
  `<${root}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></${root}>`;

function answerOf(
  account: Account,
  { path, target, form }: { path: string; target: string; form: URLSearchParams },
): Answer {
  if (form.get('Action') === 'GetCallerIdentity') return account.sts ?? { body: IDENTITY };
  if (form.get('Action') === 'DescribeStacks') {
    const name = form.get('StackName') ?? '';
    const status = account.stacks?.[name];
    if (!status) return { status: 400, body: error('ValidationError', `Stack with id ${name} does not exist`) };
    const stack = `<member><StackName>${name}</StackName><StackStatus>${status}</StackStatus><CreationTime>2026-11-20T08:00:00Z</CreationTime></member>`;
    return {
      body: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    };
  }
  if (target.endsWith('GetParameter')) {
    if (account.bootstrap === undefined)
      return { status: 400, type: 'application/x-amz-json-1.1', body: '{"__type":"ParameterNotFound"}' };
    return { type: 'application/x-amz-json-1.1', body: JSON.stringify({ Parameter: { Value: account.bootstrap } }) };
  }
  assert.match(path, /account-settings/);
  const limit = { AccountLimit: { ConcurrentExecutions: account.concurrency ?? 1000 } };
  return { type: 'application/json', body: JSON.stringify(limit) };
}

async function serving<T>(
  answer: (request: IncomingMessage, body: string) => Answer,
  work: (url: string) => Promise<T>,
) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { status = 200, type = 'text/xml', body: text } = answer(request, body);
    response.writeHead(status, { 'content-type': type }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function checksOf(account: Account) {
  const answer = (request: IncomingMessage, body: string): Answer =>
    answerOf(account, {
      path: request.url ?? '',
      target: String(request.headers['x-amz-target'] ?? ''),
      form: new URLSearchParams(body),
    });
  return serving(answer, async (url) => {
    const keys = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' };
    pointAwsAt({ ...keys, AWS_ENDPOINT_URL: url, AWS_MAX_ATTEMPTS: '1' });
    return accountChecks('prod');
  });
}

const told = (checks: Awaited<ReturnType<typeof checksOf>>) =>
  Object.fromEntries(checks.map((one) => [one.id, one.status]));

test('an account that is ready says so, with who asks and where', async () => {
  const stacks = { 'nova-prod-data': 'CREATE_COMPLETE', 'nova-prod-work': 'UPDATE_COMPLETE' };
  const checks = await checksOf({ bootstrap: '31', stacks });
  assert.deepEqual(told(checks), { credentials: 'ok', bootstrap: 'ok', quota: 'ok', stacks: 'ok' });
  assert.match(checks[0]?.message ?? '', /user\/founder in 111122223333, eu-central-1/);
});

test('a new account is told what to do: bootstrap it, and ask for more invocations at a time', async () => {
  const checks = await checksOf({ concurrency: 10 });
  assert.deepEqual(told(checks), { credentials: 'ok', bootstrap: 'failed', quota: 'warning', stacks: 'ok' });
  assert.equal(checks[1]?.fix, 'nova cloud bootstrap');
  assert.match(checks[3]?.message ?? '', /nova-prod-data is not there/);
});

test('credentials that do not hold end the list, with how to get others', async () => {
  const sts = {
    status: 403,
    body: error('InvalidClientTokenId', 'The security token included in the request is invalid'),
  };
  const checks = await checksOf({ sts });
  assert.deepEqual(told(checks), { credentials: 'failed' });
  assert.match(checks[0]?.fix ?? '', /aws sso login/);
});

test('a stack that no deploy can leave by itself stands in the way', async () => {
  const checks = await checksOf({ bootstrap: '31', stacks: { 'nova-prod-data': 'UPDATE_ROLLBACK_FAILED' } });
  assert.equal(told(checks).stacks, 'failed');
  const busy = await checksOf({ bootstrap: '31', stacks: { 'nova-prod-work': 'UPDATE_IN_PROGRESS' } });
  assert.match(busy.at(-1)?.fix ?? '', /only has to be waited for/);
});

const sendgrid =
  (results: object[], domains: object[]) =>
  (request: IncomingMessage): Answer => {
    assert.equal(request.headers.authorization, 'Bearer SG.key');
    const body = request.url === '/v3/verified_senders' ? { results } : domains;
    return { type: 'application/json', body: JSON.stringify(body) };
  };

test('a sender is verified by itself or by its domain, and otherwise mails would be refused', async () => {
  const look = (results: object[], domains: object[]) =>
    serving(
      sendgrid(results, domains),
      async (baseUrl) => (await senderState({ apiKey: 'SG.key', sender: 'Nova@your.org', baseUrl })).state,
    );
  assert.equal(await look([{ from_email: 'nova@your.org', verified: true }], []), 'verified');
  assert.equal(
    await look([{ from_email: 'nova@your.org', verified: false }], [{ domain: 'your.org', valid: true }]),
    'verified',
  );
  assert.equal(await look([], [{ domain: 'your.org', valid: false }]), 'unverified');
  const refused = await serving(
    () => ({ status: 403, body: '{}' }),
    (baseUrl) => senderState({ apiKey: 'SG.key', sender: 'nova@your.org', baseUrl }),
  );
  assert.deepEqual([refused.state, refused.why], ['unknown', 'SendGrid answered 403 to /v3/verified_senders']);
});

test('a stage without its secrets is told what it cannot do', async () => {
  const world = { settings: { senderEmail: 'nova@your.org' }, secrets: { get: async () => 'SG.key' } };
  const bare = await stageChecks(world, []);
  assert.deepEqual(
    bare.map(({ id, status }) => [id, status]),
    [
      ['sendgrid-api-key', 'warning'],
      ['stripe-webhook-secret', 'warning'],
    ],
  );
  await serving(sendgrid([{ from_email: 'nova@your.org', verified: true }], []), async (url) => {
    const checks = await stageChecks(world, ['sendgrid-api-key', 'stripe-webhook-secret'], url);
    assert.deepEqual(
      checks.map(({ status }) => status),
      ['ok', 'ok', 'ok'],
    );
  });
});

test('what is no name of a stage reaches neither the account nor the CDK', async () => {
  for (const stage of [
    '*',
    'Prod',
    'a',
    'prod-',
    '-x',
    'prod work',
    'prod*',
    '../prod',
    'p'.repeat(17),
    'prød',
    'prod\nx',
  ]) {
    for (const verb of ['deploy', 'diff', 'status', 'destroy']) {
      const words = ['--stage', stage, 'cloud', verb, ...(verb === 'destroy' ? ['--yes'] : [])];
      const { code, err } = await nova(cliWorld(), words);
      assert.deepEqual([code, err.includes('a stage has 2 to 16')], [2, true], `${verb} ${stage}: ${err}`);
    }
  }
});
