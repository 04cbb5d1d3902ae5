/**
 * Two pages of CloudWatch: one that an owner reads with coffee (money, fleet, what waits), one for whoever was woken.
 * Every number on them is a metric that exists anyway; three dashboards are free.
 */
import type * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { functions, queues } from '../topology.ts';
import type { Names } from './names.ts';
import type { QueuePair } from './queues.ts';

export type Shown = {
  readonly names: Names;
  readonly stage: string;
  readonly queue: (name: (typeof queues)[number]['name']) => QueuePair;
  /** Ticks and mails of alarms that could not be delivered. */
  readonly lostTicks: sqs.IQueue;
  readonly api: apigateway.RestApi;
  readonly alarms: readonly cloudwatch.IAlarm[];
};

const WIDTH = 24;
const MICROS = 1_000_000;
const MINUTE = Duration.minutes(1);
const FIVE = Duration.minutes(5);

export class Dashboards extends Construct {
  constructor(scope: Construct, shown: Shown) {
    super(scope, 'dashboards');
    const page = (id: string, name: string, rows: cloudwatch.IWidget[][], start: string) =>
      new cloudwatch.Dashboard(this, id, {
        dashboardName: name,
        defaultInterval: Duration.parse(start),
        widgets: rows,
      });
    page('Money', shown.names.dashboard('money'), moneyRows(shown), 'P7D');
    page('Operations', shown.names.dashboard('operations'), operationsRows(shown), 'PT3H');
  }
}

/** A number of the fleet, as the sweep publishes it each minute. */
function fleet(stage: string, name: string, label: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'NovaOS',
    metricName: name,
    dimensionsMap: { service: stage },
    period: FIVE,
    statistic: 'Maximum',
    label,
  });
}

function dollars(stage: string, name: string, label: string): cloudwatch.MathExpression {
  const usingMetrics = { [name]: fleet(stage, name, label) };
  return new cloudwatch.MathExpression({ expression: `${name} / ${MICROS}`, usingMetrics, label, period: FIVE });
}

/** What a sum that only grows has grown by in each period. */
function grown(stage: string, label: string): cloudwatch.MathExpression {
  const period = Duration.hours(1);
  const earned = fleet(stage, 'earnedMicros', label).with({ period });
  return new cloudwatch.MathExpression({
    expression: `DIFF(earned) / ${MICROS}`,
    usingMetrics: { earned },
    label,
    period,
  });
}

function moneyRows({ stage, names, alarms, queue }: Shown): cloudwatch.IWidget[][] {
  const number = (title: string, metric: cloudwatch.IMetric) =>
    new cloudwatch.SingleValueWidget({ title, metrics: [metric], width: WIDTH / 6, height: 4 });
  return [
    [
      new cloudwatch.TextWidget({
        width: WIDTH,
        height: 2,
        markdown: `# ${names.table}: money, fleet, and what waits for you\nDollars of the owner's day. What an agent earned and cost in full: \`nova status --stage ${stage}\`.`,
      }),
    ],
    [
      number('Spent today, $', dollars(stage, 'costTodayMicros', 'spent')),
      number('Limit today, $', dollars(stage, 'limitTodayMicros', 'limit')),
      number('Earned in all, net, $', dollars(stage, 'earnedMicros', 'earned')),
      number('Runs today', fleet(stage, 'runsToday', 'runs')),
      number('Active instances', fleet(stage, 'activeInstances', 'active')),
      number('Waiting for your yes', fleet(stage, 'openApprovals', 'approvals')),
    ],
    [
      graph('Spent today against the limit, $', [
        dollars(stage, 'costTodayMicros', 'spent'),
        dollars(stage, 'limitTodayMicros', 'limit'),
      ]),
      graph('Earned in each hour, net, $', [grown(stage, 'earned')]),
    ],
    [
      graph('Fleet: instances', [
        fleet(stage, 'activeInstances', 'active'),
        fleet(stage, 'runningInstances', 'running'),
        fleet(stage, 'coolingInstances', 'cooling after crashes'),
      ]),
      graph('Runs that wait in the queue', [
        queue('runs').queue.metricApproximateNumberOfMessagesVisible({
          period: FIVE,
          statistic: 'Maximum',
          label: 'runs',
        }),
      ]),
    ],
    [
      graph('Oldest request for approval, minutes', [fleet(stage, 'approvalWaitMinutes', 'minutes')]),
      new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH / 2, height: 6 }),
    ],
  ];
}

function operationsRows({ names, queue, lostTicks, api }: Shown): cloudwatch.IWidget[][] {
  const ofEach = (metricName: string, statistic: string): cloudwatch.Metric[] =>
    functions.map(({ name }) => lambda(names.function(name), { metricName, statistic, label: name }));
  const pairs = queues.map(({ name }) => ({ name, ...queue(name) }));
  return [
    [
      new cloudwatch.TextWidget({
        width: WIDTH,
        height: 2,
        markdown: `# ${names.table}: operations\nEach alarm's text says who is hurt; docs/runbook.md says what to do. Saved queries: CloudWatch, Logs Insights, ${names.table}.`,
      }),
    ],
    [
      graph('Errors of functions', ofEach('Errors', 'Sum')),
      graph('Throttles of functions', ofEach('Throttles', 'Sum')),
    ],
    [
      graph('Duration of functions, p99, ms', ofEach('Duration', 'p99')),
      graph('Invocations of functions', ofEach('Invocations', 'Sum')),
    ],
    [
      graph(
        'Messages that wait',
        pairs.map(({ name, queue }) =>
          queue.metricApproximateNumberOfMessagesVisible({ ...minute('Maximum'), label: name }),
        ),
      ),
      graph(
        'Oldest message, seconds',
        pairs.map(({ name, queue }) =>
          queue.metricApproximateAgeOfOldestMessage({ ...minute('Maximum'), label: name }),
        ),
      ),
    ],
    [
      graph(
        'Dead letters',
        [...pairs, { name: 'schedules', deadLetters: lostTicks }].map(({ name, deadLetters }) =>
          deadLetters.metricApproximateNumberOfMessagesVisible({ ...minute('Maximum'), label: name }),
        ),
      ),
      graph('The door: requests and failures', [
        api.metricCount({ ...minute('Sum'), label: 'requests' }),
        api.metricClientError({ ...minute('Sum'), label: 'refused' }),
        api.metricServerError({ ...minute('Sum'), label: 'failed' }),
      ]),
    ],
    [
      graph('The door: time to answer, p99, ms', [api.metricLatency({ ...minute('p99'), label: 'answer' })]),
      graph('The table: capacity units and throttles', table(names.table)),
    ],
  ];
}

const minute = (statistic: string) => ({ period: MINUTE, statistic });

function lambda(functionName: string, props: { metricName: string; statistic: string; label: string }) {
  return new cloudwatch.Metric({
    namespace: 'AWS/Lambda',
    dimensionsMap: { FunctionName: functionName },
    period: MINUTE,
    ...props,
  });
}

function table(tableName: string): cloudwatch.Metric[] {
  const of = (metricName: string, label: string) =>
    new cloudwatch.Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: tableName },
      label,
      ...minute('Sum'),
    });
  return [
    of('ConsumedReadCapacityUnits', 'read'),
    of('ConsumedWriteCapacityUnits', 'write'),
    of('ReadThrottleEvents', 'reads throttled'),
    of('WriteThrottleEvents', 'writes throttled'),
  ];
}

const graph = (title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget =>
  new cloudwatch.GraphWidget({ title, left, width: WIDTH / 2, height: 6, leftYAxis: { min: 0, showUnits: false } });
