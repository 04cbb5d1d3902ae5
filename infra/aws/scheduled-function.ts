/** A function that time wakes. A tick that cannot be delivered, or fails for good, waits in the schedules' dead letters. */
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { FunctionRow, On } from '../topology.ts';
import { NovaFunction } from './nova-function.ts';
import type { Site } from './site.ts';
import type { SystemSchedules } from './system-schedules.ts';

type Tick = Extract<On, { schedule: string }>;

export class ScheduledFunction extends NovaFunction {
  constructor(scope: Construct, row: FunctionRow, wake: { on: Tick; site: Site; schedules: SystemSchedules }) {
    const { on, site, schedules } = wake;
    const { deadLetters } = site.agentSchedules;
    super(scope, row, site, { deadLetters });
    // The Scheduler hands over asynchronously: Lambda itself repeats what throws. What throws for
    // good is buried as it came, by the function's own setting, and with the reason beside it, by this one.
    const invoke = new lambda.CfnEventInvokeConfig(this, 'Invoke', {
      functionName: this.fn.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: Math.min(2, on.retries),
      maximumEventAgeInSeconds: on.maxAgeSeconds,
      destinationConfig: { onFailure: { destination: deadLetters.queueArn } },
    });
    invoke.node.addDependency(this.role);
    schedules.mayInvoke(this.fn.functionArn);
    new scheduler.CfnSchedule(this, 'Schedule', {
      name: site.names.schedule(row.name),
      groupName: site.names.systemGroup,
      description: row.errorImpact,
      scheduleExpression: on.schedule,
      scheduleExpressionTimezone: on.zone === 'owner' ? site.choices.timezone : 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: this.fn.functionArn,
        roleArn: schedules.role.roleArn,
        input: JSON.stringify({ schedule: row.name, scheduledFor: '<aws.scheduler.scheduled-time>' }),
        deadLetterConfig: { arn: deadLetters.queueArn },
        retryPolicy: {
          maximumRetryAttempts: on.retries,
          maximumEventAgeInSeconds: on.maxAgeSeconds,
        },
      },
    }).node.addDependency(schedules);
  }
}
