/** From the words of the topology to hand-written statements: the smallest set of actions on the narrowest resource. */
import * as iam from 'aws-cdk-lib/aws-iam';
import { ArnFormat, Aws, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { type Access, ENTITIES, type Entity, ROTATED_SECRETS, type Uses } from '../topology.ts';
import { INDEX_NAME, type Names } from './names.ts';

const ACTIONS: Readonly<Record<Access, readonly string[]>> = {
  read: ['dynamodb:GetItem', 'dynamodb:Query'],
  check: ['dynamodb:ConditionCheckItem'],
  put: ['dynamodb:PutItem'],
  update: ['dynamodb:UpdateItem'],
  delete: ['dynamodb:DeleteItem'],
};

/** `*`, for an action of WHY_EVERYWHERE alone. */
export const EVERY_RESOURCE: readonly string[] = ['*'];

/** Every action that is granted on `*`, and why there is no narrower name. A test holds this list to the templates. */
export const WHY_EVERYWHERE: Readonly<Record<string, string>> = {
  'scheduler:ListSchedules':
    'AWS knows no resource for it: the whole account or nothing. It shows names and changes nothing.',
  'ecs:ListTasks': 'AWS knows no resource but machines for it: a condition keeps it to the cluster of this stage.',
  'ecr:GetAuthorizationToken':
    'AWS knows no resource for it: the pass is for the registry, and what may be pulled with it is granted by name.',
  'ssm:DescribeParameters':
    'AWS knows no resource for it: it shows people which secrets are set, by names of the whole account, and no value.',
  'dynamodb:ListBackups':
    'AWS knows no resource for it: it shows people names and times of backups of the whole account, and nothing in them.',
  'xray:PutTraceSegments': 'AWS knows no resource for it: a trace belongs to nothing but the account and the Region.',
  'xray:PutTelemetryRecords': 'AWS knows no resource for it: it tells X-Ray how many segments were sent, and no more.',
};

/** What a function that is traced sends to X-Ray. */
export const traceStatement = (): iam.PolicyStatement =>
  allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], EVERY_RESOURCE);

export const allow = (
  actions: readonly string[],
  resources: readonly string[],
  conditions: Record<string, Record<string, unknown>> = {},
) => new iam.PolicyStatement({ actions: [...actions], resources: [...resources], conditions });

/** Items of the table, and partitions of its index. */
type Rows = Pick<Uses, 'table' | 'attributes' | 'index'>;

/** One statement per combination of accesses, over the leading keys of all entities that have it. */
export function tableStatements(scope: Construct, names: Names, uses: Rows): iam.PolicyStatement[] {
  const table = tableArn(scope, names);
  const byAccess = new Map<string, string[]>();
  for (const [entity, accesses] of Object.entries(uses.table) as [Entity, readonly Access[]][]) {
    const narrow = uses.attributes?.[entity] !== undefined;
    const actions = accesses
      .filter((access) => !narrow || access !== 'update')
      .flatMap((access) => ACTIONS[access])
      .sort()
      .join(' ');
    // An update of some attributes alone has a statement of its own.
    if (actions !== '') byAccess.set(actions, [...(byAccess.get(actions) ?? []), ENTITIES[entity]]);
  }
  const statements = [...byAccess].map(([actions, keys]) => allow(actions.split(' '), [table], leading(keys)));
  const narrowed = Object.entries(uses.attributes ?? {}) as [Entity, readonly string[]][];
  for (const [entity, attributes] of narrowed) {
    const touched = { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', ...attributes] } };
    statements.push(allow(ACTIONS.update, [table], { ...leading([ENTITIES[entity]]), ...touched }));
  }
  if (!uses.index) return statements;
  return [...statements, allow(['dynamodb:Query'], [`${table}/index/${INDEX_NAME}`], leading(uses.index))];
}

export const tableArn = (scope: Construct, names: Names): string =>
  Stack.of(scope).formatArn({ service: 'dynamodb', resource: 'table', resourceName: names.table });

const leading = (keys: readonly string[]) => ({
  // Every granted action names its keys; Scan and PartiQL, which do not, are not granted.
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...keys] },
});

