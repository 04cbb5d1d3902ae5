/** What the three shapes have in common: one function, its role, its log. */

import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { FunctionRow } from '../topology.ts';
import {
  eventsStatement,
  logStatement,
  originStatement,
  parameterStatements,
  rootsStatements,
  scheduleStatements,
  sendStatement,
  tableStatements,
  traceStatement,
} from './grants.ts';
import { ownLog } from './own-log.ts';
import { OwnRole } from './own-role.ts';
import type { Site, StackEnv } from './site.ts';

export type OwnPlaces = {
  readonly deadLetters: sqs.Queue;
  readonly env?: StackEnv;
};

export class NovaFunction extends Construct {
  readonly row: FunctionRow;
  readonly role: iam.Role;
  readonly fn: lambda.Function;

  constructor(scope: Construct, row: FunctionRow, site: Site, own: OwnPlaces) {
    super(scope, row.name);
    this.row = row;
    const logGroup = ownLog(this, 'Log', { ...site, name: site.names.logGroup(row.name) });
    this.role = new OwnRole(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${row.name} may do`,
    });
    this.allow(...this.statements(site, logGroup.logGroupArn), sendStatement([own.deadLetters.queueArn]));
    this.fn = new lambda.Function(this, 'Function', {
      functionName: site.names.function(row.name),
      description: row.entry,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'handler.handler',
      code: site.codeOf(row.name),
      timeout: Duration.seconds(row.timeoutSeconds),
      memorySize: row.memoryMb,
      // The role is written by hand: whatever a construct would add for convenience is left out.
      role: this.role.withoutPolicyUpdates(),
      logGroup,
      // Whoever calls it without waiting for the answer: what it throws for good is read by a person.
      deadLetterQueue: own.deadLetters,
      ...(site.choices.tracing ? { tracing: lambda.Tracing.ACTIVE } : {}),
      loggingFormat: lambda.LoggingFormat.JSON,
      systemLogLevelV2: lambda.SystemLogLevel.WARN,
      environment: { ...site.envOf(row), ...own.env },
    });
    // Lambda looks whether the role may send to the dead letters when the function is made.
    this.fn.node.addDependency(this.role);
  }

  allow(...statements: iam.PolicyStatement[]): void {
    for (const statement of statements) this.role.addToPolicy(statement);
  }

  private statements(site: Site, logGroupArn: string): iam.PolicyStatement[] {
    const { uses } = this.row;
    const sends = (uses.sends ?? []).map((name) => site.queue(name).queue.queueArn);
    return [
      logStatement(logGroupArn),
      ...tableStatements(Stack.of(this), site.names, uses),
      ...(sends.length > 0 ? [sendStatement(sends)] : []),
      ...parameterStatements(Stack.of(this), site.names, uses),
      ...rootsStatements(Stack.of(this), site.names, uses),
      ...(uses.origin ? [originStatement(Stack.of(this), site.names)] : []),
      ...(uses.launches ? (site.cluster?.launchStatements(uses.launches) ?? []) : []),
      ...(site.choices.tracing ? [traceStatement()] : []),
      ...(uses.events ? [eventsStatement(Stack.of(this), site.names)] : []),
      ...(uses.schedules ? scheduleStatements(Stack.of(this), site.names, site.agentSchedules.role.roleArn) : []),
    ];
  }
}
