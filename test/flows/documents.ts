/**
 * Every command that a document tells somebody to type is typed here, in the order of the page, into a terminal without
 * AWS: against an engine with a small prepared world, or up to the point where an account is needed. What is left out
 * stands in a list, with its reason.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openHome } from '../../infra/local/embedded.ts';
import { watchAlerts } from '../../shared/jobs/watch-alerts.ts';
import { childEnv, searchPath } from '../../shared/runtime/env.ts';
import { addOperator } from '../../shared/store/operator-store.ts';
import { addPasskey } from '../../shared/store/passkey-store.ts';
import { commandsOf, type DOCUMENTS } from '../fixtures/documents.ts';
import { gumroadServer } from '../fixtures/gumroad-server.ts';
import { event, paymentIntent, text } from '../fixtures/stripe-events.ts';
import { stripeServer } from '../fixtures/stripe-server.ts';

const ROOT = join(import.meta.dirname, '../..');
const NOVA = join(ROOT, 'cli/nova.ts');

/** Not typed here, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'npm ci && npm test': 'it is what runs this',
  'npm ci': 'it loads from the network what is installed already',
  'npm ci --ignore-scripts': 'the same',
  'git pull': 'it changes the folder under the test',
  'git pull && npm ci': 'it changes the folder under the test',
  'npm run check': 'it runs this',
  'nova policy apply <folder>':
    'it compiles with OPA, which is no part of NovaOS: test/functions has it with a compiled file',
  'npx cdk deploy --all': 'the CDK’s own command, of an account',
  'npm run bench': 'it takes minutes and changes nothing: test/bench',
  './nova start --engine rehearsal': 'test/flows/rehearsal.test.ts starts it where its stand-ins are',
  'aws lambda get-account-settings --query AccountLimit': 'AWS’s own command, of an account',
};
const isLeftOut = (line: string): boolean => LEFT_OUT[line] !== undefined || line.startsWith('aws ');

/** What a command ends with where it is not 0, and why that is right. */
const ENDS: Readonly<Record<string, readonly [code: number, said: RegExp]>> = {
  'nova policy apply settings.json': [5, /it waits for approval/],
  './nova policy eval agent:retire --actor cli:bob': [4, /deny/],
  // The page says that this one needs https: a stage on AWS, or a tunnel.
  './nova connector connect gumroad': [2, /must reach the address over https.*--url/],
};

/** What the account would have been asked next: there each of them stops, with these words and nothing changed. */
const NO_ACCOUNT = /no AWS region is set → export AWS_REGION|AWS knows no credentials of yours → aws sso login/;

type Ended = { readonly code: number; readonly out: string; readonly err: string };
type Shell = { readonly cwd: string; readonly env: Record<string, string> };

function run(words: readonly string[], { cwd, env }: Shell, input = ''): Promise<Ended> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { cwd, env });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  child.stderr.on('data', (chunk) => (said.err += chunk));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 130, ...said }));
  });
}

