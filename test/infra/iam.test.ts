/** Who may do what. A change of a right is a change of golden-iam.json, to be read by a person. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WHY_EVERYWHERE } from '../../infra/aws/grants.ts';
import { ENTITIES, functions } from '../../infra/topology.ts';
import { resources, synthesized, type Template } from './synthesized.ts';

type Statement = {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
};

const { data, work } = synthesized();
/** Everything that an owner may choose, at once. */
const all = synthesized({
  waf: true,
  tracing: true,
  containers: { gpu: true },
});
const roleIds = new Map(resources(work, 'AWS::IAM::Role').map((role) => [role.id, role]));
/** What each role may do, out of all its policies. */
const policiesOf = (template: Template) => {
  const parts = resources(template, 'AWS::IAM::ManagedPolicy').map(({ Properties }) => ({
    // Those of people are attached to nobody and have a name.
    role: (Properties.Roles as { Ref: string }[] | undefined)?.[0]?.Ref ?? String(Properties.ManagedPolicyName),
    statements: (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
  }));
  return [...Map.groupBy(parts, ({ role }) => role)].map(([role, of]) => ({
    role,
    statements: of.flatMap(({ statements }) => statements),
  }));
};
const policies = [...policiesOf(work), ...policiesOf(data)];
const everyPolicy = [...policiesOf(all.work), ...policiesOf(all.data)];
const actionsOf = ({ Action }: Statement): string[] => [Action].flat();
const keysOf = ({ Condition }: Statement): string[] =>
  (Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] as string[] | undefined) ?? [];
const roleOf = (name: string): Statement[] => {
  const prefix = name.replaceAll('-', '');
  const found = policies.find(({ role }) => role.startsWith(`${prefix}Role`));
  assert.ok(found, `${name} has no role`);
  return found.statements;
};
const shown = (resource: unknown): string =>
  JSON.stringify(resource)
    .replace(/\{"Ref":"AWS::(\w+)"\}/g, '<$1>')
    .replace(/\{"Fn::GetAtt":\["(\w+?)(?:[0-9A-F]{8})","Arn"\]\}/g, '<$1>')
    .replace(/\{"Fn::Join":\["",\[(.*?)\]\]\}/g, (_, parts: string) => parts.replace(/"?,?"?/g, ''))
    .replaceAll(/arn:<Partition>:(\w+):<Region>:<AccountId>:/g, '$1:');

test('the actions of every role are the ones that were agreed on', () => {
  const golden = join(import.meta.dirname, 'golden-iam.json');
  const actual = Object.fromEntries(
    everyPolicy.map(({ role, statements }) => [
      role.replace(/Role.*$/, ''),
      statements.map((statement) => {
        const keys = keysOf(statement);
        const touched = statement.Condition?.['ForAllValues:StringEquals']?.['dynamodb:Attributes'] as
          | string[]
          | undefined;
        const only = touched ? ` touching ${touched.join(' ')}` : '';
        return `${actionsOf(statement).sort().join(' ')} on ${shown(statement.Resource)}${keys.length > 0 ? ` of ${keys.join(' ')}` : ''}${only}`;
      }),
    ]),
  );
  // After reading the difference: node test/infra/iam.test.ts --write
  if (process.argv.includes('--write')) {
    writeFileSync(golden, JSON.stringify(actual));
    spawnSync('node_modules/.bin/biome', ['format', '--write', golden]);
  }
  const agreed = JSON.parse(readFileSync(golden, 'utf8'));
  assert.deepEqual(actual, agreed, 'rights changed: read the difference, then run node test/infra/iam.test.ts --write');
});

