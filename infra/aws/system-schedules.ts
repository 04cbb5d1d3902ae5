/** The group and the role of the system's own schedules. */

import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { schedulerRole } from './agent-schedules.ts';
import { sendStatement } from './grants.ts';
import type { Names } from './names.ts';

export class SystemSchedules extends Construct {
  readonly role: iam.Role;

  constructor(scope: Construct, names: Names, deadLetters: sqs.Queue) {
    super(scope, 'system-schedules');
    new scheduler.ScheduleGroup(this, 'Group', {
      scheduleGroupName: names.systemGroup,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = schedulerRole(this, 'Role', names.systemGroup);
    this.role.addToPolicy(sendStatement([deadLetters.queueArn]));
  }

  mayInvoke(functionArn: string): void {
    this.role.addToPolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }));
  }
}
