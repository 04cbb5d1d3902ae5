/** A branch that makes a stage dearer says so before it is deployed: the tree as a clone, with one line more. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nova-branch-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Told = { readonly change: { readonly commit: string | null; readonly changeMicros: number | null } };

test('a NAT gateway in a branch shows as 32 dollars more than the last commit, in a clone without a past', async (t) => {
  if (!existsSync(join(ROOT, '.git'))) return t.skip('this tree is no repository');
  const tree = join(folder, 'tree');
  await run('git', ['clone', '--quiet', '--depth', '1', `file://${ROOT}`, tree]);
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const fleet = join(folder, 'none.json');
  writeFileSync(fleet, '[]');
  const bill = async (): Promise<Told> => {
    const words = [join(tree, 'cli/nova.ts'), 'bill', '--fleet', fleet, '--home', join(folder, 'home'), '--json'];
    return JSON.parse((await run(process.execPath, words)).stdout) as Told;
  };
  const stack = join(tree, 'infra/aws/work-stack.ts');
  const gateway =
    "new CfnResource(this, 'Nat', { type: 'AWS::EC2::NatGateway', properties: { SubnetId: 'subnet-0123456789abcdef0' } });";
  const changed = readFileSync(stack, 'utf8')
    .replace(/^import/m, "import { CfnResource } from 'aws-cdk-lib/core';\nimport")
    .replace('    this.parameters(site, front);\n', `    ${gateway}\n    this.parameters(site, front);\n`);
  assert.ok(changed.includes(gateway));
  writeFileSync(stack, changed);
  const { change } = await bill();
  assert.match(change.commit ?? '', /^[0-9a-f]{7,}$/);
  assert.equal(change.changeMicros, 32_400_000);
});
