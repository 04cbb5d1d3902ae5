/** Own assertions about what is kept, and about who is told when something is lost. */
import { all, at, list, names, type OwnAssertion, type Stacks, text } from './template.ts';

/** What cannot be made again. */
const STATEFUL =
  /^AWS::(DynamoDB::(GlobalTable|Table)|S3::Bucket|KMS::Key|SecretsManager::Secret|RDS::\w+|EFS::FileSystem|ECR::Repository)$/;
/** What is made again, or is worth nothing beyond its retention. */
const DISPOSABLE = ['AWS::Logs::LogGroup', 'AWS::SQS::Queue', 'AWS::Scheduler::ScheduleGroup'];
const isDead = (name: unknown): boolean => String(name).endsWith('-dead');
const replicas = 'AWS::DynamoDB::GlobalTable';
const alarmsOf = (stacks: Stacks) => all(stacks, 'AWS::CloudWatch::Alarm');

export const KEPT: readonly OwnAssertion[] = [
  {
    name: 'the table can be restored to any second, which the packs do not see of a TableV2',
    breaks: (stacks) =>
      all(stacks, replicas).filter((table) =>
        list(at(table, 'Replicas')).some(
          ({ PointInTimeRecoverySpecification: pitr }) => !text(pitr).includes('"PointInTimeRecoveryEnabled":true'),
        ),
      ),
    wrong: [
      { type: replicas, path: ['Properties', 'Replicas', 0, 'PointInTimeRecoverySpecification'], value: undefined },
    ],
  },
  {
    name: 'the table is protected against deletion, which the packs do not see of a TableV2',
    breaks: (stacks) =>
      all(stacks, replicas).filter((table) =>
        list(at(table, 'Replicas')).some(({ DeletionProtectionEnabled }) => DeletionProtectionEnabled !== true),
      ),
    wrong: [{ type: replicas, path: ['Properties', 'Replicas', 0, 'DeletionProtectionEnabled'], value: false }],
  },
  {
    name: 'the table is under a key of its owner, which the packs do not see of a TableV2',
    breaks: (stacks) =>
      all(stacks, replicas).filter((table) => {
        const [key] = all(stacks, 'AWS::KMS::Key');
        return list(at(table, 'Replicas')).some(({ SSESpecification }) => !key || !names(SSESpecification, key));
      }),
    wrong: [{ type: replicas, path: ['Properties', 'Replicas', 0, 'SSESpecification'], value: undefined }],
  },
  {
    name: 'the key turns every year',
    breaks: (stacks) => all(stacks, 'AWS::KMS::Key').filter((key) => at(key, 'EnableKeyRotation') !== true),
    wrong: [{ type: 'AWS::KMS::Key', path: ['Properties', 'EnableKeyRotation'], value: false }],
  },
  {
    name: 'whatever cannot be made again stays when its stack goes or it is replaced, in every stage',
    breaks: (stacks) =>
      all(stacks).filter(
        ({ Type, DeletionPolicy, UpdateReplacePolicy }) =>
          STATEFUL.test(Type) && (DeletionPolicy !== 'Retain' || UpdateReplacePolicy !== 'Retain'),
      ),
    wrong: [
      { type: replicas, path: ['DeletionPolicy'], value: 'Delete' },
      { type: 'AWS::S3::Bucket', path: ['UpdateReplacePolicy'], value: undefined },
      { add: { Type: 'AWS::EFS::FileSystem', Properties: {} } },
    ],
  },
  {
    name: 'whatever cannot be made again stands in the data stack, and only what can is deleted on purpose',
    breaks: ({ data, work }) => [
      ...all({ data: { Resources: {} }, work }).filter(({ Type }) => STATEFUL.test(Type)),
      ...all({ data, work }).filter(
        ({ Type, DeletionPolicy }) => DeletionPolicy === 'Delete' && !DISPOSABLE.includes(Type),
      ),
    ],
    wrong: [
      { add: { Type: 'AWS::S3::Bucket', Properties: {} } },
      { add: { Type: 'AWS::SSM::Parameter', Properties: {}, DeletionPolicy: 'Delete' } },
    ],
  },
  {
    name: 'every bucket is private, versioned and locked',
    breaks: (stacks) =>
      all(stacks, 'AWS::S3::Bucket').filter(
        (bucket) =>
          at(bucket, 'VersioningConfiguration', 'Status') !== 'Enabled' ||
          at(bucket, 'ObjectLockEnabled') !== true ||
          text(at(bucket, 'PublicAccessBlockConfiguration')).split('true').length !== 5,
      ),
    wrong: [
      {
        type: 'AWS::S3::Bucket',
        path: ['Properties', 'PublicAccessBlockConfiguration', 'BlockPublicPolicy'],
        value: false,
      },
      { type: 'AWS::S3::Bucket', path: ['Properties', 'VersioningConfiguration'], value: undefined },
    ],
  },
  {
    name: 'every queue has a place for dead letters, or is one, and keeps those as long as SQS can',
    breaks: (stacks) =>
      all(stacks, 'AWS::SQS::Queue').filter((queue) =>
        isDead(at(queue, 'QueueName'))
          ? at(queue, 'MessageRetentionPeriod') !== 14 * 86_400
          : at(queue, 'RedrivePolicy', 'deadLetterTargetArn') === undefined,
      ),
    wrong: [
      { add: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'nova-test-more' } } },
      { add: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'nova-test-more-dead' } } },
    ],
  },
  {
    name: 'every queue has an alarm',
    breaks: (stacks) =>
      all(stacks, 'AWS::SQS::Queue').filter(
        (queue) => !alarmsOf(stacks).some((alarm) => names(at(alarm, 'Dimensions'), queue)),
      ),
    wrong: [{ add: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'nova-test-more' } } }],
  },
  {
    name: 'every alarm says what to do, leads to the runbook, and tells somebody when it begins and ends',
    breaks: (stacks) =>
      alarmsOf(stacks).filter(
        (alarm) =>
          !/docs\/runbook\.md#\w+$/.test(String(at(alarm, 'AlarmDescription'))) ||
          list(at(alarm, 'AlarmActions')).length === 0 ||
          list(at(alarm, 'OKActions')).length === 0,
      ),
    wrong: [
      { type: 'AWS::CloudWatch::Alarm', path: ['Properties', 'AlarmDescription'], value: 'CPU is high' },
      { type: 'AWS::CloudWatch::Alarm', path: ['Properties', 'AlarmActions'], value: [] },
    ],
  },
  {
    name: 'every log ends, under the key of the stage',
    breaks: (stacks) =>
      all(stacks, 'AWS::Logs::LogGroup').filter(
        (log) => at(log, 'RetentionInDays') === undefined || at(log, 'KmsKeyId') === undefined,
      ),
    wrong: [
      { type: 'AWS::Logs::LogGroup', path: ['Properties', 'RetentionInDays'], value: undefined },
      { type: 'AWS::Logs::LogGroup', path: ['Properties', 'KmsKeyId'], value: undefined },
    ],
  },
  {
    name: 'every function logs to a group of the template, none to one that AWS makes and keeps for ever',
    breaks: (stacks) =>
      all(stacks, 'AWS::Lambda::Function').filter(
        (fn) => !all(stacks, 'AWS::Logs::LogGroup').some((log) => names(at(fn, 'LoggingConfig', 'LogGroup'), log)),
      ),
    wrong: [{ type: 'AWS::Lambda::Function', path: ['Properties', 'LoggingConfig'], value: undefined }],
  },
  {
    name: 'every schedule has dead letters, an age after which it is worth nothing, and an end of repeating',
    breaks: (stacks) =>
      all(stacks, 'AWS::Scheduler::Schedule').filter((schedule) => {
        const { MaximumEventAgeInSeconds: age, MaximumRetryAttempts: retries } = (at(
          schedule,
          ...['Target', 'RetryPolicy'],
        ) ?? {}) as Record<string, unknown>;
        return (
          typeof age !== 'number' || typeof retries !== 'number' || !at(schedule, 'Target', 'DeadLetterConfig', 'Arn')
        );
      }),
    wrong: [
      { type: 'AWS::Scheduler::Schedule', path: ['Properties', 'Target', 'DeadLetterConfig'], value: undefined },
      { type: 'AWS::Scheduler::Schedule', path: ['Properties', 'Target', 'RetryPolicy'], value: undefined },
    ],
  },
  {
    name: 'what AWS tells on its own bus, and mails of alarms, have dead letters as well',
    breaks: (stacks) => [
      ...all(stacks, 'AWS::Events::Rule').filter((rule) =>
        list(at(rule, 'Targets')).some(({ DeadLetterConfig }) => DeadLetterConfig === undefined),
      ),
      ...all(stacks, 'AWS::SNS::Subscription').filter((one) => at(one, 'RedrivePolicy') === undefined),
    ],
    wrong: [
      { type: 'AWS::Events::Rule', path: ['Properties', 'Targets', 0, 'DeadLetterConfig'], value: undefined },
      { type: 'AWS::SNS::Subscription', path: ['Properties', 'RedrivePolicy'], value: undefined },
    ],
  },
];
