/** The independent checkers of docs/: no line of them is ours at run time, and they must see what we see. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ExportLine } from '../../shared/domain/audit-export.ts';
import { exportLines, textOf } from '../fixtures/audit-export.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nova-export-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const LINES = exportLines({ chains: { 'agent:shop': 5, 'decision:01J': 3 } });
const python = spawnSync('python3', ['--version']).status === 0;
const CHECKERS = [
  { name: 'docs/verify-audit.mjs', program: process.execPath, skip: false },
  { name: 'docs/verify-audit.py', program: 'python3', skip: python ? false : 'there is no python3' },
];

const nth = (kind: ExportLine['kind'], n: number): number =>
  LINES.flatMap((line, place) => (line.kind === kind ? [place] : []))[n] ?? -1;
const RECORD = nth('record', 2);
const SPOILED: readonly (readonly [name: string, lines: readonly ExportLine[], found: RegExp])[] = [
  ['a changed byte', LINES.with(RECORD, changed(LINES[RECORD])), /line 7.*bytes were changed/],
  ['a dropped record', LINES.toSpliced(RECORD, 1), /line 7: record 3 is missing/],
  [
    'swapped records',
    LINES.with(RECORD, LINES[RECORD + 1] as ExportLine).with(RECORD + 1, LINES[RECORD] as ExportLine),
    /line 7/,
  ],
  ['a doubled record', LINES.toSpliced(RECORD, 0, LINES[RECORD] as ExportLine), /line 8/],
  ['a cut file', LINES.slice(0, -1), /ends too early/],
  ['a dropped root', LINES.toSpliced(nth('root', 0), 1), /counts/],
  ['a dropped anchor', LINES.toSpliced(nth('anchor', 0), 1), /line 2: record 1 is missing/],
];

function changed(line: ExportLine | undefined): ExportLine {
  return line?.kind === 'record' ? { ...line, bytes: line.bytes.replace('cli:ada', 'cli:eve') } : assert.fail();
}

for (const { name, program, skip } of CHECKERS) {
  const check = (lines: readonly ExportLine[], more: readonly string[] = []) => {
    const file = join(folder, 'export.jsonl');
    writeFileSync(file, textOf(lines));
    return spawnSync(program, [join(root, name), file, ...more], { encoding: 'utf8' });
  };

  test(`${name} accepts an honest export and the newest anchor that was kept`, { skip }, () => {
    const newest = LINES[nth('anchor', 1)];
    const { status, stdout } = check(LINES, [newest?.kind === 'anchor' ? newest.hash : '']);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'valid: 8 records of 2 entities, 2 anchors\n' });
    assert.equal(check(LINES, ['f'.repeat(64)]).status, 1);
  });

  for (const [what, lines, found] of SPOILED) {
    test(`${name} finds ${what}, and says where`, { skip }, () => {
      const { status, stderr } = check(lines);
      assert.equal(status, 1);
      assert.match(stderr, found);
    });
  }

  test(`${name} stands alone and is short enough to be read`, () => {
    const text = readFileSync(join(root, name), 'utf8');
    assert.doesNotMatch(text, /from '\.|require\(|shared\/|node_modules/);
    assert.ok(text.trimEnd().split('\n').length <= 50);
    for (const line of text.split('\n')) assert.ok(line.length <= 132, line);
  });
}
