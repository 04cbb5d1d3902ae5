/** The templates of three stages against CloudFormation's own schemas, where cfn-lint is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Choices } from '../../infra/aws/context.ts';
import { PERSON_ROLES } from '../../infra/people.ts';
import { synthesized, type Template } from './synthesized.ts';
import { VARIANTS } from './variants.ts';

const there = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' }).status === 0;
const skip = there ? false : 'cfn-lint is not installed (pip install cfn-lint)';

/** A second and a half for each template, on a machine that may have other things to do. */
const PATIENCE_MS = 600_000;
/** Stages differ in their names alone; the last one is as long as a name may be. */
const STAGES = ['staging', 'prod', 'sixteen-letters1'];
const EXAMPLES: Partial<Choices> = { examples: ['ownerEmail', 'senderEmail'] };
const MOST = VARIANTS['with everything that an owner may choose'];
const made: readonly Partial<Choices>[] = [
  ...Object.values(VARIANTS),
  EXAMPLES,
  ...STAGES.map((stage) => ({ stage, ...MOST })),
];

test('no template of any stage and any choice has an error or a warning of cfn-lint', {
  skip,
  timeout: PATIENCE_MS,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-lint-'));
  try {
    // What most choices leave as it is, the data stack, is looked at once.
    const templates = new Set(
      made.flatMap((choices) => Object.values(synthesized(choices)).map((one) => JSON.stringify(one))),
    );
    assert.ok(templates.size > made.length + STAGES.length, `${templates.size} of ${made.length} stages`);
    const files = [...templates].map((template, at) => {
      const path = join(folder, `${at}.template.json`);
      writeFileSync(path, template);
      return path;
    });
    // W3005: a dependency that a reference enforces already; the CDK itself writes these, and they do no harm.
    const words = ['--format', 'parseable', '--ignore-checks', 'W3005', '--', ...files];
    const { status, stdout, stderr } = spawnSync('cfn-lint', words, { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what an owner opts in to changes nothing that must outlive everything', () => {
  const { data } = synthesized();
  for (const change of Object.values(VARIANTS)) assert.deepEqual(kept(synthesized(change).data), kept(data));
  assert.notDeepEqual(kept(synthesized(EXAMPLES).data), kept(data));
  assert.deepEqual(
    Object.values(data.Resources).filter((one) => !Object.values(kept(data).Resources).includes(one)).length,
    PERSON_ROLES.length,
  );
});

/** All but the rights of people, which hold nothing and are for the table that the stage works on. */
const kept = ({ Resources, ...rest }: Template): Template => ({
  ...rest,
  Resources: Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => Type !== 'AWS::IAM::ManagedPolicy')),
});
