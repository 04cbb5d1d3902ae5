/** cdk-nag, asked directly: no finding that nobody answers for, no answer without a finding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { App, PolicyValidationPluginReport } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { acknowledgments } from '../../infra/aws/acknowledged.ts';
import type { Choices } from '../../infra/aws/context.ts';
import { CHOICES, stacksOf } from './synthesized.ts';

type Finding = { readonly id: string; readonly path: string };

function findings(app: App): Finding[] {
  app.synth();
  const reports: PolicyValidationPluginReport[] = [new AwsSolutionsChecks(app), new ServerlessChecks(app)].map((pack) =>
    pack.validateScope(app),
  );
  return reports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingResources }) =>
      (violatingResources ?? []).map(({ constructPath }) => ({ id: ruleName, path: constructPath ?? '' })),
    ),
  );
}

const CONTAINERS = { gpu: true, cudaDigest: `sha256:${'0'.repeat(64)}` };
const VARIANTS: readonly (readonly [name: string, change: Partial<Choices>])[] = [
  ['without a firewall', { waf: false }],
  ['with a firewall', { waf: true }],
  ['with containers', { containers: CONTAINERS }],
  [
    'with containers in a network of the owner’s',
    { containers: { gpu: false, network: { vpcId: 'vpc-1', subnetIds: ['subnet-1'] } } },
  ],
];

for (const [variant, change] of VARIANTS) {
  const choices = { ...CHOICES, ...change };
  const bare = findings(stacksOf(change, false).app);
  const list = acknowledgments(choices);
  const covers = ({ stack, at, id }: (typeof list)[number], finding: Finding): boolean =>
    id === finding.id && `${finding.path}/`.startsWith(`nova-test-${stack ?? 'work'}/${at}${at ? '/' : ''}`);

  test(`cdk-nag finds nothing unanswered ${variant}`, () => {
    assert.deepEqual(findings(stacksOf(change).app), []);
    assert.ok(bare.length > 0, 'the packs did not look');
  });

  test(`every answer has its finding, and each finding one answer, ${variant}`, () => {
    for (const entry of list)
      assert.ok(
        bare.some((found) => covers(entry, found)),
        `unused: ${entry.at} ${entry.id}`,
      );
    for (const found of bare) {
      const answers = list.filter((entry) => covers(entry, found));
      assert.equal(answers.length, 1, `${found.path} ${found.id}: ${answers.length} answers`);
    }
  });

  test(`the list of answers is short and each says why, ${variant}`, () => {
    const most = choices.containers ? 36 : 25;
    assert.ok(list.length <= most, `${list.length} acknowledgments`);
    for (const { id, reason } of list) assert.ok(reason.length >= 50 && reason.endsWith('.'), `${id}: ${reason}`);
  });
}

test('a finding that nobody answers for is seen', () => {
  const { app, work } = stacksOf();
  new Topic(work, 'Unsafe');
  assert.deepEqual(findings(app), [{ id: 'AwsSolutions-SNS3', path: 'nova-test-work/Unsafe/Resource' }]);
});
