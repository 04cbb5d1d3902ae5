/**
 * All tests: node test/run.ts [part of a path …]. Bundles what the rehearsal and the template tests look at, then runs
 * every test file, as many at a time as there are cores. Exits with the code of the runner.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Node 24 as npm's platform package brings it; a machine's own may be older. */
const packaged = join(root, 'node_modules/.bin/node');
const node = Number.parseInt(process.versions.node, 10) >= 24 || !existsSync(packaged) ? process.execPath : packaged;
/** A test that hangs fails; the longest honest one takes a third of this. */
const TIMEOUT_MS = 180_000;

const wanted = process.argv.slice(2);
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1));

/** The long ones first, so that none of them is left alone at the end. */
function weight(path: string): number {
  return /^test\/(flows|simulation|contract|infra)\//.test(path) ? 1 : 0;
}

if (files.length === 0) {
  console.error(`no test file has ${wanted.join(' or ')} in its path`);
  process.exit(2);
}

const run = (args: readonly string[]): number => {
  const { status, signal } = spawnSync(node, [...args], { cwd: root, stdio: 'inherit' });
  return status ?? (signal ? 1 : 0);
};

if (files.some((path) => /^test\/(infra|flows|contract)\//.test(path))) {
  const bundled = run(['infra/aws/bundle.ts']);
  if (bundled !== 0) process.exit(bundled);
}
const cores = Math.max(2, availableParallelism());
process.exitCode = run(['--test', `--test-concurrency=${cores}`, `--test-timeout=${TIMEOUT_MS}`, ...files]);
