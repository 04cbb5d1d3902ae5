/** How everything here is bundled, and how a finished folder takes the place of the last one. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import type { BuildOptions } from 'esbuild';

/** Small ES modules for Node 24, in memory: entries by their names, what they share in chunks. */
export const ESM_FILES = {
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
  loader: { '.wasm': 'binary' },
} as const satisfies BuildOptions;

/** Whoever reads finds the old folder or the new one. Of two writers the later one wins. */
export function replaceFolder(draft: string, folder: string): void {
  const old = `${draft}-old`;
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(folder)) renameSync(folder, old);
      renameSync(draft, folder);
      break;
    } catch (thrown) {
      // Another bundler moved something between two of our steps.
      if (attempt === 5) throw thrown;
      rmSync(old, { recursive: true, force: true });
    }
  }
  rmSync(old, { recursive: true, force: true });
}
