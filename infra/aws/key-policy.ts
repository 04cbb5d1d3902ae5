/** Who may use the key of a stage: services of AWS, each for what belongs to this stage, and nobody by a grant. */
import * as iam from 'aws-cdk-lib/aws-iam';
import { ArnFormat, Aws, type Stack } from 'aws-cdk-lib/core';
import type { Names } from './names.ts';

const CRYPTO = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

export function keyStatements(stack: Stack, names: Names, stage: string): readonly iam.PolicyStatement[] {
  const secrets = stack.formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${names.secretsPrefix}*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const bucket = stack.formatArn({
    ...{ service: 's3', region: '', account: '' },
    resource: names.auditBucket(Aws.ACCOUNT_ID, Aws.REGION),
  });
  return [
    through('UseThroughTable', 'dynamodb', {
      // And those that are restored from it.
      StringLike: { 'kms:EncryptionContext:aws:dynamodb:tableName': [names.table, `${names.table}-*`] },
    }),
    through('UseThroughRoots', 's3', { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': bucket } }),
    through('UseThroughSecrets', 'secretsmanager', { StringLike: { 'kms:EncryptionContext:SecretARN': secrets } }),
    useForLogs(stack, stage),
    useForAlarms(stack, names),
  ];
}

type Conditions = {
  readonly StringEquals?: Record<string, string>;
  readonly StringLike?: Record<string, string | string[]>;
};

/**
 * Whoever may use the thing may use the key, for this thing and through its service alone: roles need no grant on the
 * key, and the work stack need not know it.
 */
function through(sid: string, service: string, { StringEquals, StringLike }: Conditions): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    principals: [new iam.AnyPrincipal()],
    actions: CRYPTO,
    resources: ['*'],
    conditions: {
      StringEquals: {
        'kms:CallerAccount': Aws.ACCOUNT_ID,
        'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com`,
        ...StringEquals,
      },
      ...(StringLike ? { StringLike } : {}),
    },
  });
}

/** CloudWatch Logs encrypts with it what groups of this stage hold; the API's own group bears a name that AWS chose. */
function useForLogs(stack: Stack, stage: string): iam.PolicyStatement {
  const groups = [`/nova/${stage}/*`, `API-Gateway-Execution-Logs_*/${stage}`, `aws-waf-logs-nova-${stage}`].map(
    (resourceName) =>
      stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
  );
  return new iam.PolicyStatement({
    sid: 'UseForLogs',
    principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
    actions: [...CRYPTO, 'kms:DescribeKey'],
    resources: ['*'],
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
  });
}

/** Alarms publish to a topic under this key. */
function useForAlarms(stack: Stack, names: Names): iam.PolicyStatement {
  const topic = stack.formatArn({ service: 'sns', resource: names.topic });
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
