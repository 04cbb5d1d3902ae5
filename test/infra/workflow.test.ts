/** The workflows: no stored key, no moving tag, nothing that a stranger types becomes part of a script. */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.github/workflows');
const workflows = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));

test('every action is pinned by the hash of its commit', () => {
  const uses = workflows.flatMap(({ text }) => [...text.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action));
  assert.ok(uses.length >= 2);
  for (const action of uses) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});

test('no expression stands in a script: values come through the environment', () => {
  for (const { name, text } of workflows) {
    const scripts = [...text.matchAll(/^\s+- run: (\|\n(?:\s{10,}.*\n)+|.*)/gm)].map(([, script = '']) => script);
    assert.ok(scripts.length > 0, name);
    for (const script of scripts) assert.doesNotMatch(script, /\$\{\{/, script);
  }
});

test('there is no stored key, and no right but reading and asking for a token', () => {
  for (const { text } of workflows) {
    assert.doesNotMatch(text, /secrets\.|AWS_SECRET_ACCESS_KEY|pull_request_target/);
    const [, rights = ''] = /^permissions:\n((?: {2}.+\n)+)/m.exec(text) ?? [];
    assert.equal(rights, '  contents: read\n');
  }
});

const jobsOf = (text: string): string[] =>
  text
    .slice(text.indexOf('\njobs:\n'))
    .split(/\n(?= {2}[a-z]+:\n)/)
    .slice(1);

test('the job that may ask for a token runs no tests, and waits for the one that does', () => {
  const able = workflows.flatMap(({ name, text }) =>
    jobsOf(text)
      .filter((job) => job.includes('id-token: write'))
      .map((job) => ({ name, job })),
  );
  assert.deepEqual(
    able.map(({ name }) => name),
    ['deploy.yml'],
  );
  assert.doesNotMatch(able[0]?.job ?? '', /npm test|node --test/);
  assert.match(able[0]?.job ?? '', /\n {4}needs: test\n/);
});

test('every job has an end, and nobody who only reads may push with the key of the checkout', () => {
  for (const { name, text } of workflows)
    for (const job of jobsOf(text)) {
      assert.match(job, /\n {4}timeout-minutes: \d+\n/, name);
      assert.match(job, /persist-credentials: false/, name);
    }
});

test('each night plays more histories than any change, with seeds of its own, by tests and switches that there are', () => {
  const { text = '' } = workflows.find(({ name }) => name === 'nightly.yml') ?? {};
  assert.match(text, /schedule:\n {4}- cron: '\d+ \d+ \* \* \*'/);
  const lines = text.split('\n').filter((line) => line.includes('node --test'));
  assert.equal(lines.length, 3);
  const played: string[] = [];
  for (const line of lines) {
    const files = [...line.matchAll(/\btest\/\S+\.test\.ts/g)].flatMap(([pattern]) => {
      const found = globSync(pattern, { cwd: ROOT });
      assert.ok(found.length > 0, pattern);
      return found;
    });
    const sources = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    const switches = [...line.matchAll(/\b(NOVA_[A-Z_]+)=(\S+)/g)];
    for (const [, name = ''] of switches) assert.ok(sources.includes(`process.env.${name}`), `${name} of ${line}`);
    const [, seed = ''] = /NOVA_SEED="([^"]+)"/.exec(line) ?? [];
    assert.match(seed, /^\$\{GITHUB_RUN_NUMBER\}/);
    played.push(...switches.filter(([, name]) => name !== 'NOVA_SEED').map(([, name, many]) => `${name}=${many}`));
  }
  assert.deepEqual(played, ['NOVA_FAULT_SEEDS=20000', 'NOVA_HISTORIES=100000', 'NOVA_CRASH_RUNS=2000']);
});
