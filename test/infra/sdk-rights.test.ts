/**
 * What AWS asks for each request that a port sends, against what the roles of those who use the port have. Some requests ask
 * for more rights than their name says, and nothing on this machine would tell.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { functions, tasks, type Uses } from '../../infra/topology.ts';
import { resources, synthesized } from './synthesized.ts';

const AWS = join(import.meta.dirname, '../../shared/aws');
const { data, work } = synthesized({ containers: { gpu: true } });

/** Source: Service Authorization Reference, and the guides of ECS ("tag resources on creation") and Scheduler ("execution role"). */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  CreateScheduleCommand: ['scheduler:CreateSchedule', 'iam:PassRole'],
  UpdateScheduleCommand: ['scheduler:UpdateSchedule', 'iam:PassRole'],
  DeleteScheduleCommand: ['scheduler:DeleteSchedule'],
  GetScheduleCommand: ['scheduler:GetSchedule'],
  ListSchedulesCommand: ['scheduler:ListSchedules'],
  // Its tags come from the definition.
  RunTaskCommand: ['ecs:RunTask', 'iam:PassRole', 'ecs:TagResource'],
  StopTaskCommand: ['ecs:StopTask'],
  ListTasksCommand: ['ecs:ListTasks'],
  DescribeTasksCommand: ['ecs:DescribeTasks'],
  PutEventsCommand: ['events:PutEvents'],
  GetParameterCommand: ['ssm:GetParameter'],
  GetSecretValueCommand: ['secretsmanager:GetSecretValue'],
  SendMessageCommand: ['sqs:SendMessage'],
  SendMessageBatchCommand: ['sqs:SendMessage'],
  // What the command of a person sends besides.
  PutParameterCommand: ['ssm:PutParameter'],
  DescribeParametersCommand: ['ssm:DescribeParameters'],
  PutSecretValueCommand: ['secretsmanager:PutSecretValue'],
  DescribeSecretCommand: ['secretsmanager:DescribeSecret'],
  GetQueueAttributesCommand: ['sqs:GetQueueAttributes'],
  ReceiveMessageCommand: ['sqs:ReceiveMessage'],
  DeleteMessageCommand: ['sqs:DeleteMessage'],
  GetObjectCommand: ['s3:GetObject'],
  ListObjectsV2Command: ['s3:ListBucket'],
  GetItemCommand: ['dynamodb:GetItem'],
  QueryCommand: ['dynamodb:Query'],
  PutItemCommand: ['dynamodb:PutItem'],
  UpdateItemCommand: ['dynamodb:UpdateItem'],
  DeleteItemCommand: ['dynamodb:DeleteItem'],
  TransactWriteItemsCommand: ['PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'].map(
    (one) => `dynamodb:${one}`,
  ),
  CreateBackupCommand: ['dynamodb:CreateBackup'],
  ListBackupsCommand: ['dynamodb:ListBackups'],
  DescribeContinuousBackupsCommand: ['dynamodb:DescribeContinuousBackups'],
};

/** What an opened stage sends; letters are shown by no command, and another table is for whoever deploys. */
const PEOPLE: readonly { readonly file: string; readonly only?: RegExp }[] = [
  ...[
    'ssm-shelf.ts',
    'ssm-secrets.ts',
    'secret-versions.ts',
    'sqs-receive.ts',
    'dynamo-table.ts',
    'dynamo-query.ts',
  ].map((file) => ({ file })),
  { file: 'sqs-admin.ts', only: /^(?!ChangeMessageVisibility)/ },
  { file: 'sqs-queue.ts', only: /^Send/ },
  { file: 's3-roots.ts', only: /^(Get|List)/ },
  { file: 'table-backups.ts', only: /^(Create|List|DescribeContinuous)/ },
];

