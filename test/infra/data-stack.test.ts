/** What must outlive everything: a changed logical id here would delete a table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableShape } from '../../shared/aws/dynamo-schema.ts';
import { resources, stacksOf, synthesized } from './synthesized.ts';

const { data } = synthesized();
const [table] = resources(data, 'AWS::DynamoDB::GlobalTable');
const [key] = resources(data, 'AWS::KMS::Key');

test('the logical ids of the data stack are what they were', () => {
  const ids = Object.entries(data.Resources).map(([id, { Type }]) => `${Type} ${id}`);
  assert.deepEqual(ids.filter((id) => !id.includes('Metadata')).sort(), [
    'AWS::DynamoDB::GlobalTable TableCD117FA1',
    'AWS::IAM::ManagedPolicy Peopleadmin69D1D86B',
    'AWS::IAM::ManagedPolicy PeopleoperatorFE47D057',
    'AWS::IAM::ManagedPolicy Peopleviewer2AB08F3D',
    'AWS::KMS::Alias KeyAlias910D852D',
    'AWS::KMS::Key Key961B73FD',
    'AWS::S3::Bucket AuditRootsFD2559D7',
    'AWS::S3::BucketPolicy AuditRootsPolicy2F285E95',
    'AWS::SSM::Parameter KeyArnE8707E9F',
    'AWS::SecretsManager::Secret Secretapprovalpepper43B26F59',
  ]);
});

test('the table is on demand, protected, recoverable to the second and under a key of its owner', () => {
  assert.ok(table && key);
  assert.equal(table.Properties.TableName, 'nova-test');
  assert.equal(table.Properties.BillingMode, 'PAY_PER_REQUEST');
  const [replica, ...others] = table.Properties.Replicas as Record<string, unknown>[];
  assert.deepEqual(others, []);
  assert.deepEqual(replica?.Region, { Ref: 'AWS::Region' });
  assert.equal(replica?.DeletionProtectionEnabled, true);
  assert.deepEqual(replica?.PointInTimeRecoverySpecification, { PointInTimeRecoveryEnabled: true });
  assert.deepEqual(replica?.SSESpecification, { KMSMasterKeyId: { 'Fn::GetAtt': [key.id, 'Arn'] } });
  assert.deepEqual(table.Properties.SSESpecification, { SSEEnabled: true, SSEType: 'KMS' });
});

test('table and key stay when the stack goes', () => {
  for (const resource of [table, key]) {
    assert.deepEqual([resource?.DeletionPolicy, resource?.UpdateReplacePolicy], ['Retain', 'Retain']);
  }
  assert.equal(stacksOf().data.terminationProtection, true);
});

test('the roots of the audit trail are kept under Object Lock, versioned, private and over TLS alone', () => {
  const [bucket] = resources(data, 'AWS::S3::Bucket');
  const { BucketName, OwnershipControls, BucketEncryption, ...kept } = bucket?.Properties ?? {};
  assert.deepEqual(BucketName, {
    'Fn::Join': ['', ['nova-test-audit-', { Ref: 'AWS::AccountId' }, '-', { Ref: 'AWS::Region' }]],
  });
  assert.deepEqual(kept.VersioningConfiguration, { Status: 'Enabled' });
  assert.equal(kept.ObjectLockEnabled, true);
  assert.deepEqual(kept.ObjectLockConfiguration, {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 3650 } },
  });
  assert.deepEqual(Object.values(kept.PublicAccessBlockConfiguration as object), [true, true, true, true]);
  assert.ok(OwnershipControls && BucketEncryption);
  assert.deepEqual([bucket?.DeletionPolicy, bucket?.UpdateReplacePolicy], ['Retain', 'Retain']);
  const [policy] = resources(data, 'AWS::S3::BucketPolicy');
  const { Statement } = (policy?.Properties ?? assert.fail()).PolicyDocument as {
    Statement: Record<string, unknown>[];
  };
  const denied = Statement.map(({ Effect, Principal, Action, Condition }) => ({
    Effect,
    Principal,
    Action,
    Condition,
  }));
  assert.deepEqual(denied, [
    {
      ...{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*' },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    {
      ...{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*' },
      Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } },
    },
  ]);
});

test('the pepper of approval codes is made by the deployment, and no template or person has seen it', () => {
  const [secret, ...others] = resources(data, 'AWS::SecretsManager::Secret');
  assert.deepEqual(others, []);
  assert.equal(secret?.Properties.Name, '/nova/test/secrets/approval-pepper');
  assert.equal(secret?.Properties.SecretString, undefined);
  assert.deepEqual(secret?.Properties.GenerateSecretString, { ExcludePunctuation: true, PasswordLength: 48 });
  assert.deepEqual([secret?.DeletionPolicy, secret?.UpdateReplacePolicy], ['Retain', 'Retain']);
});

type KeyStatement = {
  readonly Sid?: string;
  readonly Principal: unknown;
  readonly Condition?: Record<string, unknown>;
};
const keyPolicy = (key?.Properties.KeyPolicy as { Statement: KeyStatement[] } | undefined)?.Statement ?? [];
const keyUse = (sid: string): string => JSON.stringify(keyPolicy.find(({ Sid }) => Sid === sid) ?? assert.fail(sid));

test('the key turns every year, and who may use a thing of this stage uses it through that thing’s service alone', () => {
  assert.equal(key?.Properties.EnableKeyRotation, true);
  const open = keyPolicy.filter(({ Principal }) => JSON.stringify(Principal) === '{"AWS":"*"}');
  assert.deepEqual(
    open.map(({ Sid }) => Sid),
    ['UseThroughTable', 'UseThroughRoots', 'UseThroughSecrets'],
  );
  const through = (service: string, rest: object) => ({
    'kms:CallerAccount': { Ref: 'AWS::AccountId' },
    'kms:ViaService': { 'Fn::Join': ['', [`${service}.`, { Ref: 'AWS::Region' }, '.amazonaws.com']] },
    ...rest,
  });
  assert.deepEqual(open[0]?.Condition, {
    StringEquals: through('dynamodb', {}),
    // A restored table has a name that goes on from the first one's.
    StringLike: { 'kms:EncryptionContext:aws:dynamodb:tableName': ['nova-test', 'nova-test-*'] },
  });
  assert.match(keyUse('UseThroughRoots'), /"kms:EncryptionContext:aws:s3:arn".*:s3:::nova-test-audit-/);
  assert.match(keyUse('UseThroughSecrets'), /"kms:EncryptionContext:SecretARN".*:secret:\/nova\/test\/secrets\/\*/);
});

