/**
 * Findings of cdk-nag that are meant to be so: which, where, why. The list is short on purpose, a test fails on an entry
 * that acknowledges nothing, and on any finding that is not in it.
 */
import { type Stack, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { functions, queues } from '../topology.ts';
import { frontAnswers } from './acknowledged/front.ts';
import { rootsAnswers, secretsAnswers } from './acknowledged/kept.ts';
import { peopleAnswers } from './acknowledged/people.ts';
import { taskAnswers } from './acknowledged/tasks.ts';
import type { Acknowledgment } from './acknowledgment.ts';
import type { Choices } from './context.ts';
import { namesOf } from './names.ts';

const IS_DEAD_END = 'It is where dead letters end: an alarm tells the owner, and nothing consumes it but a redrive.';

/** When the list was last gone through: each entry is looked at again within a year. */
export const REVIEWED = '2026-11-20';

export function acknowledgments(choices: Choices): readonly Acknowledgment[] {
  return [
    ...deadEnds(),
    ...pollers(),
    ...schedulesOfAgents(choices),
    ...frontAnswers(choices),
    ...rootsAnswers(choices),
    ...secretsAnswers(),
    ...peopleAnswers(choices),
    ...channels(choices),
    ...everywhere(choices),
    ...everyResource(choices),
    ...nist(),
    ...(choices.containers ? taskAnswers(choices.stage, choices.containers) : []),
  ];
}

export function acknowledge(stacks: { readonly data: Stack; readonly work: Stack }, choices: Choices): void {
  for (const { stack = 'work', at, id, reason } of acknowledgments(choices)) {
    Validations.of(constructAt(stacks[stack], at)).acknowledge({ id, reason: `${reason} (reviewed ${REVIEWED})` });
  }
}

function constructAt(stack: Stack, path: string): Construct {
  return path
    .split('/')
    .filter(Boolean)
    .reduce<Construct>((at, id) => at.node.findChild(id) as Construct, stack);
}

const deadEnds = (): Acknowledgment[] => [
  ...queues.map(({ name }) => ({
    at: `queue-${name}/DeadLetters`,
    id: 'Serverless-SQSRedrivePolicy',
    reason: IS_DEAD_END,
  })),
  { at: 'schedules/DeadLetters', id: 'Serverless-SQSRedrivePolicy', reason: IS_DEAD_END },
];

const pollers = (): Acknowledgment[] =>
  functions.flatMap(({ name, on }) =>
    'queue' in on
      ? [
          {
            at: `${name}/Source`,
            id: 'Serverless-LambdaEventSourceMappingDestination',
            reason: `Lambda takes failure destinations for streams only; the queue ${on.queue} has a redrive policy.`,
          },
        ]
      : [],
  );

const schedulesOfAgents = (choices: Choices): Acknowledgment[] => {
  const { scheduleGroup } = namesOf(choices.stage);
  const schedules = `arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/${scheduleGroup}/*`;
  return functions
    .filter(({ uses }) => uses.schedules)
    .flatMap(({ name }) => [
      {
        at: `${name}/Role`,
        id: `AwsSolutions-IAM5[Resource::${schedules}]`,
        reason:
          'The schedules of agents are made while the system runs; the group of this stage is the narrowest name.',
      },
    ]);
};

const everyResource = ({ tracing, containers }: Choices): Acknowledgment[] =>
  functions
    .filter(({ uses }) => tracing || uses.schedules || (containers && uses.launches))
    .map(({ name }) => ({
      at: `${name}/Role`,
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Only actions of WHY_EVERYWHERE in infra/aws/grants.ts, each with its reason: AWS knows no resource.',
    }));

const channels = (choices: Choices): Acknowledgment[] => {
  const { secretsPrefix } = namesOf(choices.stage);
  const secrets = `arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter${secretsPrefix}channel-*`;
  return [
    {
      at: 'do-work/Role',
      id: `AwsSolutions-IAM5[Resource::${secrets}]`,
      reason: 'Channels of alerts are added while the system runs; each may read secrets of channels and no other.',
    },
  ];
};

/** NIST 800-53 r5, where it asks for what this system holds in another way. */
const nist = (): Acknowledgment[] => [
  {
    at: '',
    id: 'NIST.800.53.R5-LambdaConcurrency',
    reason: 'Event sources are capped; reserving takes from the 100 that must stay free, which new accounts lack.',
  },
  {
    at: '',
    id: 'NIST.800.53.R5-LambdaInsideVPC',
    reason: 'Nothing private is reached; a NAT gateway would cost more than the whole idle stack and add nothing.',
  },
];

const everywhere = ({ tracing }: Choices): Acknowledgment[] => (tracing ? [] : [UNTRACED]);

const UNTRACED: Acknowledgment = {
  at: '',
  id: 'Serverless-LambdaTracing',
  reason:
    'It is a choice, -c tracing=true: it has a price, and logs carry invocation and run ids, records carry durations.',
};
