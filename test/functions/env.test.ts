/** The environment says what is wrong by name, never by value, and children inherit nothing that could be a secret. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_ENV } from '../../infra/aws/module-load.ts';
import {
  childEnv,
  readEnv,
  readOptional,
  settingsEnv,
  settingsFrom,
  taskEnvironment,
} from '../../shared/runtime/env.ts';

test('settings come back as they were written down', () => {
  const settings = settingsFrom(SAMPLE_ENV);
  assert.equal(settings.computeNanosPerSecond, 6667);
  assert.deepEqual(settingsFrom(settingsEnv(settings)), settings);
});

test('every missing and malformed key is named at once, without its value', () => {
  const source = { ...SAMPLE_ENV, NOVA_CURRENCY: 'sk_live_leaked', NOVA_TABLE: '', NOVA_TIMEZONE: 'Mars/Olympus' };
  assert.throws(
    () => readEnv(['NOVA_STAGE', 'NOVA_CURRENCY', 'NOVA_TABLE', 'NOVA_TIMEZONE', 'NOVA_CLUSTER'], source),
    (thrown: Error) => {
      assert.equal(
        thrown.message,
        'environment: NOVA_CURRENCY is malformed; NOVA_TABLE is missing; NOVA_TIMEZONE is malformed; NOVA_CLUSTER is missing',
      );
      return true;
    },
  );
});

test('only what is asked for is checked', () => {
  assert.deepEqual(readEnv(['NOVA_TABLE'], { NOVA_TABLE: 'nova-test' }), { NOVA_TABLE: 'nova-test' });
});

test('an optional key may be absent, and may not be wrong', () => {
  assert.equal(readOptional('NOVA_MAIL_URL', {}), undefined);
  assert.equal(readOptional('NOVA_MAIL_URL', { NOVA_MAIL_URL: 'http://127.0.0.1:1/' }), 'http://127.0.0.1:1/');
  assert.throws(() => readOptional('NOVA_MAIL_URL', { NOVA_MAIL_URL: 'nowhere' }), /NOVA_MAIL_URL is malformed/);
});

test('a task reads one parameter of settings, under what its platform and its ticket say', () => {
  const told = taskEnvironment({ NOVA_TASK_SETTINGS: '{"NOVA_STAGE":"test","TZ":"UTC"}', TZ: 'Asia/Tokyo', A: 'b' });
  assert.deepEqual(told, { NOVA_STAGE: 'test', TZ: 'Asia/Tokyo', A: 'b' });
  assert.deepEqual(taskEnvironment({ A: 'b' }), { A: 'b' });
  for (const wrong of ['', 'sk_live_leaked', '[]', '{"a b":"c"}', '{"NOVA_STAGE":1}']) {
    assert.throws(() => taskEnvironment({ NOVA_TASK_SETTINGS: wrong }), {
      name: 'NovaError',
      code: 'misconfigured',
      message: 'environment: NOVA_TASK_SETTINGS is malformed',
    });
  }
});

test('a child inherits what a program needs to start, and no key of the shell', () => {
  process.env.STRIPE_API_KEY = 'sk_test_shell';
  process.env.AWS_SECRET_ACCESS_KEY = 'shell';
  const env = childEnv({ NOVA_STAGE: 'test' });
  assert.equal(env.NOVA_STAGE, 'test');
  assert.equal(env.PATH, process.env.PATH);
  assert.ok(!Object.keys(env).some((name) => /AWS_|STRIPE|NODE_OPTIONS/.test(name)), Object.keys(env).join(' '));
});
