/** AWS's own files: what a month cost, by service, to the micro-dollar; and what a file may not be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAwsBill } from '../../shared/domain/finance/aws-bill.ts';
import { csvRows } from '../../shared/domain/finance/csv-rows.ts';
import { driftAlarms, trueUpRows } from '../../shared/domain/finance/true-up.ts';

const ASKED = { stage: 'prod', month: null, whole: false } as const;

/** The columns of the report as AWS has written them since 2015. */
const LEGACY = [
  'identity/LineItemId,bill/BillingPeriodStartDate,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/LineItemDescription,resourceTags/user:nova-stage',
  'a,2026-10-01T00:00:00Z,Usage,2026-10-01T00:00:00Z,AWSLambda,USD,0.0000133334,"$0.0000133334 per GB-Second, ""Arm""",prod',
  'b,2026-10-01T00:00:00Z,Usage,2026-10-02T00:00:00Z,AWSLambda,USD,1.2500000000,,prod',
  'c,2026-10-01T00:00:00Z,Usage,2026-10-02T00:00:00Z,AmazonDynamoDB,USD,6.25E-7,,prod',
  'd,2026-10-01T00:00:00Z,Usage,2026-10-02T00:00:00Z,AmazonDynamoDB,USD,6.25E-7,,prod',
  'e,2026-10-01T00:00:00Z,Usage,2026-10-02T00:00:00Z,AWSLambda,USD,4.5,,staging',
  'f,2026-10-01T00:00:00Z,Usage,2026-10-02T00:00:00Z,AmazonEC2,USD,100,"line',
  'break",',
  'g,2026-10-01T00:00:00Z,Credit,2026-10-31T00:00:00Z,AWSLambda,USD,-0.25,,prod',
].join('\r\n');

/** The same in the columns of version 2.0, whose tags are one map. */
const SECOND = [
  'bill_billing_period_start_date,line_item_product_code,line_item_unblended_cost,line_item_currency_code,line_item_usage_start_date,resource_tags',
  '2026-10-01 00:00:00.000,AWSLambda,1.0000133334,USD,2026-10-01 00:00:00.000,"{""user_nova_stage"":""prod"",""user_team"":""a""}"',
  '2026-10-01 00:00:00.000,AmazonDynamoDB,0.00000125,USD,2026-10-01 00:00:00.000,"{""user_nova_stage"":""prod""}"',
  '2026-10-01 00:00:00.000,AWSLambda,4.5,USD,2026-10-01 00:00:00.000,"{""user_nova_stage"":""staging""}"',
  '2026-10-01 00:00:00.000,AmazonEC2,100,USD,2026-10-01 00:00:00.000,',
].join('\n');

const group = (service: string, stage: string, Amount: string) => ({
  Keys: [service, `nova-stage$${stage}`],
  Metrics: { UnblendedCost: { Amount, Unit: 'USD' } },
});
const explorer = (groups: readonly unknown[], tagged = true): string =>
  JSON.stringify({
    GroupDefinitions: [{ Type: 'DIMENSION', Key: 'SERVICE' }, ...(tagged ? [{ Type: 'TAG', Key: 'nova-stage' }] : [])],
    ResultsByTime: [
      { TimePeriod: { Start: '2026-10-01', End: '2026-11-01' }, Total: {}, Groups: groups, Estimated: false },
    ],
  });

const OCTOBER = {
  month: '2026-10',
  // 0.0000133334 + 1.25 − 0.25, and twice 0.000000625.
  services: [
    { service: 'dynamodb', micros: 1 },
    { service: 'lambda', micros: 1_000_013 },
  ],
  otherMicros: 104_500_000,
};

test('a report of either version and the answer of Cost Explorer say the same', () => {
  assert.deepEqual(readAwsBill(LEGACY, ASKED), OCTOBER);
  assert.deepEqual(readAwsBill(`\ufeff${SECOND}`, ASKED), OCTOBER);
  const groups = [
    group('AWS Lambda', 'prod', '1.0000133334'),
    group('Amazon DynamoDB', 'prod', '0.00000125'),
    group('AWS Lambda', 'staging', '4.5'),
    group('EC2 - Other', '', '60'),
    group('Amazon Elastic Compute Cloud - Compute', '', '40'),
  ];
  assert.deepEqual(readAwsBill(explorer(groups), ASKED), OCTOBER);
});

