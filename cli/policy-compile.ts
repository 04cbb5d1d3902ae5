/** Rego of the owner's own, made into what the system runs: by the owner's `opa`, or taken from a bundle made before. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { childEnv, searchPath } from '../shared/runtime/env.ts';

const run = promisify(execFile);
const ENTRY = 'nova/authz/verdict';
const MAX_BUNDLE_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/**
 * Checks, tests and compiles the rules of a folder.
 * @throws NovaError misconfigured without opa on the path; bad_input with what opa says.
 */
export async function compileRules(folder: string): Promise<Uint8Array> {
  const rules = readdirSync(folder).filter((name) => name.endsWith('.rego'));
  const opa = opaOnPath();
  if (!opa) {
    throw new NovaError(
      'misconfigured',
      'rules in Rego are compiled by opa, which is not on the PATH (openpolicyagent.org); or give a bundle made with: ' +
        `opa build -t wasm -e ${ENTRY} .`,
    );
  }
  const out = mkdtempSync(join(tmpdir(), 'nova-rules-'));
  try {
    const bundle = join(out, 'bundle.tar.gz');
    const tested = rules.some((name) => name.endsWith('_test.rego'));
    // By their bare names and in order: where the folder lies must not be in the bytes.
    const compiled = rules.filter((name) => !name.endsWith('_test.rego')).sort();
    await opaSays(opa, folder, ['check', '--strict', '.']);
    if (tested) await opaSays(opa, folder, ['test', '.']);
    await opaSays(opa, folder, ['build', '--target', 'wasm', '--entrypoint', ENTRY, '--output', bundle, ...compiled]);
    return wasmOfBundle(readFileSync(bundle));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function opaOnPath(): string | null {
  const places = searchPath().split(delimiter).filter(Boolean);
  const found = places.flatMap((folder) => [join(folder, 'opa'), join(folder, 'opa.exe')]).find(existsSync);
  return found ?? null;
}

async function opaSays(opa: string, cwd: string, args: readonly string[]): Promise<void> {
  try {
    await run(opa, [...args], { cwd, env: childEnv(), timeout: TIMEOUT_MS, maxBuffer: 1_048_576 });
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.trim() || messageOf(thrown);
    throw new NovaError('bad_input', `opa ${args[0]} refuses the rules: ${said.slice(0, 2_000)}`, { cause: thrown });
  }
}

/** The file policy.wasm of a bundle (tar, gzipped). @throws NovaError bad_input when it is none. */
export function wasmOfBundle(bundle: Uint8Array): Uint8Array {
  const tar = unzipped(bundle);
  for (let at = 0; at + 512 <= tar.length; ) {
    const text = (from: number, length: number): string =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const name = text(0, 100);
    const size = Number.parseInt(text(124, 12).trim() || '0', 8);
    if (!name || !Number.isSafeInteger(size) || size < 0) break;
    if (/^(\.?\/)?policy\.wasm$/.test(name)) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new NovaError('bad_input', `the bundle holds no policy.wasm; make it with: opa build -t wasm -e ${ENTRY} .`);
}

function unzipped(bundle: Uint8Array): Buffer {
  try {
    return gunzipSync(bundle, { maxOutputLength: MAX_BUNDLE_BYTES });
  } catch (cause) {
    throw new NovaError('bad_input', `the bundle cannot be unpacked: ${messageOf(cause)}`, { cause });
  }
}