/** Without AWS of any kind: no keys, no file that names some, and nobody who is asked over the network. */
const WITHOUT_AWS = { AWS_EC2_METADATA_DISABLED: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' };

type Page = (typeof DOCUMENTS)[number];
type World = Shell & {
  readonly home: string;
  nova(...words: string[]): Promise<Ended>;
  close(): Promise<void>;
};

const VENDOR_KEY = 'sk_test_ofNobodyAtAll0000000000';

/** A fleet that has worked, a dead letter, an alert, a payment that is nobody's, a passkey: and an engine on it. */
async function preparedWorld(page: Page): Promise<World> {
  const cwd = mkdtempSync(join(tmpdir(), 'nova-documents-'));
  const home = join(cwd, 'home');
  writeFileSync(join(cwd, 'nova'), `#!/bin/sh\nexec '${process.execPath}' '${NOVA}' "$@"\n`, { mode: 0o755 });
  const stripe = await stripeServer({ moves: [], checkouts: [] }, VENDOR_KEY);
  const gumroad = await gumroadServer(VENDOR_KEY);
  const env = childEnv({
    ...{ ...WITHOUT_AWS, HOME: cwd, NOVA_HOME: home, PATH: `${cwd}:${searchPath()}` },
    ...{ NOVA_STRIPE_URL: stripe.url, NOVA_GUMROAD_URL: gumroad.url },
  });
  const nova = (...words: string[]): Promise<Ended> =>
    run([process.execPath, NOVA, ...words], { cwd, env }, VENDOR_KEY);
  await wrongThings(home, page === 'docs/approvals.md');
  const engine = spawn(process.execPath, [NOVA, 'start', '--port', '0', '--json'], { cwd, env, stdio: 'ignore' });
  const close = async (): Promise<void> => {
    engine.kill('SIGINT');
    await new Promise((resolve) => engine.once('close', resolve));
    await Promise.all([stripe.close(), gumroad.close()]);
    rmSync(cwd, { recursive: true, force: true });
  };
  try {
    await until(async () => existsSync(join(home, 'local.json')), 'an engine');
    await aFleet(nova, page);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { cwd, env, home, nova, close };
}

/** What only something that went wrong leaves behind, before the engine starts. */
async function wrongThings(home: string, people: boolean): Promise<void> {
  const { world, queues, close } = await openHome(home);
  await queues.runs.send({ kind: 'of another system' } as never);
  const [delivery] = await queues.runs.receive({ max: 1, waitSeconds: 0 });
  assert.ok(delivery);
  await queues.runs.quarantine(delivery, 'unreadable');
  await watchAlerts(world);
  const body = text(
    event('payment_intent.succeeded', paymentIntent({ id: 'pi_123', amount: 2_000, currency: 'usd', metadata: {} })),
  );
  await world.revenue.send({ v: 1, kind: 'stripe', receivedAt: world.time.now(), body });
  const passkey = {
    ...{ id: '3q2-7w', publicKey: 'AA', counter: 0, transports: [], label: 'phone', rpId: 'localhost' },
    ...{ createdAt: world.time.now(), lastUsedAt: null },
  };
  // With a second person changes of the rules wait for somebody else: where a page is about people alone.
  if (people) {
    const carol = { id: 'carol', name: 'Carol', email: 'carol@example.com', roles: ['viewer'], logins: [] } as const;
    await addOperator(world, carol, `cli:${userInfo().username}`);
    await addPasskey(world, 'owner', { passkey, also: [] });
  }
  await close();
}

const EARNS = '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}';

async function aFleet(nova: World['nova'], page: Page): Promise<void> {
  const must = async (...words: string[]): Promise<Ended> => {
    const ended = await nova(...words);
    assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.err}`);
    return ended;
  };
  for (const name of ['shop', 'writer', 'mailer'])
    await must('agent', 'deploy', 'lab.scripted', '--name', name, '--config', EARNS);
  await must('run', 'now', 'shop', '--times', '2');
  for (const name of ['gumroad-access-token', 'stripe-api-key']) await must('secret', 'set', name);
  await must('secret', 'set', 'channel-desk');
  if (page === 'docs/runbook.md') await must('channel', 'add', 'ops', '--kind', 'email', '--to', 'ops@nova.test');
  await must('channel', 'add', 'desk', '--kind', 'webhook', '--to', 'http://127.0.0.1:9/desk', '--inside');
  // Dear: the gate asks the owner.
  const dear = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.50"}]}', '--schedule', 'rate(10 minutes)'];
  const asked = await nova('agent', 'deploy', 'lab.scripted', '--name', 'risky', ...dear, '--expected-roi', '300');
  assert.equal(asked.code, 5, asked.err);
  await until(async () => JSON.parse((await nova('approval', 'list', '--json')).out).length > 0, 'a request');
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(100)) if (await holds()) return;
  assert.fail(`never: ${what}`);
}

const idOf = async (nova: World['nova'], ...words: string[]): Promise<string> =>
  String((JSON.parse((await nova(...words, '--json')).out) as readonly { id: string }[])[0]?.id);

/** The line with names of this world where a page has a placeholder or an example of an id. */
async function filled(line: string, world: World): Promise<string> {
  const { nova } = world;
  if (line.includes('settings.json')) await settingsFile(world);
  if (line.includes('bill.csv')) writeFileSync(join(world.cwd, 'bill.csv'), BILL);
  const names: readonly (readonly [RegExp, () => Promise<string> | string])[] = [
    [/(?<=alert ack )<id>/, () => idOf(nova, 'alert', 'list')],
    [/(?<=approval \w+ )<id>/, () => idOf(nova, 'approval', 'list')],
    [/(?<=run receipt )(<id>|<run>|winner\.0\.\w+)/, () => idOf(nova, 'run', 'list', 'shop')],
    [/(?<=secret set )<name>/, () => 'sendgrid-api-key'],
    [/(?<=channel test )<name>/, () => 'desk'],
    [/channel-<name>/, () => 'channel-desk'],
    // Another one is paused than the one that is run afterwards.
    [/(?<=agent pause )<agent>/, () => 'mailer'],
    [/<agent>/, () => 'shop'],
    [/<scope>/, () => 'fleet'],
    [/<queue>/, () => 'runs'],
    [/<vendor>/, () => 'stripe'],
    [/<stage>/, () => 'prod'],
    [/<account>:assumed-role\/<role>\/<session>/, () => '123456789012:assumed-role/Operator/bob'],
  ];
  let text = line;
  for (const [placeholder, name] of names) if (placeholder.test(text)) text = text.replace(placeholder, await name());
  assert.doesNotMatch(text, /<\w+>/, `nobody knows what to put in: ${line}`);
  return text;
}

/** As the page on rules says: what `nova policy show` prints as settings is what `nova policy apply` takes. */
async function settingsFile({ nova, cwd }: World): Promise<void> {
  const { settings } = JSON.parse((await nova('policy', 'show', '--json')).out) as { settings: object };
  writeFileSync(join(cwd, 'settings.json'), JSON.stringify({ ...settings, operationMicros: 4_000_000 }));
}

/** A report of AWS, as `nova finance trueup` reads it. */
const BILL = [
  'lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/CurrencyCode,lineItem/UnblendedCost,resourceTags/user:nova-stage',
  'Usage,2026-10-01T00:00:00Z,AWSLambda,USD,1.25,local',
].join('\n');

/** What is said of a command rather than typed: then its help must be there. */
const MENTIONED: readonly string[] = [
  ...['nova policy eval', 'nova autonomy set', 'nova audit verify --file', './nova agent show', './nova run receipt'],
];

async function typedIn(line: string, world: World): Promise<Ended> {
  const typed = (await filled(line, world)).replace(/^npm ci && /, '');
  if (MENTIONED.includes(line)) return run(['sh', '-c', `${typed} --help`], world);
  if (typed.startsWith('npm run synth'))
    return run(['sh', '-c', `npm run synth -- -o ${join(world.cwd, 'cdk.out')}`], { ...world, cwd: ROOT });
  if (typed === 'npm start') return started(world);
  return run(['sh', '-c', typed], world, VENDOR_KEY);
}

/** Comes up with a demo fleet in a home of its own, and ends when it is interrupted. */
async function started({ env, cwd }: World): Promise<Ended> {
  const home = join(cwd, 'demo');
  const child = spawn(process.execPath, [NOVA, 'start', '--demo', '--port', '0'], {
    cwd: ROOT,
    env: { ...env, NOVA_HOME: home },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  child.stderr.on('data', (chunk) => (said.err += chunk));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  await until(async () => existsSync(join(home, 'local.json')), 'an engine');
  child.kill('SIGINT');
  return { code: (await closed) ?? 130, ...said };
}

/** All commands of one page, in its order. */
export function typeAll(document: Page): void {
  const lines = commandsOf(document);
  if (lines.length === 0) return;
  describe(document, () => {
    let world: World;
    before(async () => {
      world = await preparedWorld(document);
    });
    after(() => world?.close());
    for (const line of lines) {
      if (isLeftOut(line)) continue;
      test(line, async () => {
        const { code, out, err } = await typedIn(line, world);
        const said = `${code}\n${out}${err}`;
        const [expected, words] = needsAccount(line) ? ([1, NO_ACCOUNT] as const) : (ENDS[line] ?? ([0, /./] as const));
        assert.equal(code, expected, said);
        assert.match((out + err).replace(/\s+/g, ' '), words, said);
      });
    }
  });
}

const needsAccount = (line: string): boolean => line.includes('--stage ') || line.includes('nova cloud ');
