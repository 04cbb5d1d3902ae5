/** What the data stack keeps: roots of the audit trail, secrets that the deployment makes. */
import { functions, ROTATED_SECRETS } from '../../topology.ts';
import type { Acknowledgment } from '../acknowledgment.ts';
import type { Choices } from '../context.ts';
import { namesOf } from '../names.ts';

export const rootsAnswers = (choices: Choices): Acknowledgment[] => {
  const bucket = namesOf(choices.stage).auditBucket('<AWS::AccountId>', '<AWS::Region>');
  return [
    {
      stack: 'data',
      at: 'AuditRoots',
      id: 'AwsSolutions-S1',
      reason:
        'One put a day by one role: an access log would be larger than what it guards; Object Lock keeps the roots.',
    },
    {
      stack: 'data',
      at: 'AuditRoots',
      id: 'NIST.800.53.R5-S3BucketLoggingEnabled',
      reason:
        'One put a day by one role: an access log would be larger than what it guards; Object Lock keeps the roots.',
    },
    {
      stack: 'data',
      at: 'AuditRoots',
      id: 'NIST.800.53.R5-S3BucketReplicationEnabled',
      reason:
        'Each root follows from the trail in the table, which has recovery; a copy elsewhere is the choice of an owner.',
    },
    ...functions
      .filter(({ uses }) => uses.auditRoots)
      .map(({ name }) => ({
        at: `${name}/Role`,
        id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucket}/roots/*]`,
        reason: 'Each day has a root of its own name; functions may add or read them, and never change or delete one.',
      })),
  ];
};

export const secretsAnswers = (): Acknowledgment[] =>
  ROTATED_SECRETS.flatMap((name) =>
    ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'].map(
      (id): Acknowledgment => ({
        stack: 'data',
        at: `Secret-${name}`,
        id,
        reason:
          'Codes in mails that are under way hang on it: a person rotates it, with nova secret rotate, not a clock.',
      }),
    ),
  );
