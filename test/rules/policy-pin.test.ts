/** The compiled rules are those of the sources: an edited .rego with an old artefact is found here, without opa. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = join(import.meta.dirname, '../../policies');
const pin = JSON.parse(readFileSync(join(folder, 'pin.json'), 'utf8')) as Record<'wasm' | 'sources', string>;
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** As policies/build.sh puts them together: each name on a line, then its text. */
function sources(change: (name: string, text: string) => string = (_, text) => text): string {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'))
    .sort()
    .map((name) => `${name}\n${change(name, readFileSync(join(folder, name), 'utf8'))}`)
    .join('');
}

test('policies/authz.wasm is compiled from the rules that lie beside it; else run policies/build.sh', () => {
  assert.equal(sha256(sources()), pin.sources);
  assert.equal(sha256(readFileSync(join(folder, 'authz.wasm'))), pin.wasm);
});

test('a single changed character of a rule is found', () => {
  const edited = sources((name, text) => (name === 'fleet.rego' ? text.replace('<=', '<') : text));
  assert.notEqual(sha256(edited), pin.sources);
});
