/** The list of faults, F1 to F41 and F46 to F48, against the simulation: each has an injector and names what it keeps. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOM = join(import.meta.dirname, '../simulation/faults');
const FILES = ['scheduler', 'queue', 'function', 'table', 'control', 'task', 'version'];
// Read as text: the light tests load no engine.
const text = FILES.map((name) => readFileSync(join(ROOM, `${name}-faults.ts`), 'utf8')).join('\n');
const invariants = readFileSync(join(ROOM, 'watch.ts'), 'utf8');

const WANTED = [...Array.from({ length: 41 }, (_, n) => n + 1), 46, 47, 48].map((n) => `F${n}`);

test('every fault from F1 to F41 and F46 to F48 has one injector', () => {
  const found = [...text.matchAll(/\bid: '(F\d+)'/g)].map(([, id = '']) => id);
  assert.deepEqual(
    [...found].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
    WANTED,
  );
});

test('every fault strikes, and names invariants that are watched', () => {
  const rows = text.split(/\bid: '/).slice(1);
  for (const row of rows) {
    const [id = ''] = row.split("'");
    assert.match(row, /\b(?:strikes|meets)\b/, id);
    const [, names = ''] = /keeps: \[([^\]]+)\]/.exec(row) ?? [];
    const kept = [...names.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
    assert.ok(kept.length > 0, `${id} keeps nothing`);
    for (const name of kept) assert.match(invariants, new RegExp(`^  ${name}: '`, 'm'), `${id} keeps ${name}`);
  }
});

test('what is injected as its nearest relative is named with its reason', () => {
  const [, table = ''] = /NEAREST[^=]*= \{\n([\s\S]*?)\n\};/.exec(readFileSync(join(ROOM, 'faults.ts'), 'utf8')) ?? [];
  const named = [...table.matchAll(/^ {2}(F\d+):/gm)].map(([, id = '']) => id);
  assert.ok(named.includes('F23') && named.includes('F24'), 'there are no TTLs and no streams here');
  for (const id of named) assert.ok(WANTED.includes(id), id);
});
