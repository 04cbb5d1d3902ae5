/** The deploy workflow: no stored key, no moving tag, nothing that a stranger types becomes part of a script. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const FOLDER = join(import.meta.dirname, '../../.github/workflows');
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

test('the job that may ask for a token runs no tests, and waits for the one that does', () => {
  for (const { text } of workflows) {
    const jobs = text
      .slice(text.indexOf('\njobs:\n'))
      .split(/\n(?= {2}[a-z]+:\n)/)
      .slice(1);
    const able = jobs.filter((job) => job.includes('id-token: write'));
    assert.equal(jobs.length, 2);
    assert.equal(able.length, 1);
    assert.doesNotMatch(able[0] ?? '', /npm test/);
    assert.match(able[0] ?? '', /\n {4}needs: test\n/);
  }
});
