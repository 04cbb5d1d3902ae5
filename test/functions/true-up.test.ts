/** The monthly true-up: one entry a month and service, the same import twice books nothing, a later bill the difference. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { nova } from '../fixtures/cli-world.ts';
import { financeWorld, hasAgent, hasRuns } from '../fixtures/finance-world.ts';
import { ask, type Rows, rowsOf, usd, type Value } from '../fixtures/november-books.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-true-up-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A report of October with these costs, as AWS delivers it: gzipped. */
function report(costs: Readonly<Record<string, string>>, stage = 'prod'): string {
  const head = 'bill/BillingPeriodStartDate,lineItem/ProductCode,lineItem/UnblendedCost,resourceTags/user:nova-stage';
  const rows = Object.entries(costs).map(([code, cost]) => `2026-10-01T00:00:00Z,${code},${cost},${stage}`);
  const path = join(folder, `${++files}.csv.gz`);
  writeFileSync(path, gzipSync([head, ...rows].join('\n')));
  return path;
}

/** Two runs in October, one in November; each a second of compute at $0.001. */
async function october() {
  const cli = financeWorld('UTC', '2026-11-05T12:00:00Z');
  Object.assign(cli.world.settings, { computeNanosPerSecond: 1_000_000 });
  await hasAgent(cli, 'shop', { since: '2026-10-01T00:00:00Z' });
  const run = (at: string) => ({ at, usd: 1001n });
  await hasRuns(cli, 'shop', ['2026-10-05T00:00:00Z', '2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z'].map(run));
  return cli;
}

test('what AWS billed beyond the compute of runs is booked once per service, and again only by the difference', async () => {
  const cli = await october();
  const file = report({ AWSLambda: '0.0025', AmazonDynamoDB: '0.75' });
  const first = await ask(cli, `finance trueup --file ${file}`);
  assert.deepEqual(rowsOf(first.services, 'id', 'billedMicros', 'bookedMicros', 'driftMicros', 'deltaMicros'), [
    ['dynamodb', 0.75, 0, 0.75, 0.75],
    ['lambda', 0.0025, 0.002, 0.0005, 0.0005],
  ]);
  assert.deepEqual(
    [first.id, first.entries],
    ['2026-10', ['manual:aws-2026-10-dynamodb', 'manual:aws-2026-10-lambda']],
  );
  assert.deepEqual(first.alarms, ['lambda: AWS billed $0.0005 (20.0 %) more than was booked: more than 2 %']);
  const again = await ask(cli, `finance trueup --file ${file}`);
  assert.deepEqual([again.deltaMicros, again.entries], [0, []]);
  // The final bill: a discount on one, another service, and nothing of the first any more.
  const final = await ask(cli, `finance trueup --file ${report({ AmazonDynamoDB: '0.70', awskms: '1' })}`);
  assert.deepEqual(rowsOf(final.services, 'id', 'deltaMicros'), [
    ['kms', 1],
    ['dynamodb', -0.05],
    ['lambda', -0.0025],
  ]);
  assert.deepEqual(final.entries, [
    'manual:aws-2026-10-kms',
    'manual:aws-2026-10-dynamodb-2',
    'manual:aws-2026-10-lambda-2',
  ]);
  const entries = (await ask(cli, 'ledger list --source manual --period all')) as unknown as Rows;
  const sum = entries.reduce((total, { amountMicros }) => total + Number(amountMicros), 0);
  // 0.70 and 1.00 of the bill, less the 0.002 that runs have paid for and AWS has not asked for.
  assert.equal(sum, -1_698_000);
  assert.ok(entries.every(({ kind, agentId, method }) => kind === 'cost' && agentId === null && method === 'house'));
  assert.equal((await ask(cli, 'finance attribution')).openCount, 0);
  const pnl = await ask(cli, 'finance pnl --from 2026-10-01 --to 2026-10-31');
  assert.equal(usd(pnl.feeMicros), 1.698);
  assert.equal((await ask(cli, 'ledger verify')).valid, true);
  const audit = (await ask(cli, 'audit list --entity ledger:book')) as unknown as Value[];
  assert.equal(audit.length, 5);
  assert.equal((await ask(cli, 'audit verify')).valid, true);
});

