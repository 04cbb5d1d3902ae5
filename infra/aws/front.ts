/** The one public door: a regional REST API, throttled, logged by route template, a firewall on request. */

import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as waf from 'aws-cdk-lib/aws-wafv2';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Choices } from './context.ts';
import type { Names } from './names.ts';

/** Who, when, which route, what came out. The route's template, never the path: paths name approvals. */
const ACCESS_LOG = apigateway.AccessLogFormat.custom(
  JSON.stringify({
    at: apigateway.AccessLogField.contextRequestTime(),
    requestId: apigateway.AccessLogField.contextRequestId(),
    ip: apigateway.AccessLogField.contextIdentitySourceIp(),
    method: apigateway.AccessLogField.contextHttpMethod(),
    route: apigateway.AccessLogField.contextResourcePath(),
    status: apigateway.AccessLogField.contextStatus(),
    bytes: apigateway.AccessLogField.contextResponseLength(),
    ms: apigateway.AccessLogField.contextResponseLatency(),
  }),
);

export class Front extends Construct {
  readonly api: apigateway.RestApi;

  constructor(scope: Construct, names: Names, choices: Choices) {
    super(scope, 'front');
    const access = new logs.LogGroup(this, 'AccessLog', {
      logGroupName: names.logGroup('access'),
      retention: choices.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const account = accountLogging(this);
    this.api = new apigateway.RestApi(this, 'Api', {
      restApiName: names.api,
      description: 'Approval page and webhooks',
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: choices.stage,
        throttlingRateLimit: choices.requestsPerSecond,
        throttlingBurstLimit: choices.requestsPerSecond * 2,
        accessLogDestination: new apigateway.LogGroupLogDestination(access),
        accessLogFormat: ACCESS_LOG,
        loggingLevel: apigateway.MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
      },
    });
    // Gumroad repeats after a 503 and never after a 429; the others do after either.
    this.api.addGatewayResponse('Throttled', { type: apigateway.ResponseType.THROTTLED, statusCode: '503' });
    this.api.deploymentStage.node.addDependency(account);
    // API Gateway makes this group by itself when it is missing, and then keeps what is in it for ever.
    const execution = new logs.LogGroup(this, 'ExecutionLog', {
      logGroupName: `API-Gateway-Execution-Logs_${this.api.restApiId}/${choices.stage}`,
      retention: choices.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api.deploymentStage.node.addDependency(execution);
    if (choices.waf) firewall(this, names, this.api.deploymentStage.stageArn);
  }
}

/** API Gateway writes logs with one role per account and Region; it must exist before a stage that logs. */
function accountLogging(scope: Construct): apigateway.CfnAccount {
  const role = new iam.Role(scope, 'LogRole', {
    assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com'),
    description: 'Lets API Gateway write its logs',
    managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs')],
  });
  const account = new apigateway.CfnAccount(scope, 'Account', { cloudWatchRoleArn: role.roleArn });
  // Other APIs of the account log with it too: it stays when this stack goes.
  role.applyRemovalPolicy(RemovalPolicy.RETAIN);
  account.applyRemovalPolicy(RemovalPolicy.RETAIN);
  return account;
}

const visible = (metricName: string): waf.CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: false,
  metricName,
});

/** 200 requests in five minutes from one address, bodies that a webhook never has, and AWS's common rules. */
function firewall(scope: Construct, names: Names, stageArn: string): void {
  const acl = new waf.CfnWebACL(scope, 'Firewall', {
    name: names.waf,
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: visible(names.waf),
    rules: [
      {
        name: 'rate',
        priority: 0,
        action: { block: {} },
        statement: { rateBasedStatement: { limit: 200, aggregateKeyType: 'IP' } },
        visibilityConfig: visible(`${names.waf}-rate`),
      },
      {
        name: 'common',
        priority: 1,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: 'AWS',
            name: 'AWSManagedRulesCommonRuleSet',
            // Signed webhooks are larger than 8 KB; the function itself refuses more than 256 KB.
            ruleActionOverrides: [{ name: 'SizeRestrictions_BODY', actionToUse: { count: {} } }],
          },
        },
        visibilityConfig: visible(`${names.waf}-common`),
      },
    ],
  });
  new waf.CfnWebACLAssociation(scope, 'FirewallOn', { resourceArn: stageArn, webAclArn: acl.attrArn });
}
