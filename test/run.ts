/**
 * All tests: node test/run.ts [part of a path …]. Bundles what the rehearsal and the template tests look at, then runs
 * every test file, as many at a time as there are cores. Exits with the code of the runner.
 *
 * The files of the light rooms share processes: a process of its own costs each of them ten times what its tests cost.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
/** Node 24 as npm's platform package brings it; a machine's own may be older. */
const packaged = join(root, 'node_modules/.bin/node');
const node = Number.parseInt(process.versions.node, 10) >= 24 || !existsSync(packaged) ? process.execPath : packaged;
/** A test that hangs fails; the longest honest one takes a third of this. */
const TIMEOUT_MS = 180_000;

const cores = Math.max(2, availableParallelism());
const wanted = process.argv.slice(2);
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1));

/** Rooms whose tests start nothing and leave nothing behind, so that they may share a process. */
const LIGHT = /^test\/(domain|functions|rules|connectors)\//;

/** Writes one file per process that imports its share of the light files; shares of like size. */
function shared(paths: readonly string[], shelf: string): readonly string[] {
  const shares = Array.from({ length: Math.min(paths.length, 2 * cores) }, () => ({ bytes: 0, paths: [] as string[] }));
  const sized = paths.map((path) => ({ path, bytes: statSync(join(root, path)).size }));
  for (const { path, bytes } of sized.sort((a, b) => b.bytes - a.bytes)) {
    const smallest = shares.reduce((least, share) => (share.bytes < least.bytes ? share : least));
    smallest.paths.push(path);
    smallest.bytes += bytes;
  }
  return shares.map((share, index) => {
    const file = join(shelf, `light-${index + 1}.test.mjs`);
    const imports = share.paths.map((path) => `await import(${JSON.stringify(pathToFileURL(join(root, path)).href)});`);
    writeFileSync(file, `${imports.join('\n')}\n`);
    return file;
  });
}

/** The long ones first, so that none of them is left alone at the end. */
function weight(path: string): number {
  return /^test\/(flows|simulation|contract|infra)\//.test(path) ? 1 : 0;
}

if (files.length === 0) {
  console.error(`no test file has ${wanted.join(' or ')} in its path`);
  process.exit(2);
}

/** Compiled modules are kept between processes and runs: stripping types and compiling is half of what most files cost. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/nova-tests') };

const run = (args: readonly string[]): number => {
  const { status, signal } = spawnSync(node, [...args], { cwd: root, stdio: 'inherit', env });
  return status ?? (signal ? 1 : 0);
};

if (files.some((path) => /^test\/(infra|flows|contract)\//.test(path))) {
  const bundled = run(['infra/aws/bundle.ts', '--if-stale']);
  if (bundled !== 0) process.exit(bundled);
}
const shelf = mkdtempSync(join(tmpdir(), 'nova-tests-'));
try {
  const light = files.filter((path) => LIGHT.test(path));
  const rest = files.filter((path) => !LIGHT.test(path));
  const flags = ['--test', `--test-concurrency=${cores}`, `--test-timeout=${TIMEOUT_MS}`];
  process.exitCode = run([...flags, ...rest, ...shared(light, shelf)]);
} finally {
  rmSync(shelf, { recursive: true, force: true });
}
