/** `./nova` on a fresh clone: it finds a Node that is new enough, installs once, and says what is missing. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const WRAPPER = join(import.meta.dirname, '../../nova');
const posix = process.platform !== 'win32';

/** A clone with nothing installed, and a PATH whose npm and node are scripts of ours. */
function freshClone({ nodeVersion, install = true }: { readonly nodeVersion: string; readonly install?: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), 'nova-wrapper-'));
  const bin = join(folder, 'bin');
  const root = join(folder, 'clone');
  mkdirSync(bin);
  mkdirSync(root);
  copyFileSync(WRAPPER, join(root, 'nova'));
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const done = install ? 'mkdir -p node_modules && touch node_modules/.package-lock.json' : 'exit 7';
  script('npm', `echo "npm $* in $(pwd -P)" >> ${folder}/npm.log; ${done}`);
  script('node', `if [ "$1" = -p ]; then echo ${nodeVersion}; else echo "ran $*"; fi`);
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(root, 'nova'), words, {
      cwd: folder,
      env: { PATH: `${bin}:/usr/bin:/bin` },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  return { root, run, npmLog: () => readFileSync(join(folder, 'npm.log'), 'utf8').trim().split('\n') };
}

test('its text is plain POSIX shell', { skip: !posix }, () => {
  execFileSync('sh', ['-n', WRAPPER]);
  assert.match(readFileSync(WRAPPER, 'utf8'), /^#!\/bin\/sh\n/);
});

test('it installs once, says so on the error stream, and hands the words over', { skip: !posix }, () => {
  const clone = freshClone({ nodeVersion: '24' });
  const first = clone.run('agent', 'list', '--why', 'two words');
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /^ran .*\/clone\/cli\/nova\.ts agent list --why two words\n$/);
  assert.match(first.stderr, /installing/);
  const second = clone.run('agent', 'list');
  assert.equal(second.stderr, '');
  assert.equal(clone.npmLog().length, 1);
  assert.match(clone.npmLog()[0] ?? '', /^npm ci in .*\/clone$/);
});

test('an old Node and no locked one: what is needed and what was found', { skip: !posix }, () => {
  const { status, stdout, stderr } = freshClone({ nodeVersion: '20' }).run('help');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /Node 24 or newer is needed; found .*node \(Node 20\)/);
});

test('a failed install stops there', { skip: !posix }, () => {
  const { status, stdout, stderr } = freshClone({ nodeVersion: '24', install: false }).run('help');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /npm ci failed/);
});
