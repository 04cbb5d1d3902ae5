/** Names of tests in documents and registers, against the tests that there are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.ts';

export type NamedTest = { readonly name: string; readonly path: string };

/** Those that lead nowhere, as sentences. */
export function missingTests(named: readonly NamedTest[]): string[] {
  return named.flatMap(({ name, path }) => {
    if (!existsSync(join(root, path))) return [`${path} is not there`];
    const source = readFileSync(join(root, path), 'utf8');
    const found = ["'", '"', '`'].some((quote) =>
      new RegExp(`\\btest\\(\\s*${quote}${escaped(name)}${quote}`).test(source),
    );
    return found ? [] : [`${path} has no test "${name}"`];
  });
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
