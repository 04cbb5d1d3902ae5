/** Who is woken by what: an alarm for each function and each queue, with words that lead to the runbook. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BillTemplate, idleBill } from '../../infra/aws/idle-bill.ts';
import { functions, queues } from '../../infra/topology.ts';
import { isRule, RULE_IDS, RULES, todoFor } from '../../shared/domain/alert/register.ts';
import { fleetMetrics } from '../../shared/jobs/fleet-metrics.ts';
import { cliWorld } from '../fixtures/cli-world.ts';
import { CHOICES, type Resource, resources, synthesized } from './synthesized.ts';

const { data, work } = synthesized();
const alarms = resources(work, 'AWS::CloudWatch::Alarm');
const textOf = ({ Properties }: Resource): string => String(Properties.AlarmDescription);
const watchedBy = ({ Properties }: Resource): string => JSON.stringify(Properties.Dimensions ?? []);
const sectionOf = (alarm: Resource): string => /docs\/runbook\.md#(\w+)$/.exec(textOf(alarm))?.[1] ?? '';
const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');

/** Of one alarm: it watches the thing, says who is hurt, what to do and where more is written. */
const tellsOf = (alarm: Resource, hurt: string): boolean => {
  const rule = sectionOf(alarm);
  return isRule(rule) && textOf(alarm).includes(hurt) && textOf(alarm).includes(RULES[rule].hurts);
};

test('each function has an alarm that says who is hurt when it fails', () => {
  for (const { name, on, errorImpact } of functions) {
    const { id = '' } =
      'queue' in on
        ? (resources(work, 'AWS::SQS::Queue').find(
            ({ Properties }) => Properties.QueueName === `nova-test-${on.queue}-dead`,
          ) ?? {})
        : { id: `nova-test-${name}` };
    const found = alarms.filter(
      (alarm) => watchedBy(alarm).includes(id) || watchedBy(alarm).includes(`nova-test-${name}"`),
    );
    assert.ok(
      found.some((alarm) => tellsOf(alarm, `${name}: ${errorImpact}`)),
      `nobody is told that ${name} fails`,
    );
  }
});

test('each queue has an alarm: the polled ones for what waits, those of dead letters for one that is there', () => {
  const all = resources(work, 'AWS::SQS::Queue').map(({ id, Properties }) => ({
    id,
    name: String(Properties.QueueName),
  }));
  assert.equal(all.length, 2 * queues.length + 1);
  for (const { id, name } of all) {
    const [alarm, ...more] = alarms.filter((one) => watchedBy(one).includes(`"${id}"`) || watchedBy(one).includes(id));
    assert.ok(alarm && more.length === 0, `${name} has ${more.length + (alarm ? 1 : 0)} alarms`);
    const isDead = name.endsWith('-dead');
    const metric = isDead ? 'ApproximateNumberOfMessagesVisible' : 'ApproximateAgeOfOldestMessage';
    assert.equal(alarm.Properties.MetricName, metric, name);
    assert.equal(alarm.Properties.Threshold, isDead ? 1 : 3600, name);
    const rule = isDead ? (name.includes('schedules') ? 'schedule_dead_letters' : 'dead_letters') : 'oldest_message';
    assert.equal(sectionOf(alarm), rule, name);
  }
});

const metricOf = (metric: string): readonly Resource[] =>
  alarms.filter(({ Properties }) => Properties.MetricName === metric);
const functionOf = ({ Properties }: Resource): unknown =>
  (Properties.Dimensions as { Name: string; Value: unknown }[]).find(({ Name }) => Name === 'FunctionName')?.Value;

test('what time wakes has an alarm at four fifths of its time, over one cycle, that ends when it was faster', () => {
  const slow = metricOf('Duration');
  const woken = functions.filter(({ on }) => 'schedule' in on);
  assert.deepEqual(slow.map(functionOf).sort(), woken.map(({ name }) => `nova-test-${name}`).sort());
  for (const { name, timeoutSeconds, errorImpact } of woken) {
    const alarm = slow.find((one) => functionOf(one) === `nova-test-${name}`) ?? assert.fail(name);
    const { Threshold, Statistic, EvaluationPeriods, TreatMissingData } = alarm.Properties;
    assert.equal(Threshold, timeoutSeconds * 1000 * 0.8, name);
    assert.deepEqual([Statistic, EvaluationPeriods, TreatMissingData], ['Maximum', 1, 'notBreaching'], name);
    assert.equal(sectionOf(alarm), name === 'sweep' ? 'slow_sweep' : 'slow_function');
    if (name !== 'sweep') assert.ok(textOf(alarm).startsWith(`${name}: ${errorImpact}`), textOf(alarm));
  }
  const period = (name: string): unknown =>
    slow.find((one) => functionOf(one) === `nova-test-${name}`)?.Properties.Period;
  assert.deepEqual(['sweep', 'evaluate-agents', 'close-day'].map(period), [300, 3600, 86_400]);
});

