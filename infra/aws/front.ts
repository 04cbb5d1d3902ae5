/** The one public door: a regional REST API, throttled, logged by route template, a firewall on request. */

import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as waf from 'aws-cdk-lib/aws-wafv2';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Choices } from './context.ts';
import type { Names } from './names.ts';
import { ownLog } from './own-log.ts';

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
    const access = ownLog(this, 'AccessLog', { names, choices, name: names.logGroup('access') });
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
        // A trace holds the whole path, which names approvals and holds secrets of pings. The functions behind may trace.
        tracingEnabled: false,
      },
    });
    // Gumroad repeats after a 503 and never after a 429; the others do after either.
    this.api.addGatewayResponse('Throttled', { type: apigateway.ResponseType.THROTTLED, statusCode: '503' });
    this.api.deploymentStage.node.addDependency(account);
    // API Gateway makes this group by itself when it is missing, and then keeps what is in it for ever.
    const name = `API-Gateway-Execution-Logs_${this.api.restApiId}/${choices.stage}`;
    const execution = ownLog(this, 'ExecutionLog', { names, choices, name });
    this.api.deploymentStage.node.addDependency(execution);
    if (choices.waf) firewall(this, { names, choices, stageArn: this.api.deploymentStage.stageArn });
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

/** A length above 262,144 as a header says it: WAF itself looks at the first 64 KB of a body only. */
const LONGER_THAN_256_KB =
  '^(26214[5-9]|2621[5-9][0-9]|262[2-9][0-9]{2}|26[3-9][0-9]{3}|2[7-9][0-9]{4}|[3-9][0-9]{5}|[0-9]{7,})$';

type Firewall = { readonly names: Names; readonly choices: Choices; readonly stageArn: string };

/** 200 requests in five minutes from one address, bodies that a webhook never has, and AWS's common rules. */
function firewall(scope: Construct, { names, choices, stageArn }: Firewall): void {
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
        name: 'body',
        priority: 1,
        action: { block: {} },
        statement: {
          regexMatchStatement: {
            fieldToMatch: { singleHeader: { Name: 'content-length' } },
            regexString: LONGER_THAN_256_KB,
            textTransformations: [{ priority: 0, type: 'NONE' }],
          },
        },
        visibilityConfig: visible(`${names.waf}-body`),
      },
      {
        name: 'common',
        priority: 2,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: 'AWS',
            name: 'AWSManagedRulesCommonRuleSet',
            // Signed webhooks are larger than 8 KB; the rule before and the function itself refuse more than 256 KB.
            ruleActionOverrides: [{ name: 'SizeRestrictions_BODY', actionToUse: { count: {} } }],
          },
        },
        visibilityConfig: visible(`${names.waf}-common`),
      },
    ],
  });
  new waf.CfnWebACLAssociation(scope, 'FirewallOn', { resourceArn: stageArn, webAclArn: acl.attrArn });
  blockedRequests(scope, { names, choices, aclArn: acl.attrArn });
}

/** Only what was blocked, and of it neither the path, which names approvals and holds secrets of pings, nor what proves who asked. */
function blockedRequests(
  scope: Construct,
  { names, choices, aclArn }: Omit<Firewall, 'stageArn'> & { aclArn: string },
): void {
  // WAF takes no other beginning of the name.
  const log = ownLog(scope, 'FirewallLog', { names, choices, name: `aws-waf-logs-${names.waf}` });
  const hidden = ['authorization', 'cookie', 'stripe-signature', 'x-nova-signature'];
  new waf.CfnLoggingConfiguration(scope, 'FirewallLogging', {
    resourceArn: aclArn,
    // As WAF wants it: without the :* that CloudFormation puts at the end of a group's ARN.
    logDestinationConfigs: [
      Stack.of(scope).formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: log.logGroupName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
    redactedFields: [{ uriPath: {} }, { queryString: {} }, ...hidden.map((Name) => ({ singleHeader: { Name } }))],
    loggingFilter: {
      DefaultBehavior: 'DROP',
      Filters: [
        {
          Behavior: 'KEEP',
          Requirement: 'MEETS_ANY',
          Conditions: [{ ActionCondition: { Action: 'BLOCK' } }],
        },
      ],
    },
  });
}
