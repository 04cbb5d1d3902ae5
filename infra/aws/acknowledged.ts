/**
 * Findings of cdk-nag that are meant to be so: which, where, why. The list is short on purpose, a test fails on an entry
 * that acknowledges nothing, and on any finding that is not in it.
 */
import { type Stack, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { functions, queues, ROTATED_SECRETS, tasks } from '../topology.ts';
import type { Choices, Containers } from './context.ts';
import { namesOf } from './names.ts';

export type Acknowledgment = {
  /** The stack it is in; the work stack unless said. */
  readonly stack?: 'data';
  /** Path of the construct below its stack; '' is the stack itself. */
  readonly at: string;
  readonly id: string;
  readonly reason: string;
};

const IS_DEAD_END = 'It is where dead letters end: an alarm tells the owner, and nothing consumes it but a redrive.';

/** When the list was last gone through: each entry is looked at again within a year. */
export const REVIEWED = '2026-11-20';

export function acknowledgments(choices: Choices): readonly Acknowledgment[] {
  return [
    ...deadEnds(),
    ...pollers(),
    ...schedulesOfAgents(choices),
    ...door(choices),
    ...roots(choices),
    ...madeSecrets(),
    ...channels(choices),
    ...everywhere(),
    ...(choices.containers ? tasksOf(choices.stage, choices.containers) : []),
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
  {
    at: 'schedules/DeadLetters',
    id: 'AwsSolutions-SQS3',
    reason: 'The rule looks for a redrive policy that names it; EventBridge Scheduler and Lambda send to it directly.',
  },
  {
    at: 'alarms/Owner',
    id: 'Serverless-SNSRedrivePolicy',
    reason: 'An alarm mail that cannot be delivered has no other reader; the alarm itself keeps its state.',
  },
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
      {
        at: `${name}/Role`,
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'scheduler:ListSchedules alone: AWS defines no resource for it.',
      },
    ]);
};

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

const door = (choices: Choices): Acknowledgment[] => [
  {
    at: 'front/LogRole',
    id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
    reason: 'The one role that API Gateway logs with for the whole account; AWS prescribes this policy for it.',
  },
  {
    at: 'front/Api',
    id: 'AwsSolutions-APIG2',
    reason: 'A signed webhook must arrive as the bytes that were sent; the functions parse everything with a schema.',
  },
  {
    at: 'front/Api',
    id: 'AwsSolutions-APIG4',
    reason:
      'Vendors and mail readers have no identity of ours: signatures, and a token with a code, are checked inside.',
  },
  {
    at: 'front/Api',
    id: 'AwsSolutions-COG4',
    reason: 'No user pool: webhooks are signed by their vendor, approvals need a token and a code from the mail.',
  },
  ...(choices.waf
    ? []
    : [
        {
          at: 'front/Api',
          id: 'AwsSolutions-APIG3',
          reason: 'A firewall costs more than the idle rest of the stack; throttling protects, -c waf=true adds one.',
        },
      ]),
];

const roots = (choices: Choices): Acknowledgment[] => {
  const bucket = namesOf(choices.stage).auditBucket('<AWS::AccountId>', '<AWS::Region>');
  return [
    {
      stack: 'data',
      at: 'AuditRoots',
      id: 'AwsSolutions-S1',
      reason:
        'One put a day by one role: an access log would be larger than what it guards; Object Lock keeps the roots.',
    },
    ...functions
      .filter(({ uses }) => uses.auditRoots)
      .map(({ name }) => ({
        at: `${name}/Role`,
        id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucket}/roots/*]`,
        reason: 'Each day has a root of its own name; the function may only add one, never read, change or delete.',
      })),
  ];
};

const madeSecrets = (): Acknowledgment[] =>
  ROTATED_SECRETS.map((name) => ({
    stack: 'data',
    at: `Secret-${name}`,
    id: 'AwsSolutions-SMG4',
    reason: 'Codes in mails that are under way hang on it: a person rotates it, with nova secret rotate, not a clock.',
  }));

const everywhere = (): Acknowledgment[] => [
  {
    at: '',
    id: 'Serverless-LambdaDLQ',
    reason:
      'A queue function fails into the dead letters of its queue, a scheduled one into its failure destination, a web ' +
      'one into an answer. The rule knows only the oldest form; test/infra asserts these three.',
  },
  {
    at: '',
    id: 'Serverless-LambdaTracing',
    reason: 'X-Ray wants a right on every resource (*); logs carry invocation and run ids, records carry durations.',
  },
  {
    at: 'front',
    id: 'Serverless-APIGWXrayEnabled',
    reason: 'The functions behind it do not trace; the access log has the latency of every request.',
  },
];

/** Tasks of agents, where the stage has them. */
function tasksOf(stage: string, { gpu, network }: Containers): Acknowledgment[] {
  const ecs = 'Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:';
  const names = namesOf(stage);
  const defined = tasks.filter((row) => gpu || !row.gpu);
  const launchers = functions.filter(({ uses }) => uses.launches && !uses.schedules);
  return [
    ...(network ? [] : [NO_FLOW_LOGS]),
    {
      at: 'tasks/Cluster',
      id: 'AwsSolutions-ECS4',
      reason:
        'Container Insights bills metrics for every task: each run notes what it used of processor and memory itself.',
    },
    {
      at: 'tasks',
      id: 'AwsSolutions-ECS2',
      reason:
        'Its environment holds names and addresses alone: secrets are read from SSM, by the names in the topology.',
    },
    ...defined.map(
      ({ name }): Acknowledgment => ({
        at: '',
        id: `AwsSolutions-IAM5[${ecs}task-definition/${names.family(name)}:*]`,
        reason:
          'Every deploy makes a new revision of the definition: the family is ours, and the cluster is a condition.',
      }),
    ),
    {
      at: '',
      id: `AwsSolutions-IAM5[${ecs}task/${names.cluster}/*]`,
      reason: 'A task has its id from ECS when it starts: those of this cluster alone can be looked at and stopped.',
    },
    ...launchers.map(
      ({ name }): Acknowledgment => ({
        at: name,
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'ListTasks knows no resource: a condition on the cluster keeps it to the tasks of this stage.',
      }),
    ),
    ...(gpu ? MANAGED_MACHINES : []),
  ];
}

const NO_FLOW_LOGS: Acknowledgment = {
  at: 'tasks/Network',
  id: 'AwsSolutions-VPC7',
  reason:
    'Nobody can come in, and what goes out is logged by the guarded port with its address: flow logs cost by the byte.',
};

const MANAGED_MACHINES: readonly Acknowledgment[] = [
  ['MachineRole', 'AmazonECSInstanceRolePolicyForManagedInstances'],
  ['InfrastructureRole', 'AmazonECSInfrastructureRolePolicyForManagedInstances'],
].map(([at, policy]) => ({
  at: `tasks/gpu/${at}`,
  id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`,
  reason:
    'AWS runs these machines and changes what that takes: its own policy is kept up with it, a copy would not be.',
}));
