/** The firewall that an owner may wish for: what it stops, and that its log gives nothing away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resources, synthesized } from './synthesized.ts';

test('a firewall counts requests per address, refuses bodies above 256 KB, and brings the common rules', () => {
  const { work } = synthesized({ waf: true });
  const [acl] = resources(work, 'AWS::WAFv2::WebACL');
  const rules = acl?.Properties.Rules as { Name: string; Action?: object; Statement: Record<string, unknown> }[];
  assert.deepEqual(
    rules.map(({ Name }) => Name),
    ['rate', 'body', 'common'],
  );
  assert.deepEqual(rules[0]?.Statement, { RateBasedStatement: { AggregateKeyType: 'IP', Limit: 200 } });
  const { RegexMatchStatement: body } = (rules[1] ?? assert.fail()).Statement as {
    RegexMatchStatement: Record<string, unknown>;
  };
  assert.deepEqual(body.FieldToMatch, { SingleHeader: { Name: 'content-length' } });
  const tooLong = new RegExp(String(body.RegexString));
  for (const length of [
    262_145, 262_149, 262_150, 262_199, 262_200, 262_999, 263_000, 270_000, 299_999, 300_000, 1_048_576, 99_999_999,
  ]) {
    assert.match(String(length), tooLong);
  }
  for (const length of [0, 9, 16_384, 99_999, 199_999, 200_000, 261_999, 262_099, 262_139, 262_144]) {
    assert.doesNotMatch(String(length), tooLong);
  }
  assert.match(JSON.stringify(rules[2]?.Statement), /AWSManagedRulesCommonRuleSet/);
});

test('what a firewall logs is what it blocked, without path, query or anything that proves who asked', () => {
  const { work } = synthesized({ waf: true });
  const [logging] = resources(work, 'AWS::WAFv2::LoggingConfiguration');
  const redacted = JSON.stringify(logging?.Properties.RedactedFields);
  for (const field of ['UriPath', 'QueryString', 'authorization', 'stripe-signature', 'x-nova-signature']) {
    assert.ok(redacted.includes(field), field);
  }
  assert.match(JSON.stringify(logging?.Properties.LoggingFilter), /"DefaultBehavior":"DROP".*"BLOCK"/);
  assert.match(JSON.stringify(resources(work, 'AWS::Logs::LogGroup')), /aws-waf-logs-nova-test/);
});
