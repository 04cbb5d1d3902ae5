/** An export proves itself: whatever is done to it is found, where it was done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { auditBytes } from '../../shared/domain/audit.ts';
import { type ExportLine, ExportProof, type ExportReport } from '../../shared/domain/audit-export.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { chainLines, exportLines, textOf } from '../fixtures/audit-export.ts';

const LINES = exportLines({ chains: { 'agent:shop': 6, 'budget:fleet': 3, 'decision:01J': 4 } });
const TEXTS = LINES.map((line) => JSON.stringify(line));

function prove(texts: readonly string[]): ExportReport {
  const proof = new ExportProof(systemHashing.sha256);
  for (const text of texts) proof.take(text);
  return proof.end();
}
const proveLines = (lines: readonly ExportLine[]): ExportReport => prove(lines.map((line) => JSON.stringify(line)));
const at = (kind: string, nth = 0): number => LINES.flatMap((line, n) => (line.kind === kind ? [n] : []))[nth] ?? -1;
const firstFault = (report: ExportReport): unknown => {
  const [fault] = report.faults;
  return fault && { line: fault.line, id: fault.id, seq: fault.seq };
};

test('an untouched export proves itself and says what it holds', () => {
  assert.deepEqual(proveLines(LINES), {
    ...{ records: 13, entities: 3, anchors: 2, roots: 1, faults: [] },
    newest: (LINES[at('anchor', 1)] as { hash: string }).hash,
  });
});

test('any flipped character is found; of the header what is proved', () => {
  for (const [n, text] of TEXTS.entries()) {
    // The stage says for whom it is, and nothing hangs on it.
    const from = n === 0 ? text.indexOf('"scope"') : 0;
    for (let place = from; place < text.length; place += 1) {
      const other = text[place] === '7' ? '8' : '7';
      const flipped = `${text.slice(0, place)}${other}${text.slice(place + 1)}`;
      assert.ok(prove(TEXTS.with(n, flipped)).faults.length > 0, `line ${n + 1}, character ${place}: ${flipped}`);
    }
  }
});

test('a dropped record is found at its number', () => {
  const dropped = LINES.toSpliced(at('record', 2), 1);
  assert.deepEqual(firstFault(proveLines(dropped)), { line: at('record', 2) + 1, id: 'agent:shop', seq: 3 });
});

test('two records that changed places are found at the first of them', () => {
  const [a, b] = [at('record', 1), at('record', 2)];
  const swapped = LINES.with(a, LINES[b] as ExportLine).with(b, LINES[a] as ExportLine);
  assert.deepEqual(firstFault(proveLines(swapped)), { line: a + 1, id: 'agent:shop', seq: 2 });
});

test('an inserted record is found where it does not fit', () => {
  const entry = { at: 1, actor: 'cli:eve', action: 'agent.scaled', entity: 'agent:shop', details: {} };
  const before = LINES[at('record', 1)] as Extract<ExportLine, { kind: 'record' }>;
  const bytes = auditBytes(entry, 3, before.hash);
  const forged: ExportLine = { kind: 'record', entity: 'agent:shop', seq: 3, hash: systemHashing.sha256(bytes), bytes };
  const report = proveLines(LINES.toSpliced(at('record', 2), 0, forged));
  // The third one is another than the anchored one: half of six.
  assert.deepEqual(firstFault(report), { line: at('record', 2) + 1, id: 'agent:shop', seq: 3 });
});

test('a chain that was cut short together with its head is found by the anchors', () => {
  const cut = LINES.filter((line) => !(line.kind === 'record' && line.entity === 'agent:shop' && line.seq > 4));
  const last = cut.find((line) => line.kind === 'record' && line.entity === 'agent:shop' && line.seq === 4);
  const repaired = cut.map((line): ExportLine => {
    if (line.kind === 'head' && line.entity === 'agent:shop' && last?.kind === 'record')
      return { ...line, seq: 4, hash: last.hash };
    return line.kind === 'end' ? { ...line, records: line.records - 2 } : line;
  });
  const { faults } = proveLines(repaired);
  assert.deepEqual(
    faults.map(({ id, seq, problem }) => ({ id, seq, problem })),
    [{ id: 'agent:shop', seq: 6, problem: 'was anchored and is gone' }],
  );
});

test('a chain that was rewritten with honest hashes is found by the anchors', () => {
  const other = chainLines('agent:shop', 6).map((line): ExportLine => line);
  const forged = exportLines({ chains: { 'agent:shop': 6 } });
  assert.equal(proveLines(forged).faults.length, 0);
  const eve = rewritten(other);
  const start = at('record');
  const report = proveLines([...LINES.slice(0, start), ...eve, ...LINES.slice(start + eve.length)]);
  assert.deepEqual(firstFault(report), { line: start + 3, id: 'agent:shop', seq: 3 });
});

function rewritten(lines: readonly ExportLine[]): ExportLine[] {
  let prev = '0'.repeat(64);
  return lines.map((line): ExportLine => {
    if (line.kind !== 'record') return line.kind === 'head' ? { ...line, hash: prev } : line;
    const bytes = JSON.stringify({ ...JSON.parse(line.bytes), actor: 'cli:eve', prevHash: prev });
    prev = systemHashing.sha256(bytes);
    return { ...line, bytes, hash: prev };
  });
}

test('a truncated export is found at its end, wherever it was cut', () => {
  for (let length = 0; length < TEXTS.length; length++) {
    const { faults } = prove(TEXTS.slice(0, length));
    assert.ok(
      faults.some(({ id, problem }) => id === 'file' && /too early/.test(problem)),
      `cut after ${length} lines`,
    );
  }
});

test('random tampering never goes unnoticed', () => {
  const place = fc.nat({ max: LINES.length - 1 });
  const change = fc.oneof(
    fc.record({ kind: fc.constant('drop' as const), n: place, m: place }),
    fc.record({ kind: fc.constant('swap' as const), n: place, m: place }),
    fc.record({ kind: fc.constant('repeat' as const), n: place, m: place }),
    fc.record({ kind: fc.constant('hash' as const), n: place, m: place }),
    fc.record({ kind: fc.constant('cut' as const), n: place, m: place }),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let texts: string[] = TEXTS;
      for (const { kind, n, m } of changes) {
        if (texts.length > 0) texts = tampered(texts, kind, { n: n % texts.length, m: m % texts.length });
      }
      const same = texts.length === TEXTS.length && texts.every((text, n) => text === TEXTS[n]);
      assert.equal(prove(texts).faults.length === 0, same);
    }),
    { numRuns: 2_000 },
  );
});

type Tampering = 'drop' | 'swap' | 'repeat' | 'hash' | 'cut';

function tampered(texts: string[], kind: Tampering, { n, m }: { n: number; m: number }): string[] {
  const text = texts[n] ?? '';
  if (kind === 'drop') return texts.toSpliced(n, 1);
  if (kind === 'swap') return texts.with(n, texts[m] ?? '').with(m, text);
  if (kind === 'repeat') return texts.toSpliced(m, 0, text);
  if (kind === 'cut') return texts.slice(0, Math.max(1, n));
  return texts.with(
    n,
    text.replace(/[0-9a-f](?=[0-9a-f]{20})/, (letter) => (letter === 'a' ? 'b' : 'a')),
  );
}

test('twenty thousand records are proved in about their share of ten seconds for a million', () => {
  const texts = textOf(exportLines({ chains: { 'agent:busy': 20_000 } }))
    .trimEnd()
    .split('\n');
  const started = process.cpuUsage();
  const { records, faults } = prove(texts);
  const spent = process.cpuUsage(started);
  assert.deepEqual({ records, faults }, { records: 20_000, faults: [] });
  // 200 ms are their share; a loaded machine and a cold compiler get four times that. npm run bench measures the million.
  const ms = (spent.user + spent.system) / 1_000;
  assert.ok(ms < 800, `${Math.round(ms)} ms of processor time`);
});
