/** The rules in this process: Rego compiled to wasm by policies/build.sh. No network, no file after the first question. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { LoadedPolicy } from '@open-policy-agent/opa-wasm';
import pin from '../../policies/pin.json' with { type: 'json' };
import { messageOf } from '../domain/error.ts';
import { type PolicyQuestion, readVerdict, troubled } from '../domain/policy-question.ts';
import type { PolicySettings } from '../domain/policy-rules.ts';
import type { OwnRules, PolicyEngine } from '../ports/policy.ts';

/** The SHA-256 of the rules that come with the system. */
export const PINNED_RULES = pin.wasm;

export type WasmOptions = {
  /** The bytes of policies/authz.wasm. */
  readonly artifact: () => Promise<Uint8Array>;
};

const MAX_PROGRAMS = 4;
/** Compiled rules are a few hundred KiB; what unpacks to more is none. */
const MAX_WASM_BYTES = 8 * 1024 * 1024;

/** Rules that are not what their hash says deny everything. */
export function wasmPolicy({ artifact }: WasmOptions): PolicyEngine {
  const programs = new Map<string, Promise<Program>>();
  const programOf = (rules: OwnRules | null): Promise<Program> => {
    const sha256 = rules?.sha256 ?? PINNED_RULES;
    const known = programs.get(sha256);
    if (known) return known;
    const opened = openProgram(sha256, rules ? () => unpacked(rules) : artifact);
    programs.set(sha256, opened);
    // Those in force, and a few that were tried out.
    if (programs.size > MAX_PROGRAMS) programs.delete(programs.keys().next().value ?? '');
    // What could not be read may be readable at the next question.
    opened.catch(() => programs.delete(sha256));
    return opened;
  };
  return {
    name: 'in process',
    async evaluate(question, { settings, rules }) {
      const identity = { version: settings.version, rules: rules?.sha256 ?? PINNED_RULES };
      try {
        return readVerdict((await programOf(rules)).run(question, settings), identity);
      } catch (thrown) {
        // wasm throws texts.
        const why = typeof thrown === 'string' ? thrown : messageOf(thrown);
        return troubled(why, identity.rules, identity.version);
      }
    },
  };
}

const ENTRY = 'nova/authz/verdict';

class Program {
  readonly #loaded: LoadedPolicy;
  #settings: PolicySettings | null = null;

  constructor(loaded: LoadedPolicy) {
    this.#loaded = loaded;
  }

  /** Setting data and asking happen in one turn: another question cannot come in between. */
  run(question: PolicyQuestion, settings: PolicySettings): unknown {
    if (this.#settings !== settings) {
      this.#settings = null;
      this.#loaded.setData({ settings });
      this.#settings = settings;
    }
    const results: unknown = this.#loaded.evaluate(question, ENTRY);
    const [first] = Array.isArray(results) && results.length === 1 ? (results as unknown[]) : [];
    return typeof first === 'object' && first !== null && 'result' in first ? first.result : undefined;
  }
}

async function openProgram(sha256: string, read: () => Promise<Uint8Array>): Promise<Program> {
  const [bytes, { loadPolicy }] = await Promise.all([read(), import('@open-policy-agent/opa-wasm')]);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`its rules are not the pinned ones (${found.slice(0, 12)}…)`);
  return new Program(await loadPolicy(new Uint8Array(bytes)));
}

async function unpacked(rules: OwnRules): Promise<Uint8Array> {
  return gunzipSync(Buffer.from(await rules.read(), 'base64'), { maxOutputLength: MAX_WASM_BYTES });
}
