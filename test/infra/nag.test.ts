/** cdk-nag, asked directly: no finding that nobody answers for, no answer without a finding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { type App, CfnResource, type PolicyValidationPluginReport } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { acknowledgments } from '../../infra/aws/acknowledged.ts';
import type { Choices } from '../../infra/aws/context.ts';
import { CHOICES, stacksOf } from './synthesized.ts';
import { VARIANT_NAMES, VARIANTS, type Variant } from './variants.ts';

type Finding = { readonly id: string; readonly path: string; readonly kind: string };

function findings(app: App): Finding[] {
  app.synth();
  const packs = [new AwsSolutionsChecks(app), new ServerlessChecks(app), new NIST80053R5Checks(app)];
  const reports: PolicyValidationPluginReport[] = packs.map((pack) => pack.validateScope(app));
  const kinds = new Map(
    app.node.findAll().map((node) => [node.node.path, node instanceof CfnResource ? node.cfnResourceType : '']),
  );
  return reports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingResources }) =>
      (violatingResources ?? []).map(({ constructPath: path = '' }) => ({
        ...{ id: ruleName, path },
        kind: kinds.get(path) ?? assert.fail(`there is no ${path}`),
      })),
    ),
  );
}

/** A rule and the kind of thing that breaks it: the same rule in two packs counts twice, a rule's many details once. */
const pairsOf = (found: readonly Finding[]): ReadonlySet<string> =>
  new Set(found.map(({ id, kind }) => `${id.replace(/\[.*/, '')} ${kind}`));

/** Beyond so many nobody reads the reasons any more. */
const MOST_PAIRS = 25;
/** Rule-and-shape pairs that are acknowledged; a network and machines of one's own bring theirs. */
const COUNTED: Readonly<Record<Variant, number>> = {
  'without a firewall': 20,
  'with a firewall': 18,
  'with tracing': 19,
  'with a table that was restored': 20,
  'with an OPA server': 20,
  'with containers in a network of the owner’s': 21,
  'with containers of images in registries, one of them private': 25,
  'with containers in a network of their own': 23,
  'with containers behind a NAT gateway': 23,
  'with machines with GPUs behind a NAT gateway': 24,
  'with containers and machines with GPUs in a network of their own': 25,
  'with everything that an owner may choose': 22,
};

for (const variant of VARIANT_NAMES) {
  const change: Partial<Choices> = VARIANTS[variant];
  const counted = COUNTED[variant];
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

  test(`as many rules are answered for as are written down here, and each answer says why, ${variant}`, () => {
    const pairs = pairsOf(bare);
    assert.ok(pairs.size <= MOST_PAIRS, [...pairs].sort().join('\n'));
    assert.equal(pairs.size, counted, [...pairs].sort().join('\n'));
    for (const { id, reason } of list) assert.ok(reason.length >= 50 && reason.endsWith('.'), `${id}: ${reason}`);
  });
}

test('a finding that nobody answers for is seen', () => {
  const { app, work } = stacksOf();
  new Topic(work, 'Unsafe');
  const path = 'nova-test-work/Unsafe/Resource';
  assert.deepEqual(
    findings(app)
      .map((found) => `${found.id} ${found.path}`)
      .sort(),
    [`AwsSolutions-SNS3 ${path}`, `NIST.800.53.R5-SNSEncryptedKMS ${path}`],
  );
});
