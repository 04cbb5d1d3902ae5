/** What Node is told when it starts a process for blueprints. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** The file that a child runs, and all that it may read. */
export type ChildProgram = { readonly file: string; readonly readable: readonly string[] };

export const SOURCE: ChildProgram = {
  file: join(import.meta.dirname, 'child-main.ts'),
  readable: ['shared', 'node_modules', 'package.json'].map((name) => join(ROOT, name)),
};

/**
 * Reads of its own source, and nothing else: no writes, no processes, no threads, no add-ons. And no node:sqlite: it
 * opens any file, whatever the permissions say (Node 24).
 */
export function childFlags(memoryMb: number, { readable }: ChildProgram = SOURCE): string[] {
  const allowed = readable.flatMap(places).map((path) => `--allow-fs-read=${path}`);
  return [`--max-old-space-size=${memoryMb}`, '--permission', '--no-experimental-sqlite', ...allowed];
}

/** Where it is said to be and where a link leads: Node looks at both. */
function places(path: string): string[] {
  const real = realpathSync.native(path);
  return real === path ? [path] : [path, real];
}
