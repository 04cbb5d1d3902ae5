/** Who spoke with whom in the network of tasks, and what was turned away: a line for each connection and ten minutes. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Aws } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';
import { type LogGround, ownLog } from './own-log.ts';
import { OwnRole } from './own-role.ts';

/** Of the two that AWS offers the longer one: a tenth of the lines. */
const SECONDS = 600;

/** It costs by what is written, and nothing is while no task runs: idle-bill.ts and fleet-use.ts count it. */
export function flowLog(scope: Construct, ground: LogGround, vpcId: string): void {
  const log = ownLog(scope, 'FlowLog', { ...ground, name: ground.names.logGroup('network') });
  const role = new OwnRole(scope, 'FlowRole', {
    assumedBy: new iam.ServicePrincipal('vpc-flow-logs.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    description: 'Writes the flow log of the network of tasks',
  });
  role.addToPolicy(allow(['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'], [log.logGroupArn]));
  new ec2.CfnFlowLog(scope, 'Flow', {
    resourceType: 'VPC',
    resourceId: vpcId,
    trafficType: 'ALL',
    logDestinationType: 'cloud-watch-logs',
    logGroupName: log.logGroupName,
    deliverLogsPermissionArn: role.roleArn,
    maxAggregationInterval: SECONDS,
  }).node.addDependency(role);
}
