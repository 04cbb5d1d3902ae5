/** Own assertions about who may do what, who may come in, and what runs with how much room. */
import { WHY_EVERYWHERE } from '../../../infra/aws/grants.ts';
import { all, at, containersOf, list, type OwnAssertion, statementsOf, text } from './template.ts';

const FN = 'AWS::Lambda::Function';
const TASK = 'AWS::ECS::TaskDefinition';
const POLICY = 'AWS::IAM::ManagedPolicy';
const statement = ['Properties', 'PolicyDocument', 'Statement', 0] as const;
const container = ['Properties', 'ContainerDefinitions', 0] as const;
const actionsOf = ({ Action }: Record<string, unknown>): readonly string[] => [Action].flat().map(String);
/** Services that act for many accounts: without a condition any of them could send ours. */
const DEPUTIES = /^(scheduler|ecs-tasks|vpc-flow-logs)\.amazonaws\.com$/;

export const REACHED: readonly OwnAssertion[] = [
  {
    name: 'no task of Fargate asks for a GPU, which neither CDK nor cfn-lint refuses',
    breaks: (stacks) =>
      all(stacks, TASK).filter(
        (task) =>
          list(at(task, 'RequiresCompatibilities')).some((one) => String(one) === 'FARGATE') &&
          text(containersOf(task)).includes('"Type":"GPU"'),
      ),
    wrong: [{ type: TASK, path: [...container, 'ResourceRequirements'], value: [{ Type: 'GPU', Value: '1' }] }],
  },
  {
    name: 'every container is without root, capabilities and a disk to write to, and stops within what Fargate grants',
    breaks: (stacks) =>
      all(stacks, TASK).filter((task) =>
        containersOf(task).some(
          ({ User, Privileged, ReadonlyRootFilesystem, StopTimeout, LinuxParameters }) =>
            !/^[1-9]\d*$/.test(String(User)) ||
            Privileged === true ||
            ReadonlyRootFilesystem !== true ||
            Number(StopTimeout) > 120 ||
            !text(LinuxParameters).includes('"Drop":["ALL"]'),
        ),
      ),
    wrong: [
      { type: TASK, path: [...container, 'User'], value: '0' },
      { type: TASK, path: [...container, 'Privileged'], value: true },
      { type: TASK, path: [...container, 'StopTimeout'], value: 121 },
      { type: TASK, path: [...container, 'LinuxParameters'], value: undefined },
    ],
  },
  {
    name: 'every event source has a limit of its own, and none above what is reserved for its function',
    breaks: (stacks) =>
      all(stacks, 'AWS::Lambda::EventSourceMapping').filter((mapping) => {
        const most = Number(at(mapping, 'ScalingConfig', 'MaximumConcurrency'));
        const fn = all(stacks, FN).find(({ id }) => id === at(mapping, 'FunctionName', 'Ref'));
        const reserved = (fn && at(fn, 'ReservedConcurrentExecutions')) ?? Number.POSITIVE_INFINITY;
        return !(most >= 2 && most <= 1000 && most <= Number(reserved));
      }),
    wrong: [
      { type: 'AWS::Lambda::EventSourceMapping', path: ['Properties', 'ScalingConfig'], value: undefined },
      { type: FN, path: ['Properties', 'ReservedConcurrentExecutions'], value: 1 },
    ],
  },
  {
    name: 'a queue hides a message for longer than its function may take',
    breaks: (stacks) =>
      all(stacks, 'AWS::Lambda::EventSourceMapping').filter((mapping) => {
        const fn = all(stacks, FN).find(({ id }) => id === at(mapping, 'FunctionName', 'Ref'));
        const source = list(at(mapping, 'EventSourceArn', 'Fn::GetAtt'))[0] as unknown;
        const queue = all(stacks, 'AWS::SQS::Queue').find(({ id }) => id === source);
        return !fn || !queue || Number(at(queue, 'VisibilityTimeout')) <= Number(at(fn, 'Timeout'));
      }),
    wrong: [{ type: FN, path: ['Properties', 'Timeout'], value: 900 }],
  },
  {
    name: 'every function runs a version of Node that somebody chose, none that changes by itself',
    breaks: (stacks) => all(stacks, FN).filter((fn) => at(fn, 'Runtime') !== 'nodejs24.x'),
    wrong: [{ type: FN, path: ['Properties', 'Runtime'], value: 'nodejs.latest' }],
  },
  {
    name: 'every function has dead letters for whoever calls it without waiting',
    breaks: (stacks) => all(stacks, FN).filter((fn) => at(fn, 'DeadLetterConfig', 'TargetArn') === undefined),
    wrong: [{ type: FN, path: ['Properties', 'DeadLetterConfig'], value: undefined }],
  },
  {
    name: 'no function has a public address of its own, and none lets circles of messages go on',
    breaks: (stacks) => [
      ...all(stacks, 'AWS::Lambda::Url'),
      ...all(stacks, FN).filter((fn) => at(fn, 'RecursiveLoop') === 'Allow'),
    ],
    wrong: [
      { add: { Type: 'AWS::Lambda::Url', Properties: {} } },
      { type: FN, path: ['Properties', 'RecursiveLoop'], value: 'Allow' },
    ],
  },
  {
    name: 'whoever may call a function is a service of AWS, for one thing of ours',
    breaks: (stacks) =>
      all(stacks, 'AWS::Lambda::Permission').filter(
        (one) => !/\.amazonaws\.com$/.test(String(at(one, 'Principal'))) || at(one, 'SourceArn') === undefined,
      ),
    wrong: [
      { type: 'AWS::Lambda::Permission', path: ['Properties', 'Principal'], value: '*' },
      { type: 'AWS::Lambda::Permission', path: ['Properties', 'SourceArn'], value: undefined },
    ],
  },
  {
    name: 'every role is taken by services alone, and where a service acts for many, for this account alone',
    breaks: (stacks) =>
      all(stacks, 'AWS::IAM::Role').filter((role) =>
        statementsOf(role).some(({ Principal, Condition }) => {
          const service = (Principal as { Service?: unknown } | undefined)?.Service;
          if (typeof service !== 'string') return true;
          return DEPUTIES.test(service) && !text(Condition).includes('"aws:SourceAccount"');
        }),
      ),
    wrong: [
      {
        add: {
          Type: 'AWS::IAM::Role',
          Properties: { AssumeRolePolicyDocument: { Statement: [{ Principal: { AWS: '*' } }] } },
        },
      },
      {
        type: 'AWS::IAM::Role',
        path: ['Properties', 'AssumeRolePolicyDocument', 'Statement', 0, 'Condition'],
        value: {},
      },
    ],
  },
  {
    name: 'nobody may do everything, or everything of a service, or all but something',
    breaks: (stacks) =>
      all(stacks, POLICY, 'AWS::IAM::Policy').filter((policy) =>
        statementsOf(policy).some(
          (one) => 'NotAction' in one || 'NotResource' in one || actionsOf(one).some((action) => action.includes('*')),
        ),
      ),
    wrong: [
      { type: POLICY, path: [...statement, 'Action'], value: 'dynamodb:*' },
      { type: POLICY, path: [...statement, 'NotAction'], value: 'iam:PassRole' },
    ],
  },
  {
    name: 'whatever is granted on everything has its reason on the list',
    breaks: (stacks) =>
      all(stacks, POLICY, 'AWS::IAM::Policy').filter((policy) =>
        statementsOf(policy).some(
          (one) => [one.Resource].flat().includes('*') && actionsOf(one).some((action) => !(action in WHY_EVERYWHERE)),
        ),
      ),
    wrong: [{ type: POLICY, path: [...statement, 'Resource'], value: '*' }],
  },
  {
    name: 'the table is never scanned, and the audit trail is neither changed nor deleted by a role',
    breaks: (stacks) =>
      all(stacks, POLICY, 'AWS::IAM::Policy').filter((policy) =>
        statementsOf(policy).some(
          (one) =>
            actionsOf(one).some((action) => /^dynamodb:(Scan|PartiQL|Batch)/.test(action)) ||
            (/"(AUDIT|ANCHOR)/.test(text(one.Condition)) &&
              actionsOf(one).some((action) => /:(UpdateItem|DeleteItem)$/.test(action))),
        ),
      ),
    wrong: [
      { type: POLICY, path: [...statement, 'Action'], value: ['dynamodb:Scan'] },
      {
        type: POLICY,
        path: [...statement],
        value: { Action: 'dynamodb:DeleteItem', Condition: { x: { 'dynamodb:LeadingKeys': ['AUDIT#*'] } } },
      },
    ],
  },
  {
    name: 'nobody comes in through a security group, and no machine waits to be paid',
    breaks: (stacks) => [
      ...all(stacks, 'AWS::EC2::SecurityGroup').filter((group) => at(group, 'SecurityGroupIngress') !== undefined),
      ...all(
        stacks,
        ...['AWS::EC2::SecurityGroupIngress', 'AWS::EC2::Instance', 'AWS::ECS::Service'],
        ...['AWS::AutoScaling::AutoScalingGroup', 'AWS::ElasticLoadBalancingV2::LoadBalancer'],
      ),
    ],
    wrong: [
      { type: 'AWS::EC2::SecurityGroup', path: ['Properties', 'SecurityGroupIngress'], value: [] },
      { add: { Type: 'AWS::ECS::Service', Properties: {} } },
    ],
  },
  {
    name: 'every network of ours has a flow log of all that was let through and turned away',
    breaks: (stacks) =>
      all(stacks, 'AWS::EC2::VPC').filter(
        ({ id }) =>
          !all(stacks, 'AWS::EC2::FlowLog').some(
            (log) => at(log, 'ResourceId', 'Ref') === id && at(log, 'TrafficType') === 'ALL',
          ),
      ),
    wrong: [{ type: 'AWS::EC2::FlowLog', path: ['Properties', 'TrafficType'], value: 'REJECT' }],
  },
  {
    name: 'the door is throttled, has a log without paths, and is never traced',
    breaks: (stacks) =>
      all(stacks, 'AWS::ApiGateway::Stage').filter((stage) => {
        const [settings] = list(at(stage, 'MethodSettings'));
        return (
          !(Number(settings?.ThrottlingRateLimit) > 0) ||
          settings?.DataTraceEnabled !== false ||
          /\$context\.(path|requestOverride)|querystring/i.test(text(at(stage, 'AccessLogSetting', 'Format'))) ||
          at(stage, 'AccessLogSetting', 'DestinationArn') === undefined ||
          at(stage, 'TracingEnabled') === true
        );
      }),
    wrong: [
      { type: 'AWS::ApiGateway::Stage', path: ['Properties', 'TracingEnabled'], value: true },
      { type: 'AWS::ApiGateway::Stage', path: ['Properties', 'AccessLogSetting', 'Format'], value: '$context.path' },
      { type: 'AWS::ApiGateway::Stage', path: ['Properties', 'MethodSettings', 0, 'ThrottlingRateLimit'], value: 0 },
    ],
  },
  {
    name: 'queues are encrypted and, like the topic, take TLS alone',
    breaks: (stacks) => [
      ...all(stacks, 'AWS::SQS::Queue').filter((queue) => at(queue, 'SqsManagedSseEnabled') !== true),
      ...all(stacks, 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy').filter(
        (policy) =>
          !/"aws:SecureTransport":"false"/.test(text(statementsOf(policy).filter(({ Effect }) => Effect === 'Deny'))),
      ),
      ...all(stacks, 'AWS::SNS::Topic').filter((topic) => at(topic, 'KmsMasterKeyId') === undefined),
    ],
    wrong: [
      { type: 'AWS::SQS::Queue', path: ['Properties', 'SqsManagedSseEnabled'], value: false },
      { type: 'AWS::SNS::TopicPolicy', path: ['Properties', 'PolicyDocument', 'Statement'], value: [] },
      { type: 'AWS::SNS::Topic', path: ['Properties', 'KmsMasterKeyId'], value: undefined },
    ],
  },
  {
    name: 'no template holds a secret: functions and tasks are told names, and what is generated is seen by nobody',
    breaks: (stacks) => [
      ...all(stacks).filter((one) =>
        /sk_(live|test)_|whsec_|SG\.[\w-]{16}|AKIA[0-9A-Z]{16}|xox[bp]-/.test(text(one.Properties)),
      ),
      ...all(stacks, FN).filter((fn) =>
        Object.keys((at(fn, 'Environment', 'Variables') ?? {}) as object).some((name) =>
          /(_KEY|TOKEN|PASSWORD|SECRET)$/.test(name),
        ),
      ),
      ...all(stacks, 'AWS::SecretsManager::Secret').filter((secret) => at(secret, 'SecretString') !== undefined),
    ],
    wrong: [
      { type: FN, path: ['Properties', 'Environment', 'Variables', 'STRIPE_API_KEY'], value: 'x' },
      { type: 'AWS::SSM::Parameter', path: ['Properties', 'Value'], value: 'sk_live_abc' },
      { type: 'AWS::SecretsManager::Secret', path: ['Properties', 'SecretString'], value: 'x' },
    ],
  },
];
