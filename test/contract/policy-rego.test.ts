/** Rules in Rego by the owner: compiled with a real opa, tried out, approved, in force. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { compileRules } from '../../cli/policy-compile.ts';
import { nova, workAll } from '../fixtures/cli-world.ts';
import { NO_OPA, opaBinary } from '../fixtures/opa.ts';
import { applied, asBob, twoPeople } from '../fixtures/two-people.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-rego-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const POLICIES = join(import.meta.dirname, '../../policies');
const WASM = join(POLICIES, 'authz.wasm');

const binary = opaBinary();
describe('in Rego', { skip: binary ? false : NO_OPA }, () => {
  const source = (change: (name: string, text: string) => string = (_, text) => text): string => {
    const own = mkdtempSync(join(folder, 'rego-'));
    for (const name of ['authz.rego', 'fleet.rego', 'people.rego']) {
      writeFileSync(join(own, name), change(name, readFileSync(join(POLICIES, name), 'utf8')));
    }
    return own;
  };
  const withOpa = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = process.env.PATH;
    process.env.PATH = `${dirname(binary ?? '')}${delimiter}${before ?? ''}`;
    try {
      return await work();
    } finally {
      process.env.PATH = before;
    }
  };

  test('a folder is checked, tested and compiled; the same rules give the same bytes as ours', async () => {
    const wasm = await withOpa(() => compileRules(source()));
    assert.deepEqual(Buffer.from(wasm), readFileSync(WASM));
  });

  test('changed rules judge once they are approved', () =>
    withOpa(async () => {
      const cli = await twoPeople();
      const own = source((name, text) =>
        name === 'people.rego'
          ? `${text}\ndeny contains "a freeze until Monday" if input.action == "agent:deploy"\n`
          : text,
      );
      writeFileSync(join(own, 'settings.json'), '{"operationMicros":1000000}');
      const { approvalId, changes } = await applied(cli, own);
      assert.match(String(changes.rules), /^those of the system → own rules [0-9a-f]{16}$/);
      assert.equal(changes.oneOperationAbove, '$5.00 → $1.00');
      await asBob(cli, 'approve', approvalId);
      await workAll(cli);
      const said = await nova(cli, ['agent', 'deploy', 'lab.scripted', '--config', '{"outcomes":[{"ok":true}]}']);
      assert.match(said.err, /a freeze until Monday/);
      assert.equal((await nova(cli, ['agent', 'list'])).code, 0);
    }));

  test('rules that would lock everybody out, or let everybody in, are refused', () =>
    withOpa(async () => {
      for (const [extra, says] of [
        ['deny contains "no" if input.action == "policy:apply"', /an admin may change the policy must be allow/],
        ['deny contains "no" if input.action == "decision:execute"', /an approved change is executed must be allow/],
        ['deny contains "no" if input.action == "approval:approve"', /an approver may approve must be allow/],
        ['allow contains "yes" if true', /nobody without a role changes the policy must be deny/],
      ] as const) {
        const cli = await twoPeople();
        const own = source((name, text) => (name === 'people.rego' ? `${text}\n${extra}\n` : text));
        const { code, err } = await nova(cli, ['policy', 'apply', own]);
        assert.equal(code, 2, extra);
        assert.match(err, says);
      }
    }));

  test('rules that opa refuses, and tests that fail, are refused in its words', () =>
    withOpa(async () => {
      const broken = source((name, text) => (name === 'fleet.rego' ? `${text}\nallow if {` : text));
      await assert.rejects(compileRules(broken), { code: 'bad_input', message: /opa check refuses the rules/ });
      const untrue = source();
      writeFileSync(join(untrue, 'own_test.rego'), 'package own_test\n\ntest_no if 1 == 2\n');
      await assert.rejects(compileRules(untrue), { code: 'bad_input', message: /opa test refuses the rules/ });
    }));

  test('without opa the command says what is missing and what else works', async () => {
    const before = process.env.PATH;
    process.env.PATH = folder;
    try {
      await assert.rejects(compileRules(source()), {
        code: 'misconfigured',
        message: /not on the PATH.*or give a bundle/,
      });
    } finally {
      process.env.PATH = before;
    }
  });
});
