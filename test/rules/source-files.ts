import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

export type SourceFile = { readonly path: string; readonly text: string };

export const root = join(import.meta.dirname, '../..');
const ROOMS = ['shared', 'functions', 'containers', 'infra', 'cli', 'test'];

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const read = new Map<boolean, readonly SourceFile[]>();

/** All TypeScript of the product; tests only when asked for. Read once. */
export function sourceFiles({ tests = false }: { tests?: boolean } = {}): readonly SourceFile[] {
  const files = read.get(tests) ?? readSources(tests);
  read.set(tests, files);
  return files;
}

function readSources(tests: boolean): SourceFile[] {
  const rooms = tests ? ['test'] : ROOMS.filter((room) => room !== 'test');
  return rooms
    .flatMap((room) => walk(join(root, room)))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));
}

/** Every file git would commit, for rules about texts. */
export function committedFiles(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean);
}
