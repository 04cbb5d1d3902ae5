/** IAM refuses a policy that is too long only when it is deployed; so it is measured here, at the longest names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resources, synthesized } from './synthesized.ts';

/** Characters without white space. Source: IAM user guide, "IAM and AWS STS quotas". */
const MOST = { 'AWS::IAM::Policy': 10_240, 'AWS::IAM::ManagedPolicy': 6_144 } as const;
/** What AWS puts in place of a token: the longest Region, and a resource's address with a generated name. */
const TOKENS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-southeast-2',
  'AWS::AccountId': '123456789012',
  'AWS::URLSuffix': 'amazonaws.com',
};
const ADDRESS = `arn:aws:service:ap-southeast-2:123456789012:${'n'.repeat(80)}`;

/** The document as IAM will see it. */
function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, inner] = ['', null], ...more] = Object.entries(value);
  if (more.length === 0 && name === 'Ref') return TOKENS[String(inner)] ?? ADDRESS;
  if (more.length === 0 && name === 'Fn::GetAtt') return ADDRESS;
  if (more.length === 0 && name === 'Fn::Sub') return ADDRESS;
  if (more.length === 0 && name === 'Fn::Join') return (inner as [string, unknown[]])[1].map(resolved).join('');
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolved(one)]));
}

test('every policy of every role, and of people, is shorter than IAM allows, at the longest name of a stage and with every choice', () => {
  const { data, work } = synthesized({
    stage: 'sixteen-letters1',
    table: `nova-sixteen-letters1-restored-${'n'.repeat(40)}`,
    waf: true,
    tracing: true,
    containers: { gpu: true },
  });
  let seen = 0;
  for (const [type, most] of Object.entries(MOST))
    for (const { id, Properties } of [...resources(work, type), ...resources(data, type)]) {
      const length = JSON.stringify(resolved(Properties.PolicyDocument)).length;
      assert.ok(length <= most, `${id} has ${length} characters, IAM takes ${most}`);
      seen++;
    }
  assert.ok(seen >= 15, `only ${seen} policies were looked at`);
});