test('own assertion: rights are managed policies of one role each, ten at most, and there are no inline ones', () => {
  const perRole = new Map<string, number>();
  for (const { id, Properties } of resources(all.work, 'AWS::IAM::ManagedPolicy')) {
    const [role, ...others] = (Properties.Roles as { Ref: string }[]).map(({ Ref }) => Ref);
    assert.ok(role !== undefined && others.length === 0, id);
    perRole.set(role, (perRole.get(role) ?? 0) + 1);
  }
  assert.ok(Math.max(...perRole.values()) <= 10 && perRole.size >= 16);
  for (const template of [all.work, all.data]) {
    assert.deepEqual(resources(template, 'AWS::IAM::Policy', 'AWS::IAM::UserPolicy', 'AWS::IAM::RolePolicy'), []);
    for (const { id, Properties } of resources(template, 'AWS::IAM::Role')) assert.ok(!('Policies' in Properties), id);
  }
});

test('no statement allows every action, or all actions of a service, or by exception', () => {
  for (const { role, statements } of everyPolicy) {
    for (const statement of statements) {
      assert.ok(!('NotAction' in statement) && !('NotResource' in statement), role);
      for (const action of actionsOf(statement)) assert.doesNotMatch(action, /\*/, role);
    }
  }
});

test('every resource is named, but for the actions that are on the list of reasons, and none stands there unused', () => {
  const isOpen = ({ Resource }: Statement): boolean => [Resource].flat().includes('*');
  const open = everyPolicy.flatMap(({ statements }) => statements).filter(isOpen);
  assert.deepEqual([...new Set(open.flatMap(actionsOf))].sort(), Object.keys(WHY_EVERYWHERE).sort());
  for (const [action, reason] of Object.entries(WHY_EVERYWHERE)) assert.match(reason, /^[A-Z].{40,}\.$/, action);
  // In the policy of a key the star is the key itself; nothing else has one.
  for (const template of [all.data, all.work]) {
    for (const { id, Type, Properties } of resources(template)) {
      if (Type === 'AWS::IAM::ManagedPolicy' || Type === 'AWS::KMS::Key') continue;
      assert.doesNotMatch(JSON.stringify(Properties), /"Resource":("\*"|\["\*"\])/, id);
    }
  }
});

test('what AWS says of roles is said of three: the log of APIs, machines with GPUs and whoever starts them', () => {
  const managed = resources(all.work, 'AWS::IAM::Role').flatMap(({ id, Properties }) =>
    'ManagedPolicyArns' in Properties ? [id.replace(/[0-9A-F]{8}$/, '')] : [],
  );
  assert.deepEqual(managed.sort(), ['frontLogRole', 'tasksgpuInfrastructureRole', 'tasksgpuMachineRole']);
});

test('each function has a role of its own without managed policies', () => {
  const used = resources(work, 'AWS::Lambda::Function').map(({ Properties }) => JSON.stringify(Properties.Role));
  assert.equal(new Set(used).size, functions.length);
  for (const { id, Properties } of roleIds.values()) {
    if (id.startsWith('frontLogRole')) continue;
    assert.ok(!('ManagedPolicyArns' in Properties), id);
  }
});

const AUDITED = ['agent', 'decision', 'approval', 'policy'] as const;
/** Updates of these are not changes that anybody decided: how many instances share a limit. */
const UNAUDITED_WRITERS = ['reconcile-agents'];

/** People read what the sweep reads. */
const READING = ['dynamodb:GetItem', 'dynamodb:Query'];

