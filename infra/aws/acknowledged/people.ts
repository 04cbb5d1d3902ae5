/** What people may use by the command: names with a star in them, and why there is no narrower one. */
import { PERSON_ROLES, rightsOf } from '../../people.ts';
import type { Acknowledgment } from '../acknowledgment.ts';
import type { Choices } from '../context.ts';
import { namesOf } from '../names.ts';

export const peopleAnswers = (choices: Choices): Acknowledgment[] => {
  const { auditBucket, secretsPrefix } = namesOf(choices.stage);
  const bucket = auditBucket('<AWS::AccountId>', '<AWS::Region>');
  const secrets = `arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter${secretsPrefix}*`;
  return PERSON_ROLES.flatMap((role) => [
    answer(role, '*', 'Only actions of WHY_EVERYWHERE in infra/aws/grants.ts, each with its reason: names, no values.'),
    answer(
      role,
      `arn:<AWS::Partition>:s3:::${bucket}/roots/*`,
      'Each day has a root of its own name; people read them.',
    ),
    ...(rightsOf(role).secrets?.includes('*')
      ? [
          answer(
            role,
            secrets,
            'Who may set and rotate the secrets of this stage may do so with those of channels, too.',
          ),
        ]
      : []),
  ]);
};

const answer = (role: string, resource: string, reason: string): Acknowledgment => ({
  stack: 'data',
  at: `People-${role}`,
  id: `AwsSolutions-IAM5[Resource::${resource}]`,
  reason,
});