test('whoever a message wakes and sends messages has an alarm for circles that Lambda had to end', () => {
  const circling = metricOf('RecursiveInvocationsDropped');
  assert.deepEqual(circling.map(functionOf).sort(), ['nova-test-do-work', 'nova-test-run-agent']);
  for (const alarm of circling) {
    const { Threshold, Statistic, ComparisonOperator, TreatMissingData } = alarm.Properties;
    assert.deepEqual([Threshold, Statistic, TreatMissingData], [1, 'Sum', 'notBreaching']);
    assert.equal(ComparisonOperator, 'GreaterThanOrEqualToThreshold');
    assert.equal(sectionOf(alarm), 'recursion_stopped');
  }
  // The switch that lets circles go on is nowhere.
  for (const { id, Properties } of resources(work, 'AWS::Lambda::Function'))
    assert.ok(Properties.RecursiveLoop === undefined || Properties.RecursiveLoop === 'Terminate', id);
});

test('each alarm leads to a section of the runbook that says so, in words that CloudWatch takes', () => {
  const used = new Set<string>();
  for (const alarm of alarms) {
    const rule = sectionOf(alarm);
    assert.ok(isRule(rule), `${alarm.id}: ${textOf(alarm)}`);
    used.add(rule);
    const subject =
      /nova-test-([\w-]+?)(-dead|-waiting|-slow|-circling)?$/.exec(String(alarm.Properties.AlarmName))?.[1] ?? '';
    assert.ok(textOf(alarm).includes(todoFor(rule, subject, 'test')), `${alarm.id}: ${textOf(alarm)}`);
    assert.doesNotMatch(textOf(alarm), /<\w+>/, `${alarm.id} has a blank`);
    assert.ok(textOf(alarm).length <= 1024, `${alarm.id}: ${textOf(alarm).length} characters`);
    assert.match(runbook.split(`## ${rule}\n`)[1]?.split('\n## ')[0] ?? '', /CloudWatch/, rule);
  }
  const wanted = RULE_IDS.filter((id) => RULES[id].source !== 'facts');
  assert.deepEqual([...used].sort(), [...wanted].sort(), 'rules that CloudWatch is to know, and does');
});

test('each alarm tells the owner when it begins and when it ends, and there are few', () => {
  for (const { id, Properties } of alarms) {
    assert.equal((Properties.AlarmActions as unknown[]).length, 1, id);
    assert.deepEqual(Properties.OKActions, Properties.AlarmActions, id);
  }
  const [owner] = resources(work, 'AWS::SNS::Subscription');
  assert.deepEqual([owner?.Properties.Protocol, owner?.Properties.Endpoint], ['email', CHOICES.ownerEmail]);
  // Ten are free, each further one is ten cents a month.
  assert.equal(alarms.length, 23);
  const bill = idleBill([data, work] as BillTemplate[]);
  const cents = bill.lines.reduce((sum, { price, usd }) => sum + (price === 'alarmMetric' ? usd * 100 : 0), 0);
  assert.equal(Math.round(cents), 130);
});

test('alarms may publish to their topic although it has a policy and a key of its own', () => {
  const policies = JSON.stringify(resources(work, 'AWS::SNS::TopicPolicy'));
  assert.match(policies, /"Action":"sns:Publish"[^}]*.*cloudwatch\.amazonaws\.com/);
  const [topic] = resources(work, 'AWS::SNS::Topic');
  assert.match(JSON.stringify(topic?.Properties.KmsMasterKeyId), /keyarn/i);
});

test('the page about metrics has each that is published, each saved question, and the number of alarms', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(listed, Object.keys(await fleetMetrics(cliWorld().world)));
  const queries = resources(work, 'AWS::Logs::QueryDefinition').map(
    ({ Properties }) => String(Properties.Name).split('/')[1],
  );
  for (const name of queries) assert.ok(page.includes(`\`${name}\``), name);
  assert.match(page, new RegExp(`\\*\\*Alarms\\*\\*: ${alarms.length}, `));
});
