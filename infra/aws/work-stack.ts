/** Everything that can be thrown away and made again: queues, functions, schedules, the door, the alarms. */
import * as budgets from 'aws-cdk-lib/aws-budgets';
import * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { type FunctionRow, functions, type QueueName, queues, tasks } from '../topology.ts';
import { AgentSchedules } from './agent-schedules.ts';
import type { Choices } from './context.ts';
import { Dashboards } from './dashboards.ts';
import { askedInstead } from './examples.ts';
import { Front } from './front.ts';
import type { ImageOf } from './images.ts';
import { namesOf } from './names.ts';
import type { NovaFunction } from './nova-function.ts';
import { QueueFunction } from './queue-function.ts';
import { QueuePair } from './queues.ts';
import { SavedQueries } from './saved-queries.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import { envFor, fullEnv, type Site } from './site.ts';
import { stageAlarms } from './stage-alarms.ts';
import { SystemSchedules } from './system-schedules.ts';
import { TaskCluster } from './task-cluster.ts';
import { WebFunction } from './web-function.ts';

export type WorkProps = StackProps & {
  readonly choices: Choices;
  /** The bundle of a function, by its name in the topology. */
  readonly codeOf: (name: string) => lambda.Code;
  readonly imageOf: ImageOf;
};

export class WorkStack extends Stack {
  constructor(scope: Construct, id: string, props: WorkProps) {
    const { codeOf, imageOf, choices: given, ...stackProps } = props;
    super(scope, id, stackProps);
    const choices = { ...given, ...askedInstead(this, given) };
    const names = namesOf(choices.stage, choices.table);
    const pairs = new Map(queues.map((row) => [row.name, new QueuePair(this, row, names)]));
    const queue = (name: QueueName): QueuePair => {
      const pair = pairs.get(name);
      if (!pair) throw new Error(`the topology has no queue ${name}`);
      return pair;
    };
    const agentSchedules = new AgentSchedules(this, names, queue('runs').queue);
    const { containers } = choices;
    const cluster = containers ? new TaskCluster(this, { names, choices, containers }) : null;
    const ground = { names, choices, queue, agentSchedules, cluster };
    const site: Site = { ...ground, codeOf, envOf: (row) => envFor(ground, row) };
    cluster?.define(site, imageOf);
    const front = new Front(this, names, choices);
    // Changes, for the owner's own rules; nothing of ours depends on it.
    new events.CfnEventBus(this, 'Bus', { name: names.bus, description: 'Events of NovaOS: docs/events.md' });
    const shapes = { site, front, schedules: new SystemSchedules(this, names, agentSchedules.deadLetters) };
    for (const row of functions) makeFunction(this, row, shapes);
    const { rung } = stageAlarms(this, { site, front });
    const { deadLetters: lostTicks } = agentSchedules;
    new Dashboards(this, { names, stage: choices.stage, queue, lostTicks, api: front.api, alarms: rung });
    new SavedQueries(this, names, containers ? tasks.filter(({ gpu }) => !gpu || containers.gpu) : []);
    this.parameters(site, front);
    monthlyBudget(this, choices, names.budget);
  }

  /** What is only known after a deploy passes through SSM: no function can carry the address of the API before it. */
  private parameters(site: Site, front: Front): void {
    new ssm.StringParameter(this, 'PublicUrl', {
      parameterName: site.names.publicUrlParameter,
      stringValue: front.api.url,
    });
    new ssm.StringParameter(this, 'Manifest', {
      parameterName: site.names.manifestParameter,
      description: 'What the nova command must know of this stage',
      stringValue: this.toJsonString({
        v: 1,
        env: fullEnv(site),
        deadLetters: Object.fromEntries(queues.map(({ name }) => [name, site.queue(name).deadLetters.queueUrl])),
        functions: functions.map(({ name }) => site.names.function(name)),
      }),
    });
  }
}

type Shapes = { readonly site: Site; readonly front: Front; readonly schedules: SystemSchedules };

function makeFunction(scope: Construct, row: FunctionRow, { site, front, schedules }: Shapes): NovaFunction {
  const { on } = row;
  if ('http' in on) return new WebFunction(scope, row, { http: on.http, site, api: front.api });
  if ('schedule' in on) return new ScheduledFunction(scope, row, { on, site, schedules });
  const queueRow = queues.find(({ name }) => name === on.queue);
  if (!queueRow) throw new Error(`the topology has no queue ${on.queue}`);
  return new QueueFunction(scope, row, { queue: queueRow, batchSize: on.batchSize, site });
}

/** A mail at 80 and at 100 per cent of what the owner means to spend on all of AWS in a month; it stops nothing. */
function monthlyBudget(scope: Construct, choices: Choices, budgetName: string): void {
  new budgets.CfnBudget(scope, 'Budget', {
    budget: {
      budgetName,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: choices.monthlyBudgetUsd, unit: 'USD' },
    },
    notificationsWithSubscribers: [80, 100].map((threshold) => ({
      notification: { notificationType: 'ACTUAL', comparisonOperator: 'GREATER_THAN', threshold },
      subscribers: [{ subscriptionType: 'EMAIL', address: choices.ownerEmail }],
    })),
  });
}
