/**
 * What people may do with the command on this stage: a managed policy for each role of infra/people.ts, attached to nobody.
 * In the data stack, so that a colleague's permission set outlives the work stack, as what it shows does. Whoever may use
 * the table, the roots and the secrets may use their key through them: nothing is granted on it.
 */
import * as iam from 'aws-cdk-lib/aws-iam';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { PERSON_ROLES, type PersonUses, rightsOf } from '../people.ts';
import { type Access, type Entity, type QueueName, ROTATED_SECRETS } from '../topology.ts';
import {
  allow,
  EVERY_RESOURCE,
  parameterArn,
  rootsStatements,
  secretArn,
  sendStatement,
  tableArn,
  tableStatements,
} from './grants.ts';
import type { Names } from './names.ts';

/** `names`: with the table that the stage works on, be it a restored one. */
export function peoplePolicies(scope: Construct, names: Names): void {
  for (const role of PERSON_ROLES) {
    const uses = rightsOf(role);
    new iam.ManagedPolicy(scope, `People-${role}`, {
      managedPolicyName: names.peoplePolicy(role),
      // It can never change: that would replace what is attached.
      description: `The nova command on ${names.dataStack.replace(/-data$/, '')}, as ${role}`,
      statements: [
        ...itemStatements(scope, names, uses),
        ...queueStatements(scope, names, uses),
        ...secretStatements(scope, names, uses),
        ...rootsStatements(scope, names, uses),
        ...backupStatements(scope, names, uses),
      ],
    });
  }
}

/** One statement for each access: shorter than one for each combination, where almost every entity is named. */
function itemStatements(scope: Construct, names: Names, uses: PersonUses): iam.PolicyStatement[] {
  const { table, attributes = {}, index = [] } = uses;
  const only = (access: Access) => {
    const entities = (Object.keys(table) as Entity[]).filter((entity) => table[entity]?.includes(access));
    return Object.fromEntries(entities.map((entity) => [entity, [access]]));
  };
  return [
    ...ACCESSES.map((access) => ({ table: only(access), ...(access === 'update' ? { attributes } : {}) })),
    { table: {}, index },
  ].flatMap((rows) => tableStatements(scope, names, rows));
}

const ACCESSES: readonly Access[] = ['read', 'check', 'put', 'update', 'delete'];

function queueStatements(scope: Construct, names: Names, uses: PersonUses): iam.PolicyStatement[] {
  const arnOf = (resource: string): string => Stack.of(scope).formatArn({ service: 'sqs', resource });
  const live = (queues: readonly QueueName[] = []) => queues.map((name) => arnOf(names.queue(name)));
  const dead = (queues: readonly QueueName[] = []) => queues.map((name) => arnOf(names.deadLetters(name)));
  // A dead letter goes back as a message that is sent.
  const sends = [...new Set([...live(uses.sends), ...live(uses.redrives)])];
  const redriven = dead(uses.redrives);
  return [
    allow(['sqs:GetQueueAttributes'], [...live(uses.counts), ...dead(uses.counts)]),
    ...(redriven.length > 0 ? [allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], redriven)] : []),
    ...(sends.length > 0 ? [sendStatement(sends)] : []),
  ];
}

/** Names of all, values of some: GetParametersByPath would show every value below the path, and is granted to nobody. */
function secretStatements(scope: Construct, names: Names, uses: PersonUses): iam.PolicyStatement[] {
  const everyone = [names.manifestParameter, names.publicUrlParameter];
  const named = (secrets: readonly string[] = []) => secrets.map((name) => `${names.secretsPrefix}${name}`);
  const parameters = (all: readonly string[]) => all.map((name) => parameterArn(scope, name));
  const written = parameters(named(uses.writesSecrets));
  const rotated = ROTATED_SECRETS.map((name) => secretArn(scope, `${names.secretsPrefix}${name}`));
  const rotates = (secrets: readonly string[] = []) => secrets.includes('*');
  return [
    allow(['ssm:GetParameter'], parameters([...everyone, ...named(uses.secrets)])),
    ...(written.length > 0 ? [allow(['ssm:PutParameter'], written)] : []),
    ...(uses.secretNames ? [allow(['ssm:DescribeParameters'], EVERY_RESOURCE)] : []),
    allow(
      [
        'secretsmanager:DescribeSecret',
        ...(rotates(uses.secrets) ? ['secretsmanager:GetSecretValue'] : []),
        ...(rotates(uses.writesSecrets) ? ['secretsmanager:PutSecretValue'] : []),
      ],
      rotated,
    ),
  ];
}

/** Filling another table needs the right to write anything into it: that is for whoever deploys, not for a role of these. */
function backupStatements(scope: Construct, names: Names, { backups = [] }: PersonUses): iam.PolicyStatement[] {
  const own = [
    ...(backups.includes('list') ? ['dynamodb:DescribeContinuousBackups'] : []),
    ...(backups.includes('make') ? ['dynamodb:CreateBackup'] : []),
  ];
  return [
    ...(own.length > 0 ? [allow(own, [tableArn(scope, names)])] : []),
    ...(backups.includes('list') ? [allow(['dynamodb:ListBackups'], EVERY_RESOURCE)] : []),
  ];
}
