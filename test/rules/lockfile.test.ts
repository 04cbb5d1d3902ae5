/** What may come into the house: packages of the registry alone, pinned, with the hash of their bytes, and few of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './source-files.ts';

type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
};
type Manifest = Readonly<
  Partial<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>>
>;

const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const manifest = read<Manifest>('package.json');
const lock = read<{ lockfileVersion: number; packages: Record<string, Locked & Manifest> }>('package-lock.json');
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/** A goal of 15 was set before the AWS clients, one package per service, were counted. The number may only fall. */
const MOST_RUNTIME_PACKAGES = 28;
/** Their install scripts fetch or arrange what the platform's own optional package brings already. */
const SCRIPTS_NOT_NEEDED = ['esbuild'];

/** What is wrong with one locked package; null when nothing is. */
function wrongWith(path: string, locked: Locked): string | null {
  if (locked.link) return `${path} is a link`;
  if (!/^\d+\.\d+\.\d+/.test(locked.version ?? '')) return `${path} has no exact version`;
  const from = locked.resolved;
  if (from !== undefined && !from.startsWith('https://registry.npmjs.org/')) return `${path} comes from ${from}`;
  // What a package carries inside itself is covered by its own hash.
  if (!locked.inBundle && !/^sha512-/.test(locked.integrity ?? '')) return `${path} has no sha512`;
  const name = path.replace(/^.*node_modules\//, '');
  if (locked.hasInstallScript && !SCRIPTS_NOT_NEEDED.includes(name)) return `${path} runs a script when installed`;
  return null;
}

test('every package is pinned by the hash of its bytes, comes from the registry, and runs nothing when installed', () => {
  assert.equal(lock.lockfileVersion, 3);
  const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
  assert.ok(packages.length > 100);
  assert.deepEqual(
    packages.flatMap(([path, locked]) => wrongWith(path, locked) ?? []),
    [],
  );
});

test('a package without a hash, from git, over http, with a script or without a version is refused', () => {
  const good: Locked = { version: '1.0.0', integrity: 'sha512-x' };
  assert.equal(wrongWith('node_modules/a', good), null);
  for (const bad of [
    { ...good, integrity: 'sha1-x' },
    { version: '1.0.0' },
    { ...good, version: '*' },
    { ...good, resolved: 'git+ssh://git@github.com/a/b.git#1' },
    { ...good, resolved: 'http://registry.npmjs.org/a.tgz' },
    { ...good, resolved: 'https://example.com/a.tgz' },
    { ...good, hasInstallScript: true },
    { ...good, link: true },
  ])
    assert.ok(wrongWith('node_modules/a', bad), JSON.stringify(bad));
});

test('package.json names exact versions, and the lock file is of this package.json', () => {
  for (const kind of KINDS) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned`);
    }
    assert.deepEqual(lock.packages['']?.[kind], manifest[kind], kind);
  }
});

test('the packages that run in production do not become more', () => {
  const names = Object.keys(manifest.dependencies ?? {});
  assert.ok(names.length <= MOST_RUNTIME_PACKAGES, `${names.length}: ${names.join(' ')}`);
});