test('an admin of a stage has every right that AWS asks for what an opened stage sends', () => {
  const [policy] = resources(data, 'AWS::IAM::ManagedPolicy').filter(
    ({ Properties }) => Properties.ManagedPolicyName === 'nova-test-admin',
  );
  const { Statement } = (policy ?? assert.fail('there is no such policy')).Properties.PolicyDocument as {
    Statement: { Action: string | string[] }[];
  };
  const granted = new Set(Statement.flatMap(({ Action }) => Action));
  for (const { file, only = /^/ } of PEOPLE) {
    const sent = commandsIn(file).filter((name) => only.test(name));
    assert.ok(sent.length > 0, `${file} sends nothing`);
    for (const command of sent) {
      const asked = ASKED[command] ?? assert.fail(`${file} sends ${command}: which rights does AWS ask for?`);
      for (const action of asked) assert.ok(granted.has(action), `an admin sends ${command} without ${action}`);
    }
  }
  // Values of all secrets below a path, and another table: neither is granted.
  for (const action of [
    'ssm:GetParametersByPath',
    'dynamodb:Scan',
    'dynamodb:RestoreTableFromBackup',
    'dynamodb:DeleteTable',
  ])
    assert.ok(!granted.has(action), action);
});

/** Where each word of the topology is kept, and which of its requests a function sends (others are the command's). */
const PORTS: readonly { readonly used: (uses: Uses) => boolean; readonly file: string; readonly only?: RegExp }[] = [
  { used: ({ schedules }) => schedules === true, file: 'eventbridge-scheduler.ts' },
  { used: ({ launches = [] }) => launches.includes('start'), file: 'ecs-launcher.ts', only: /^(Run|List|Describe)/ },
  { used: ({ launches = [] }) => launches.includes('stop'), file: 'ecs-launcher.ts', only: /^(Stop|List|Describe)/ },
  { used: ({ events }) => events === true, file: 'eventbridge-events.ts' },
  {
    used: ({ secrets = [] }) => secrets.some((name) => name !== 'approval-pepper'),
    file: 'ssm-secrets.ts',
    only: /^Get/,
  },
  { used: ({ secrets = [] }) => secrets.includes('approval-pepper'), file: 'secret-versions.ts', only: /^GetSecret/ },
  { used: ({ sends = [] }) => sends.length > 0, file: 'sqs-queue.ts', only: /^Send/ },
];

const commandsIn = (file: string): readonly string[] => {
  const sent = readFileSync(join(AWS, file), 'utf8').matchAll(/new (\w+Command)\(/g);
  return [...new Set([...sent].map(([, name = '']) => name))];
};

function actionsOf(name: string): ReadonlySet<string> {
  const prefix = name.replaceAll('-', '');
  const mine = resources(work, 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy').filter(({ id }) =>
    new RegExp(`^(tasks)?${prefix}Role`).test(id),
  );
  assert.ok(mine.length > 0, `${name} has no policy`);
  const statements = mine.flatMap(
    ({ Properties }) => (Properties.PolicyDocument as { Statement: { Action: string | string[] }[] }).Statement,
  );
  return new Set(statements.flatMap(({ Action }) => Action));
}

test('every request that a port sends is one whose rights are written down here', () => {
  for (const { file, only } of PORTS) {
    const sent = commandsIn(file).filter((name) => only?.test(name) ?? true);
    assert.ok(sent.length > 0, `${file} sends nothing`);
    for (const name of sent) assert.ok(ASKED[name], `${file} sends ${name}: which rights does AWS ask for?`);
  }
});

for (const { name, uses } of [...functions, ...tasks])
  test(`${name} has every right that AWS asks for what its ports send`, () => {
    const granted = actionsOf(name);
    for (const { file, only } of PORTS.filter((port) => port.used(uses)))
      for (const command of commandsIn(file).filter((one) => only?.test(one) ?? true))
        for (const action of ASKED[command] ?? [])
          assert.ok(granted.has(action), `${name} sends ${command} (${file}) without ${action}`);
  });
