/** The templates of three stages against CloudFormation's own schemas, where cfn-lint is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { synthesized } from './synthesized.ts';

const there = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' }).status === 0;
const skip = there ? false : 'cfn-lint is not installed (pip install cfn-lint)';

test('no template of any stage has an error or a warning of cfn-lint', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-lint-'));
  try {
    const files = ['test', 'staging', 'prod'].flatMap((stage) =>
      Object.entries(synthesized({ stage, waf: stage === 'prod' })).map(([name, template]) => {
        const path = join(folder, `${stage}-${name}.template.json`);
        writeFileSync(path, JSON.stringify(template));
        return path;
      }),
    );
    // W3005: a dependency that a reference enforces already; the CDK itself writes these, and they do no harm.
    const words = ['--format', 'parseable', '--ignore-checks', 'W3005', '--', ...files];
    const { status, stdout, stderr } = spawnSync('cfn-lint', words, { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
