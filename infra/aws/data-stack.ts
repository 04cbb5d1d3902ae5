/** What must outlive everything: the table, and the key that protects the money in it. Deployed once, changed rarely. */

import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ArnFormat, Aws, RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Choices } from './context.ts';
import { askedInstead } from './examples.ts';
import type { Names } from './names.ts';

/** The sparse index `ix` of the Table port. */
export const INDEX_NAME = 'by-ix';

export class DataStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly names: Names; readonly choices: Choices }) {
    const { names, choices, ...stackProps } = props;
    super(scope, id, { ...stackProps, terminationProtection: true });
    // The first stack to be deployed asks for every choice that is still an example.
    const asked = Object.values(askedInstead(this, choices));
    const owner = asked.length > 0 ? asked.join(' ') : choices.ownerEmail;
    Tags.of(this).add('nova-owner', owner, { excludeResourceTypes: ['aws:cdk:stack'] });
    const key = new kms.Key(this, 'Key', {
      alias: names.key,
      description: `Protects the table ${names.table}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const statement of [useThroughTable(names.table), useForLogs(this, choices), useForAlarms(this, names)])
      key.addToResourcePolicy(statement);
    new ssm.StringParameter(this, 'KeyArn', { parameterName: names.keyParameter, stringValue: key.keyArn });
    const table = new dynamodb.TableV2(this, 'Table', {
      tableName: names.table,
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          indexName: INDEX_NAME,
          partitionKey: { name: 'ixPk', type: dynamodb.AttributeType.STRING },
          sortKey: { name: 'ixSk', type: dynamodb.AttributeType.STRING },
        },
      ],
      billing: dynamodb.Billing.onDemand(),
      encryption: dynamodb.TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // The construct takes a key of one's own only where the Region is known at synthesis; the template needs it nowhere.
    if (table.node.defaultChild instanceof dynamodb.CfnGlobalTable) {
      table.node.defaultChild.addPropertyOverride('Replicas.0.SSESpecification.KMSMasterKeyId', key.keyArn);
    }
  }
}

/**
 * Whoever may use the table may use the key, for this table and through DynamoDB alone: roles need no grant on the key,
 * and the work stack need not know it.
 */
function useThroughTable(table: string): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'UseThroughTable',
    principals: [new iam.AnyPrincipal()],
    actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
    resources: ['*'],
    conditions: {
      StringEquals: {
        'kms:CallerAccount': Aws.ACCOUNT_ID,
        'kms:ViaService': `dynamodb.${Aws.REGION}.amazonaws.com`,
        'kms:EncryptionContext:aws:dynamodb:tableName': table,
      },
    },
  });
}

/** CloudWatch Logs encrypts with it what groups of this stage hold; the API's own group bears a name that AWS chose. */
function useForLogs(scope: Stack, { stage }: Choices): iam.PolicyStatement {
  const groups = [`/nova/${stage}/*`, `API-Gateway-Execution-Logs_*/${stage}`, `aws-waf-logs-nova-${stage}`].map(
    (resourceName) =>
      scope.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
  );
  return new iam.PolicyStatement({
    sid: 'UseForLogs',
    principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    resources: ['*'],
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
  });
}

/** Alarms publish to a topic under this key. */
function useForAlarms(scope: Stack, names: Names): iam.PolicyStatement {
  const topic = scope.formatArn({ service: 'sns', resource: names.topic });
  return new iam.PolicyStatement({
    sid: 'UseForAlarms',
    principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: ['*'],
    conditions: {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'kms:EncryptionContext:aws:sns:topicArn': topic },
    },
  });
}
