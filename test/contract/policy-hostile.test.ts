/** Rules of an owner's own are a program that somebody may have been handed: it is ended, in time and in space, and denies. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import type { PolicyQuestion } from '../../shared/domain/policy-question.ts';
import { readArtifact } from '../../shared/policy/artifact.ts';
import { wasmPolicy } from '../../shared/policy/wasm-policy.ts';
import type { OwnRules } from '../../shared/ports/policy.ts';
import { CASE_DEFAULTS } from '../fixtures/policy-cases.ts';

const ENDLESS = [0x03, 0x40, 0x0c, 0x00, 0x0b];
/** Asks for 600 pages of 64 KiB, and gives up when it does not get them. */
const GREEDY = [0x41, 0xd8, 0x04, 0x40, 0x00, 0x41, 0x7f, 0x46, 0x04, 0x40, 0x00, 0x0b];
const IMPORTED = `WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter(({ kind }) => kind === 'function').length`;
const ASKED: PolicyQuestion = {
  subject: { id: 'cli:alice', kind: 'person', roles: ['admin'] },
  action: 'agent:pause',
  resource: { kind: 'agent', id: 'shop' },
  attributes: {},
};

/** An unsigned number of wasm (LEB128) and where it ends. */
function numberAt(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0, end = at; ; shift += 7) {
    const byte = bytes[end++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, end];
  }
}

type Section = { readonly id: number; readonly from: number };

function sectionsOf(bytes: Uint8Array): Section[] {
  const found: Section[] = [];
  for (let at = 8; at < bytes.length; ) {
    const [size, from] = numberAt(bytes, at + 1);
    found.push({ id: bytes[at] ?? 0, from });
    at = from + size;
  }
  return found;
}

/** The rules of the system with another program in place of one of their functions. */
function rulesWith(functionName: string, program: readonly number[]): OwnRules {
  const bytes = new Uint8Array(readFileSync(new URL('../../policies/authz.wasm', import.meta.url)));
  const imported = Number(runInNewContext(IMPORTED, { bytes }));
  const exports = sectionsOf(bytes).find(({ id }) => id === 7) ?? assert.fail();
  let [left, at] = numberAt(bytes, exports.from);
  let index = -1;
  for (; left > 0 && index < 0; left--) {
    const [length, start] = numberAt(bytes, at);
    const [number, end] = numberAt(bytes, start + length + 1);
    if (new TextDecoder().decode(bytes.subarray(start, start + length)) === functionName) index = number;
    at = end;
  }
  const code = sectionsOf(bytes).find(({ id }) => id === 10) ?? assert.fail();
  [, at] = numberAt(bytes, code.from);
  for (let n = imported; n < index; n++) {
    const [size, start] = numberAt(bytes, at);
    at = start + size;
  }
  const [size, start] = numberAt(bytes, at);
  const body = [0x00, ...Array<number>(size - program.length - 3).fill(0x01), ...program, 0x00, 0x0b];
  bytes.set(body, start);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, read: async () => gzipSync(bytes).toString('base64') };
}

const engine = wasmPolicy({ artifact: readArtifact, limits: { openMs: 2_000, answerMs: 200 } });
const ask = (rules: OwnRules | null) => engine.evaluate(ASKED, { settings: CASE_DEFAULTS, rules });

test('rules that never come to an end deny, again and again, and those of the system answer in between', async () => {
  const rules = rulesWith('opa_eval', ENDLESS);
  for (const _ of [1, 2]) {
    const { effect, trouble, reasons } = await ask(rules);
    assert.deepEqual([effect, trouble], ['deny', true]);
    assert.match(reasons.join(), /do not come to an end within 200 ms/);
    assert.equal((await ask(null)).effect, 'allow');
  }
});

test('rules that never open deny', async () => {
  const { effect, reasons } = await ask(rulesWith('entrypoints', ENDLESS));
  assert.equal(effect, 'deny');
  assert.match(reasons.join(), /do not come to an end within 2000 ms/);
});

test('rules that want all memory do not get it', async () => {
  const { effect, reasons } = await ask(rulesWith('opa_eval', [...GREEDY, ...ENDLESS]));
  assert.equal(effect, 'deny');
  assert.match(reasons.join(), /unreachable/);
});