test('a dry run and a bill of another stage book nothing; answers fit 80 columns', async () => {
  const cli = await october();
  const file = report({ AWSLambda: '12.5', AmazonCloudWatch: '1234567.89' });
  const { out } = await nova(cli, ['finance', 'trueup', '--file', file, '--dry-run']);
  assert.match(out, /nothing was booked: --dry-run/);
  assert.match(out, /cloudwatch: AWS billed \$1,234,567\.89 \(100\.0 %\) more than was booked: more than\s+\$1/);
  assert.ok(
    out.split('\n').every((line) => line.length <= 80),
    out,
  );
  const other = await ask(cli, `finance trueup --file ${report({ AWSLambda: '9' }, 'staging')} --dry-run`);
  assert.deepEqual([usd(other.otherMicros), usd(other.billedMicros)], [9, 0]);
  assert.equal(((await ask(cli, 'ledger list --period all')) as unknown as Rows).length, 0);
  assert.equal((await nova(cli, ['finance', 'trueup', '--file', join(folder, 'none.csv')])).code, 2);
  assert.equal((await nova(cli, ['finance', 'trueup', '--file', file, '--month', '10/2026'])).code, 2);
});

test('said twice at once it is booked once', async () => {
  const cli = await october();
  const file = report({ AWSLambda: '3', AmazonDynamoDB: '0.75' });
  const both = await Promise.all([1, 2, 3].map(() => ask(cli, `finance trueup --file ${file}`)));
  assert.equal(both.flatMap(({ entries }) => entries as unknown[]).length, 2);
  assert.equal((await ask(cli, 'ledger verify')).valid, true);
});

test('a file that unpacks without end, holds no bill, or amounts beyond any, books nothing and says what is wrong', async () => {
  const cli = await october();
  const written = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, `${++files}-${name}`);
    writeFileSync(path, content);
    return path;
  };
  const member = gzipSync(Buffer.alloc(16 * 1_048_576));
  const grouped = { GroupDefinitions: [{ Type: 'DIMENSION', Key: 'SERVICE' }] };
  const costs = (Start: unknown, Keys: unknown, Amount: unknown) => {
    const Groups = [{ Keys, Metrics: { UnblendedCost: { Amount, Unit: 'USD' } } }];
    return JSON.stringify({ ...grouped, ResultsByTime: [{ TimePeriod: { Start }, Groups }] });
  };
  const cases: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['bomb.csv.gz', Buffer.concat(Array<Buffer>(17).fill(member)), /larger than/],
    ['huge.json', costs('2026-10-01', ['AWS Lambda'], '1e20'), /larger than any bill/],
    ['huge-minus.json', costs('2026-10-01', ['AWS Lambda'], '-999999999999999'), /larger than any bill/],
    ['date.json', costs('garbage', ['AWS Lambda'], '1'), /a date in the file is none: "garbage"/],
    ['month.json', costs('2026-13-01', ['AWS Lambda'], '1'), /"2026-13"/],
    ['number.json', costs(5, ['AWS Lambda'], '1'), /parts are missing/],
    ['key.json', costs('2026-10-01', [{}], '1'), /parts are missing/],
    ['null.json', JSON.stringify({ ...grouped, ResultsByTime: [null] }), /parts are missing/],
    ['groups.json', JSON.stringify({ GroupDefinitions: [null], ResultsByTime: [] }), /parts are missing/],
  ];
  for (const [name, content, wrong] of cases) {
    const { code, err } = await nova(cli, ['finance', 'trueup', '--whole', '--file', written(name, content)]);
    assert.equal(code, 2, `${name}: ${err}`);
    assert.match(err, wrong, name);
  }
  assert.deepEqual((await ask(cli, 'ledger list')) as unknown, []);
});
