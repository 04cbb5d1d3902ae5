/** What must outlive everything: the table, and the key that protects the money in it. Deployed once, changed rarely. */

import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Aws, Duration, RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ROTATED_SECRETS, type SecretName } from '../topology.ts';
import type { Choices } from './context.ts';
import { askedInstead } from './examples.ts';
import { keyStatements } from './key-policy.ts';
import { INDEX_NAME, type Names, namesOf } from './names.ts';
import { peoplePolicies } from './people-policies.ts';

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
      description: `Protects the table ${names.table}, its logs, alarms, audit roots and secrets`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const statement of keyStatements(this, names, choices.stage)) key.addToResourcePolicy(statement);
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
    auditBucket(this, names, key);
    for (const name of ROTATED_SECRETS) madeSecret(this, { names, name, key });
    peoplePolicies(this, namesOf(choices.stage, choices.table));
  }
}

/** A root of the audit trail stays for ten years as it was put; a governor of the account alone can end that sooner. */
function auditBucket(stack: Stack, names: Names, encryptionKey: kms.IKey): void {
  new s3.Bucket(stack, 'AuditRoots', {
    bucketName: names.auditBucket(Aws.ACCOUNT_ID, Aws.REGION),
    versioned: true,
    objectLockEnabled: true,
    objectLockDefaultRetention: s3.ObjectLockRetention.governance(Duration.days(3_650)),
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    encryption: s3.BucketEncryption.KMS,
    encryptionKey,
    bucketKeyEnabled: true,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

type MadeSecret = { readonly names: Names; readonly name: SecretName; readonly key: kms.IKey };

/** 256 bits that nobody has seen: made at the first deploy, never in a template. */
function madeSecret(stack: Stack, { names, name, key }: MadeSecret): void {
  new secrets.Secret(stack, `Secret-${name}`, {
    secretName: `${names.secretsPrefix}${name}`,
    encryptionKey: key,
    description: 'Made by the deployment; a new version by nova secret rotate',
    generateSecretString: { passwordLength: 48, excludePunctuation: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
}