test('nobody changes or deletes an audit record or an anchor', () => {
  for (const [entity, allowed] of [
    // The sweep looks whether the last record of each chain is there.
    ['audit', [['dynamodb:PutItem'], ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], READING]],
    ['anchor', [['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], READING]],
  ] as const) {
    const touched = policies.flatMap(({ role, statements }) =>
      statements
        .filter((statement) => keysOf(statement).some((key) => ENTITIES[entity].startsWith(key.replace('*', ''))))
        // The index shows records, and cannot be written.
        .filter(({ Resource }) => !JSON.stringify(Resource).includes('/index/'))
        .map((statement) => ({ role, statement })),
    );
    assert.ok(touched.length > 0, entity);
    for (const { role, statement } of touched) {
      assert.ok(
        allowed.some((actions) => actions.join() === actionsOf(statement).sort().join()),
        `${role}: ${actionsOf(statement)} on ${entity}`,
      );
    }
  }
});

test('only who changes an audited entity may add an audit record, and whoever changes one can', () => {
  const writes = (uses: (typeof functions)[number]['uses']): boolean =>
    AUDITED.some((entity) => uses.table[entity]?.some((access) => access !== 'read' && access !== 'check'));
  for (const { name, uses } of functions) {
    if (UNAUDITED_WRITERS.includes(name)) continue;
    assert.equal(uses.table.audit !== undefined, writes(uses), name);
  }
});

test('one role adds a root of the audit trail a day, one and people read them; nobody changes or deletes one, or loosens its lock', () => {
  const s3 = policies.flatMap(({ role, statements }) =>
    statements.flatMap((one) =>
      actionsOf(one)
        .filter((action) => action.startsWith('s3:'))
        .map((action) => [role, action]),
    ),
  );
  assert.deepEqual(
    s3.map(([role = '', action]) => [role.replace(/Role.*$/, ''), action]),
    [
      ['sweep', 's3:GetObject'],
      ['sweep', 's3:ListBucket'],
      ['closeday', 's3:PutObject'],
      ...['viewer', 'operator', 'admin'].flatMap((role) => [
        [`nova-test-${role}`, 's3:GetObject'],
        [`nova-test-${role}`, 's3:ListBucket'],
      ]),
    ],
  );
});

const WHOLE_TABLE = ['DescribeTable', 'DescribeContinuousBackups', 'ListBackups', 'CreateBackup'].map(
  (action) => `dynamodb:${action}`,
);

test('the table is never open: each grant names leading keys, and none of them is a bare star', () => {
  for (const { role, statements } of policies) {
    for (const statement of statements) {
      const actions = actionsOf(statement).filter((action) => action.startsWith('dynamodb:'));
      // Which table it is, and which copies of it there are: nothing that is in it.
      if (actions.every((action) => WHOLE_TABLE.includes(action))) continue;
      assert.ok(keysOf(statement).length > 0, role);
      for (const key of keysOf(statement)) assert.match(key, /^[A-Z]{3,}/, role);
    }
  }
});

test('where a blueprint runs, no limit, policy, approval, decision, agent or audit record can be written', () => {
  const forbidden = ['limit', 'policy', 'approval', 'decision', 'agent', 'spec', 'audit', 'lock', 'entry'] as const;
  const writes = /PutItem|UpdateItem|DeleteItem/;
  for (const statement of roleOf('run-agent')) {
    if (!actionsOf(statement).some((action) => writes.test(action))) continue;
    for (const word of forbidden) assert.ok(!keysOf(statement).includes(ENTITIES[word]), `run-agent may write ${word}`);
  }
  const actions = roleOf('run-agent').flatMap(actionsOf);
  assert.ok(!actions.some((action) => /^(ecs|iam|scheduler|secretsmanager|kms):/.test(action)), actions.join(' '));
});

test('where a blueprint runs, the key of the vendor of models can be read, and no other secret', () => {
  const statements = roleOf('run-agent').filter((one) => actionsOf(one).some((action) => action.startsWith('ssm:')));
  assert.deepEqual(statements.map(actionsOf), [['ssm:GetParameter']]);
  const secrets = [...shown(statements[0]?.Resource).matchAll(/secrets\/([\w-]+)/g)].map(([, name]) => name);
  assert.deepEqual(secrets, ['anthropic-api-key']);
});

test('where a blueprint runs, updates of a budget name the few attributes they may touch, and there is no wider grant', () => {
  const updates = roleOf('run-agent').filter(
    (one) => actionsOf(one).includes('dynamodb:UpdateItem') && keysOf(one).includes(ENTITIES.budget),
  );
  assert.deepEqual(
    updates.map(({ Action, Condition }) => [Action, Condition]),
    [
      [
        'dynamodb:UpdateItem',
        {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['BUDGET#*'] },
          'ForAllValues:StringEquals': {
            'dynamodb:Attributes': ['pk', 'sk', 'available', 'exact', 'swept', 'full', 'counting'],
          },
        },
      ],
    ],
  );
});

test('the intake of webhooks can send to two queues, read the secrets of webhooks, count, bury, and nothing else', () => {
  const allowed = roleOf('hooks').filter((statement) => !actionsOf(statement).includes('logs:PutLogEvents'));
  assert.deepEqual(allowed.map(actionsOf), [['dynamodb:UpdateItem'], ['sqs:SendMessage'], ['ssm:GetParameter']]);
  assert.equal(shown(allowed[1]?.Resource), '[<queuerevenueQueue>,<queueworkQueue>,<schedulesDeadLetters>]');
  assert.deepEqual(allowed[0] ? keysOf(allowed[0]) : [], [ENTITIES.pulse]);
  const secrets = [...shown(allowed[2]?.Resource).matchAll(/secrets\/([\w-]+)/g)].map(([, name]) => name);
  const webhooks = ['stripe-webhook-secret', 'gumroad-ping-secret', 'ledger-hook-secret', 'sendgrid-events-key'];
  assert.deepEqual(secrets.sort(), webhooks.sort());
});

test('the one role that can be passed on may only send ticks, and only schedules of this group may take it', () => {
  const passed = policies
    .flatMap(({ statements }) => statements)
    .filter((one) => actionsOf(one).includes('iam:PassRole'));
  assert.equal(passed.length, functions.filter(({ uses }) => uses.schedules).length);
  const target = passed[0]?.Resource as { 'Fn::GetAtt': [string, string] } | undefined;
  const roleId = target?.['Fn::GetAtt'][0] ?? '';
  for (const statement of passed) {
    assert.deepEqual(statement.Resource, { 'Fn::GetAtt': [roleId, 'Arn'] });
    assert.deepEqual(statement.Condition, { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } });
  }
  const rights = policies.find(({ role }) => role === roleId)?.statements ?? [];
  assert.deepEqual(rights.flatMap(actionsOf), ['sqs:SendMessage']);
  const targets = JSON.stringify(rights.map(({ Resource }) => Resource));
  assert.match(targets, /queueruns\w*Queue/);
  assert.match(targets, /schedulesDeadLetters/);
  assert.match(JSON.stringify(roleIds.get(roleId)?.Properties.AssumeRolePolicyDocument), /schedule-group\/nova-test"/);
});

test('nothing is exported, no stack refers to the other, and every physical name carries the stage', () => {
  const ids = Object.keys(all.data.Resources);
  const referred = [...JSON.stringify(all.work).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"([\w:]+)"/g)].map(
    ([, id = '']) => id,
  );
  assert.ok(referred.length > 100);
  for (const id of referred) assert.ok(!ids.includes(id) || id in all.work.Resources, `${id} is of the other stack`);
  for (const template of [data, work, all.data, all.work]) {
    for (const [name, output] of Object.entries(template.Outputs ?? {})) assert.ok(!output.Export, name);
    assert.doesNotMatch(JSON.stringify(template), /Fn::ImportValue/);
    for (const { id, Properties } of resources(template)) {
      for (const [property, value] of Object.entries(Properties)) {
        if (!/^(\w*Name|Name)$/.test(property) || /^(FunctionName|RestApiName|StageName|GroupName)$/.test(property))
          continue;
        if (['PolicyName', 'DomainName', 'MetricName', 'ServiceName'].includes(property)) continue;
        // A name that is another thing's carries what that one does.
        const refersTo = (value as { Ref?: string } | null)?.Ref;
        if (refersTo !== undefined && refersTo in template.Resources) continue;
        assert.match(JSON.stringify(value), /test/, `${id}.${property}`);
      }
    }
  }
});