export function parameterStatements(scope: Construct, names: Names, uses: Uses): iam.PolicyStatement[] {
  const secrets = (uses.secrets ?? []).map((secret) => ({ secret, name: `${names.secretsPrefix}${secret}` }));
  const kept = secrets.filter(({ secret }) => !ROTATED_SECRETS.includes(secret));
  const wanted = [...(uses.publicUrl ? [names.publicUrlParameter] : []), ...kept.map(({ name }) => name)];
  const rotated = secrets.filter(({ secret }) => ROTATED_SECRETS.includes(secret));
  // A SecureString under the account's own SSM key needs no grant on the key: its policy speaks for the account.
  const parameters = wanted.map((name) => parameterArn(scope, name));
  return [
    ...(parameters.length > 0 ? [allow(['ssm:GetParameter'], parameters)] : []),
    ...(rotated.length > 0
      ? [
          allow(
            ['secretsmanager:GetSecretValue'],
            rotated.map(({ name }) => secretArn(scope, name)),
          ),
        ]
      : []),
  ];
}

/** AWS adds six characters of its own to the name. */
export const secretArn = (scope: Construct, name: string): string =>
  Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${name}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

export const parameterArn = (scope: Construct, name: string): string =>
  Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.slice(1) });

/** Roots of the audit trail are added or read; Object Lock and this list keep every other hand off. */
export function rootsStatements(scope: Construct, names: Names, uses: Pick<Uses, 'auditRoots'>): iam.PolicyStatement[] {
  const bucket = `arn:${Aws.PARTITION}:s3:::${names.auditBucket(Aws.ACCOUNT_ID, Stack.of(scope).region)}`;
  const reads = uses.auditRoots?.includes('read');
  const actions = [...(uses.auditRoots?.includes('keep') ? ['s3:PutObject'] : []), ...(reads ? ['s3:GetObject'] : [])];
  if (actions.length === 0) return [];
  const listed = allow(['s3:ListBucket'], [bucket], { StringEquals: { 's3:prefix': 'roots/' } });
  return [allow(actions, [`${bucket}/roots/*`]), ...(reads ? [listed] : [])];
}

/** Which table this is, and nothing that is in it. */
export const originStatement = (scope: Construct, names: Names): iam.PolicyStatement =>
  allow(['dynamodb:DescribeTable'], [tableArn(scope, names)]);

/** The bus of the stage, and no other. */
export const eventsStatement = (scope: Construct, names: Names): iam.PolicyStatement =>
  allow(
    ['events:PutEvents'],
    [Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: names.bus })],
  );

export const sendStatement = (queueArns: readonly string[]): iam.PolicyStatement =>
  allow(['sqs:SendMessage'], queueArns);

/** Its own queue: receive, give back, delete. */
export const consumeStatement = (queueArn: string): iam.PolicyStatement =>
  allow(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
    [queueArn],
  );

/** Streams of its own log group; the group itself belongs to the stack. */
export const logStatement = (logGroupArn: string): iam.PolicyStatement =>
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroupArn]);

/** Schedules of one group, handed to one role that can do nothing but send ticks. */
export function scheduleStatements(scope: Construct, names: Names, roleArn: string): iam.PolicyStatement[] {
  const schedules = Stack.of(scope).formatArn({
    service: 'scheduler',
    resource: 'schedule',
    resourceName: `${names.scheduleGroup}/*`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
  return [
    allow(
      ['scheduler:CreateSchedule', 'scheduler:UpdateSchedule', 'scheduler:DeleteSchedule', 'scheduler:GetSchedule'],
      [schedules],
    ),
    allow(['scheduler:ListSchedules'], EVERY_RESOURCE),
    allow(['iam:PassRole'], [roleArn], { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } }),
  ];
}
