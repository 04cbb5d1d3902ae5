/** Few and telling alarms (ten are free, the eleventh is ten cents a month): each says who is hurt and what to do. */

import type * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { ArnFormat, Aws, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { FunctionRow } from '../topology.ts';
import type { Names } from './names.ts';
import { stageKey } from './own-log.ts';

type Bell = {
  readonly name: string;
  readonly why: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly periods: number;
  readonly silence: 'good' | 'bad';
};

/** Who is told, and where goes what could not be told. */
type Owner = { readonly email: string; readonly deadLetters: sqs.Queue };

type Wait = { readonly minutes: number; readonly why: string };

export class Alarms extends Construct {
  readonly rung: cloudwatch.IAlarm[] = [];
  private readonly topic: sns.Topic;
  private readonly names: Names;

  constructor(scope: Construct, names: Names, owner: Owner) {
    super(scope, 'alarms');
    this.names = names;
    const masterKey = stageKey(this, names);
    this.topic = new sns.Topic(this, 'Topic', { topicName: names.topic, enforceSSL: true, masterKey });
    // A policy of one's own replaces the default one, which let alarms in.
    this.topic.addToResourcePolicy(alarmsMayPublish(this, this.topic.topicArn));
    new sns.Subscription(this, 'Owner', {
      topic: this.topic,
      protocol: sns.SubscriptionProtocol.EMAIL,
      endpoint: owner.email,
      // What no mail server took is still there to be read, and rings on the dashboard.
      deadLetterQueue: owner.deadLetters,
    });
  }

  /** One message that could not be worked is one too many. */
  deadLetters(name: string, queue: sqs.Queue, why: string): void {
    const metric = queue.metricApproximateNumberOfMessagesVisible({
      period: Duration.minutes(5),
      statistic: 'Maximum',
    });
    this.ring({ name: `${name}-dead`, why, metric, threshold: 1, periods: 1, silence: 'good' });
  }

  /** The oldest message of a queue waits for too long: it is not being worked. */
  waiting(name: string, queue: sqs.Queue, wait: Wait): void {
    const metric = queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: 'Maximum' });
    this.ring({
      name: `${name}-waiting`,
      why: wait.why,
      metric,
      threshold: wait.minutes * 60,
      periods: 1,
      silence: 'good',
    });
  }

  /** Not one good run for so long: errors count, and so does silence. */
  quiet(row: FunctionRow, functionName: string, { minutes: quietMinutes, why }: Wait): void {
    const minutes = quietMinutes >= 120 ? 60 : 1;
    const metric = ofFunction(functionName, 'Errors', { minutes, statistic: 'Minimum' });
    this.ring({
      name: row.name,
      why,
      metric,
      threshold: 1,
      periods: quietMinutes / minutes,
      silence: 'bad',
    });
  }

  /** It throws, or runs out of time, while somebody waits for its answer. */
  failing(row: FunctionRow, functionName: string, why: string): void {
    const metric = ofFunction(functionName, 'Errors', { minutes: 5, statistic: 'Sum' });
    this.ring({ name: row.name, why, metric, threshold: 3, periods: 1, silence: 'good' });
  }

  /** Invocations that the account had no room for, whoever wanted them: one metric for all functions. */
  throttled(why: string): void {
    const metric = new cloudwatch.Metric({
      namespace: 'AWS/Lambda',
      metricName: 'Throttles',
      period: Duration.minutes(5),
      statistic: 'Sum',
    });
    this.ring({ name: 'throttles', why, metric, threshold: 1, periods: 3, silence: 'good' });
  }

  /** Its longest run of so many minutes comes near the end of its time. */
  slow({ name, timeoutSeconds }: FunctionRow, functionName: string, { minutes, why }: Wait): void {
    const metric = ofFunction(functionName, 'Duration', { minutes, statistic: 'Maximum' });
    this.ring({ name: `${name}-slow`, why, metric, threshold: timeoutSeconds * 800, periods: 1, silence: 'good' });
  }

  /** Lambda ended a chain of some sixteen invocations that called for each other: long after our own count of hops should have. */
  circling({ name }: FunctionRow, functionName: string, why: string): void {
    const metric = ofFunction(functionName, 'RecursiveInvocationsDropped', { minutes: 5, statistic: 'Sum' });
    this.ring({ name: `${name}-circling`, why, metric, threshold: 1, periods: 1, silence: 'good' });
  }

  /** The public door answers with failures of our own. */
  door(api: apigateway.RestApi, why: string): void {
    const metric = api.metricServerError({ period: Duration.minutes(5), statistic: 'Sum' });
    this.ring({ name: 'door', why, metric, threshold: 3, periods: 1, silence: 'good' });
  }

  private ring({ name, why, metric, threshold, periods, silence }: Bell): void {
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmName: this.names.alarm(name),
      alarmDescription: why,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData:
        silence === 'bad' ? cloudwatch.TreatMissingData.BREACHING : cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    const action = { bind: () => ({ alarmActionArn: this.topic.topicArn }) };
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    this.rung.push(alarm);
  }
}

function alarmsMayPublish(scope: Construct, topicArn: string): iam.PolicyStatement {
  const alarms = Stack.of(scope).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['sns:Publish'],
    resources: [topicArn],
    conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID }, ArnLike: { 'aws:SourceArn': alarms } },
  });
}

type Span = { readonly minutes: number; readonly statistic: 'Sum' | 'Minimum' | 'Maximum' };

const ofFunction = (functionName: string, metricName: string, { minutes, statistic }: Span): cloudwatch.Metric =>
  new cloudwatch.Metric({
    ...{ namespace: 'AWS/Lambda', metricName, statistic },
    dimensionsMap: { FunctionName: functionName },
    period: Duration.minutes(minutes),
  });
