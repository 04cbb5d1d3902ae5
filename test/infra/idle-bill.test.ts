/** Nothing may cost by standing there. The bill comes from the templates, so a new resource cannot hide in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BillTemplate, billText, idleBill, runsPerMonth } from '../../infra/aws/idle-bill.ts';
import { computeNanosPerSecond } from '../../infra/aws/site.ts';
import { STAGE_TAG } from '../../shared/domain/finance/aws-bill.ts';
import { resources, synthesized } from './synthesized.ts';

const near = (actual: number, wanted: number): void =>
  assert.ok(Math.abs(actual - wanted) < 0.005, `${actual} is not ${wanted}`);

test('the idle stack costs at most $5 a month after the lasting free allowances', () => {
  const { data, work } = synthesized();
  const bill = idleBill([data, work] as BillTemplate[]);
  assert.ok(bill.usd <= 5, billText(bill));
  // The performance goals stretch for $2; a secret that the deployment makes by itself is worth 40 cents more, and what
  // the sweep really reads each minute 36. Thirteen alarms beyond the free ones are $1.30.
  const made = bill.lines.filter(({ price }) => price === 'secret').reduce((sum, { usd }) => sum + usd, 0);
  assert.ok(bill.usd - made <= 3.1 && made <= 0.4, billText(bill));
  assert.ok(bill.listUsd >= bill.usd);
});

test('the firewall is what costs, when someone wants it', () => {
  const { data, work } = synthesized({ waf: true });
  const without = synthesized();
  const more =
    idleBill([data, work] as BillTemplate[]).usd - idleBill([without.data, without.work] as BillTemplate[]).usd;
  // Five for the list, one for each of its three rules.
  near(more, 8);
});

test('a NAT gateway that somebody adds shows as 32 dollars', () => {
  const { data, work } = synthesized();
  const before = idleBill([data, work] as BillTemplate[]).usd;
  const nat = { Resources: { Nat: { Type: 'AWS::EC2::NatGateway' } } };
  near(idleBill([data, work, nat] as BillTemplate[]).usd - before, 32.4);
});

test('allowances are shared by all lines of a price, once', () => {
  const mapping = { Type: 'AWS::Lambda::EventSourceMapping' };
  const bill = idleBill([{ Resources: { a: mapping, b: mapping, c: mapping } }]);
  const polls = bill.lines.filter(({ price }) => price === 'sqsRequest');
  near(
    polls.reduce((sum, { listUsd }) => sum + listUsd, 0),
    0.7776,
  );
  near(
    polls.reduce((sum, { usd }) => sum + usd, 0),
    0.3776,
  );
});

test('an alarm on three metrics counts as three', () => {
  const alarms = Object.fromEntries(
    Array.from({ length: 4 }, (_, n) => [
      `a${n}`,
      { Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics: [1, 2, 3] } },
    ]),
  );
  near(
    idleBill([{ Resources: alarms }]).lines.reduce(
      (sum, { price, usd }) => sum + (price === 'alarmMetric' ? usd : 0),
      0,
    ),
    0.2,
  );
});

test('a type that nobody has priced stops the bill', () => {
  const template = { Resources: { Search: { Type: 'AWS::OpenSearchService::Domain' } } };
  assert.throws(
    () => idleBill([template]),
    /Search: nobody has said what an idle AWS::OpenSearchService::Domain costs/,
  );
});

test('schedules are counted by their expression', () => {
  assert.equal(runsPerMonth('rate(1 minute)'), 43_200);
  assert.equal(runsPerMonth('rate(2 hours)'), 360);
  assert.equal(runsPerMonth('cron(30 * * * ? *)'), 720);
  assert.equal(runsPerMonth('cron(5 0 * * ? *)'), 30);
  assert.equal(runsPerMonth('cron(0/15 * * * ? *)'), 43_200);
});

test('whatever can carry it has the tag by which the bill is told from others', () => {
  const { data, work } = synthesized();
  const tagged = [data, work].flatMap((template) =>
    resources(template, 'AWS::DynamoDB::GlobalTable', 'AWS::Lambda::Function', 'AWS::SQS::Queue', 'AWS::KMS::Key'),
  );
  const tagsOf = (properties: object): { Key: string; Value: string }[] => {
    const found = JSON.stringify(properties).match(/"Tags":(\[\{[^\]]*\])/)?.[1];
    return found ? JSON.parse(found) : [];
  };
  assert.ok(tagged.length > 10);
  for (const { id, Properties } of tagged)
    assert.ok(
      tagsOf(Properties).some(({ Key, Value }) => Key === STAGE_TAG && Value === 'test'),
      id,
    );
});

test('a second of a run is charged at the price of its memory, rounded up', () => {
  assert.equal(computeNanosPerSecond(1024), 13_334);
  assert.equal(computeNanosPerSecond(512), 6667);
});