test('logs and alarms use the key for this stage alone', () => {
  for (const group of ['/nova/test/*', 'API-Gateway-Execution-Logs_*/test', 'aws-waf-logs-nova-test'])
    assert.ok(keyUse('UseForLogs').includes(`:log-group:${group}`), group);
  assert.match(keyUse('UseForLogs'), /"ArnLike":\{"kms:EncryptionContext:aws:logs:arn"/);
  assert.match(keyUse('UseForAlarms'), /aws:SourceAccount.*nova-test-alarms/);
});

test('the table, the roots and the secrets are all under the one key', () => {
  const [bucket] = resources(data, 'AWS::S3::Bucket');
  const [secret] = resources(data, 'AWS::SecretsManager::Secret');
  const arn = `{"Fn::GetAtt":["${key?.id}","Arn"]}`;
  for (const one of [table, bucket, secret]) assert.ok(JSON.stringify(one?.Properties).includes(arn), one?.id);
});

test('the table has the keys and the index that a rehearsal makes', () => {
  const local = tableShape('nova-test');
  const indexes = table?.Properties.GlobalSecondaryIndexes as Record<string, unknown>[] | undefined;
  const index = (indexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }));
  assert.deepEqual(table?.Properties.KeySchema, local.KeySchema);
  assert.deepEqual(index, local.GlobalSecondaryIndexes);
  assert.deepEqual(table?.Properties.AttributeDefinitions, local.AttributeDefinitions);
});
