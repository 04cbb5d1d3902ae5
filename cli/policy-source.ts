/** What `nova policy apply` is given: settings in a JSON file, a folder with rules, or a bundle made by opa. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { JsonObject } from '../shared/domain/agent.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { isJsonObject } from './fields.ts';
import { compileRules, wasmOfBundle } from './policy-compile.ts';

export type PolicySource = {
  /** As it was written; the world checks it against what is in force. */
  readonly settings: JsonObject;
  /** Gzipped wasm as base64; '' when no rules come with it. */
  readonly wasm: string;
  readonly sha256: string;
};

/** @throws NovaError bad_input when it is none of the three. */
export async function readPolicySource(path: string): Promise<PolicySource> {
  try {
    return await sourceAt(path);
  } catch (thrown) {
    // What the disk says (no right, no such name, too long a one) is about the path, and no fault of ours.
    if (thrown instanceof NovaError || !(thrown instanceof Error && 'syscall' in thrown && 'code' in thrown))
      throw thrown;
    throw new NovaError('bad_input', `"${path.slice(0, 200)}" cannot be read: ${String(thrown.code)}`, {
      cause: thrown,
    });
  }
}

async function sourceAt(path: string): Promise<PolicySource> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new NovaError('bad_input', `there is no file or folder "${path}"`);
  if (stat.isDirectory()) return folderSource(path);
  if (path.endsWith('.json')) return { settings: settingsIn(path), wasm: '', sha256: '' };
  if (path.endsWith('.tar.gz')) return { settings: {}, ...packed(wasmOfBundle(readFileSync(path))) };
  if (path.endsWith('.wasm')) return { settings: {}, ...packed(readFileSync(path)) };
  throw new NovaError('bad_input', `expected a .json file, a folder, a .tar.gz bundle or a .wasm file; got "${path}"`);
}

async function folderSource(folder: string): Promise<PolicySource> {
  const file = join(folder, 'settings.json');
  const settings = existsSync(file) ? settingsIn(file) : {};
  if (readdirSync(folder).some((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'))) {
    return { settings, ...packed(await compileRules(folder)) };
  }
  if (Object.keys(settings).length > 0) return { settings, wasm: '', sha256: '' };
  throw new NovaError('bad_input', `the folder "${folder}" holds neither rules (*.rego) nor a settings.json`);
}

function packed(wasm: Uint8Array): Pick<PolicySource, 'wasm' | 'sha256'> {
  const sha256 = createHash('sha256').update(wasm).digest('hex');
  return { wasm: gzipSync(wasm, { level: 9 }).toString('base64'), sha256 };
}

function settingsIn(path: string): JsonObject {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${path}" cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (!isJsonObject(read)) throw new NovaError('bad_input', `the file "${path}" holds no JSON object`);
  return read;
}
