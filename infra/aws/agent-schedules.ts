/** Where the schedules of agents live: a group, the one role that they send with, and where lost ticks go. */

import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Aws, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { sendStatement } from './grants.ts';
import type { Names } from './names.ts';
import { OwnRole } from './own-role.ts';
import { deadLetterQueue } from './queues.ts';

export class AgentSchedules extends Construct {
  readonly role: iam.Role;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, names: Names, runs: sqs.Queue) {
    super(scope, 'schedules');
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', names.deadLetters('schedules'));
    new scheduler.ScheduleGroup(this, 'Group', {
      scheduleGroupName: names.scheduleGroup,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = schedulerRole(this, 'Role', names.scheduleGroup);
    this.role.addToPolicy(sendStatement([runs.queueArn, this.deadLetters.queueArn]));
  }
}

/** A role that the Scheduler may take for one group of this account, and nobody else. */
export function schedulerRole(scope: Construct, id: string, group: string): iam.Role {
  const groupArn = Stack.of(scope).formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: group });
  return new OwnRole(scope, id, {
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': groupArn } },
    }),
    description: `What schedules of ${group} may do`,
  });
}
