/** The command as a person types it, judged by a real OPA server: as long as it answers, and when it no longer does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { childEnv } from '../../shared/runtime/env.ts';
import { NO_OPA, opaBinary, RULE_FILES, startOpa } from '../fixtures/opa.ts';

const binary = opaBinary();
const NOVA = join(import.meta.dirname, '../../cli/nova.ts');

test('one address makes a server judge every command; without it nothing new is done', {
  skip: binary ? false : NO_OPA,
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'nova-opa-'));
  const opa = await startOpa(binary ?? '', RULE_FILES);
  const nova = (...words: string[]) => {
    const env = childEnv({ OPA_URL: opa.url, NOVA_HOME: home, NO_COLOR: '1' });
    return spawnSync(process.execPath, [NOVA, ...words], { env, encoding: 'utf8' });
  };
  const check = (said: ReturnType<typeof nova>) =>
    (JSON.parse(said.stdout) as { checks: { id: string; status: string; message: string }[] }).checks.find(
      ({ id }) => id === 'policy',
    );
  try {
    const deployed = nova(
      'agent',
      'deploy',
      'lab.scripted',
      '--name',
      'shop',
      '--config',
      '{"outcomes":[{"ok":true}]}',
    );
    assert.equal(deployed.status, 0, deployed.stderr);
    assert.deepEqual(check(nova('doctor', '--json')), {
      ...{ id: 'policy', status: 'ok', message: 'version 0.0, judged by an OPA server', fix: '' },
    });
    const tested = JSON.parse(nova('policy', 'test', '--json').stdout) as {
      cases: number;
      passed: number;
      engine: string;
    };
    assert.deepEqual([tested.passed, tested.engine], [tested.cases, opa.url]);
    await opa.stop();
    const paused = nova('agent', 'pause', 'shop');
    assert.equal(paused.status, 0, paused.stderr);
    const resumed = nova('agent', 'resume', 'shop');
    assert.equal(resumed.status, 4);
    assert.match(resumed.stderr, /may not agent resume: the policy could not be asked: .*ECONNREFUSED/);
    assert.equal(check(nova('doctor', '--json'))?.status, 'failed');
  } finally {
    await opa.stop();
    rmSync(home, { recursive: true, force: true });
  }
});

test('an address that is none is refused by name, before anything is done', () => {
  const env = childEnv({ OPA_URL: 'ftp://x', NOVA_HOME: mkdtempSync(join(tmpdir(), 'nova-opa-')) });
  const { status, stderr } = spawnSync(process.execPath, [NOVA, 'agent', 'list'], { env, encoding: 'utf8' });
  rmSync(env.NOVA_HOME ?? '', { recursive: true, force: true });
  assert.equal(status, 1);
  assert.match(stderr, /OPA_URL is malformed/);
});