test('a file that says nothing of tags is taken only when all of it is ours', () => {
  const bare = explorer([{ Keys: ['AWS Lambda'], Metrics: { UnblendedCost: { Amount: '2', Unit: 'USD' } } }], false);
  assert.throws(() => readAwsBill(bare, ASKED), /does not say which rows carry the tag nova-stage/);
  assert.deepEqual(readAwsBill(bare, { ...ASKED, whole: true }).services, [{ service: 'lambda', micros: 2_000_000 }]);
  const page =
    'Service,Lambda($),"Key Management Service($)",Total costs($)\nService total,9,9,18\n2026-10-01,2,1.5,3.5\n';
  assert.deepEqual(readAwsBill(page, { ...ASKED, whole: true }).services, [
    { service: 'kms', micros: 1_500_000 },
    { service: 'lambda', micros: 2_000_000 },
  ]);
});

test('the month is the file’s only one, or the one that is asked for', () => {
  const both = `${SECOND}\n2026-11-01 00:00:00.000,AWSLambda,7,USD,2026-11-01 00:00:00.000,"{""user_nova_stage"":""prod""}"`;
  assert.throws(() => readAwsBill(both, ASKED), /say which --month: the file holds 2026-10, 2026-11/);
  assert.deepEqual(readAwsBill(both, { ...ASKED, month: '2026-11' }).services, [
    { service: 'lambda', micros: 7_000_000 },
  ]);
  assert.throws(() => readAwsBill(both, { ...ASKED, month: '2026-09' }), /nothing of 2026-09/);
});

test('what is cut off, in another currency, no number or no bill is refused', () => {
  const refused: [string, RegExp][] = [
    [LEGACY.slice(0, -8), /row 8 is cut off/],
    [LEGACY.replace('break"', 'break'), /quote in the file never ends/],
    [SECOND.replace(',USD,', ',EUR,'), /in EUR/],
    [SECOND.replace('1.0000133334', '1,00'), /cut off/],
    [SECOND.replace('1.0000133334', 'free'), /no number: "free"/],
    ['id,name\n1,a', /no Cost and Usage Report/],
    ['', /no Cost and Usage Report/],
    ['{"a":1}', /no answer of Cost Explorer/],
    ['{', /not JSON/],
  ];
  for (const [text, why] of refused) assert.throws(() => readAwsBill(text, ASKED), why);
});

test('rows keep what stands between quotes, and a last empty field', () => {
  assert.deepEqual(
    [...csvRows('a,"b ""c""\nd",\n\n1,2,3\r\n,,')],
    [
      ['a', 'b "c"\nd', ''],
      ['1', '2', '3'],
      ['', '', ''],
    ],
  );
});

test('drift is billed less booked; two per cent of what runs were charged, or a dollar a day of anything, is told', () => {
  const sums = (record: Record<string, number>) => new Map(Object.entries(record));
  const rows = trueUpRows(
    sums({ lambda: 10_000_000, dynamodb: 31_000_001, kms: 1_000_000, ecs: 5_100_000 }),
    sums({ lambda: 9_800_000, ecs: 5_202_001 }),
    sums({ kms: 400_000 }),
  );
  assert.deepEqual(
    rows.map(({ service, driftMicros, driftBps, deltaMicros }) => [service, driftMicros, driftBps, deltaMicros]),
    [
      ['dynamodb', 31_000_001, 10_000, 31_000_001],
      ['lambda', 200_000, 200, 200_000],
      ['ecs', -102_001, -200, -102_001],
      ['kms', 1_000_000, 10_000, 600_000],
    ],
  );
  // Exactly 2 % is not more; a hundredth of a cent beyond it is.
  assert.deepEqual(driftAlarms(rows, 31), [
    'dynamodb: AWS billed $31.000001 (100.0 %) more than was booked: more than $1 a day',
    'ecs: AWS billed $0.102001 (2.0 %) less than was booked: more than 2 %',
    'all: AWS billed $32.098 (68.1 %) more than was booked: more than $1 a day',
  ]);
  assert.deepEqual(driftAlarms(rows.slice(1, 2), 31), []);
});
