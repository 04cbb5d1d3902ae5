/** The templates of three stages against CloudFormation's own schemas, where cfn-lint is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Choices } from '../../infra/aws/context.ts';
import { synthesized } from './synthesized.ts';

const there = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' }).status === 0;
const skip = there ? false : 'cfn-lint is not installed (pip install cfn-lint)';

/** Every choice of an owner that brings or takes resources. */
const OPTED: Readonly<Record<string, Partial<Choices>>> = {
  nothing: {},
  most: { waf: true, tracing: true, containers: { gpu: true } },
  vpc: { containers: { gpu: true, vpc: true } },
  network: { containers: { gpu: false, network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] } } },
  examples: { examples: ['ownerEmail', 'senderEmail'] },
};
/** Stages differ in their names alone; the last one is as long as a name may be. */
const STAGES = { test: Object.keys(OPTED), staging: ['nothing'], prod: ['most'], 'sixteen-letters1': ['most'] };

test('no template of any stage has an error or a warning of cfn-lint', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-lint-'));
  try {
    const files = Object.entries(STAGES).flatMap(([stage, variants]) =>
      variants.flatMap((optedIn) =>
        Object.entries(synthesized({ stage, ...OPTED[optedIn] })).map(([name, template]) => {
          const path = join(folder, `${stage}-${optedIn}-${name}.template.json`);
          writeFileSync(path, JSON.stringify(template));
          return path;
        }),
      ),
    );
    // W3005: a dependency that a reference enforces already; the CDK itself writes these, and they do no harm.
    const words = ['--format', 'parseable', '--ignore-checks', 'W3005', '--', ...files];
    const { status, stdout, stderr } = spawnSync('cfn-lint', words, { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what an owner opts in to changes nothing that must outlive everything', () => {
  const { nothing, examples, ...others } = OPTED;
  const { data } = synthesized(nothing);
  for (const change of Object.values(others)) assert.deepEqual(synthesized(change).data, data);
  assert.notDeepEqual(synthesized(examples).data, data);
});
