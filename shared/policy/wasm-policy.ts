/** The rules in this process: Rego compiled to wasm by policies/build.sh. No network, no file after the first question. */
import { createHash } from 'node:crypto';
import { createContext, runInContext } from 'node:vm';
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
  /** How long rules of the owner's own may take to open and to answer. */
  readonly limits?: { readonly openMs: number; readonly answerMs: number };
};

/** An answer takes well under a millisecond, and opening a few dozen: what takes longer than this never ends. */
const LIMITS = { openMs: 5_000, answerMs: 1_000 };

const MAX_PROGRAMS = 4;
/** Compiled rules are a few hundred KiB; what unpacks to more is none. */
const MAX_WASM_BYTES = 8 * 1024 * 1024;
/** Of 64 KiB: what they may grow to while they think. */
const MAX_PAGES = 512;
const FIRST_PAGES = 5;

/** Rules that are not what their hash says deny everything. */
export function wasmPolicy({ artifact, limits = LIMITS }: WasmOptions): PolicyEngine {
  const programs = new Map<string, Promise<Program>>();
  const programOf = (rules: OwnRules | null): Promise<Program> => {
    const sha256 = rules?.sha256 ?? PINNED_RULES;
    const known = programs.get(sha256);
    if (known) return known;
    const opened = openProgram(sha256, rules ? () => unpacked(rules) : artifact, rules ? limits : null);
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
        // What was stopped in the middle of a thought is opened anew.
        programs.delete(identity.rules);
        // wasm throws texts.
        const why = typeof thrown === 'string' ? thrown : messageOf(thrown);
        return troubled(why, identity.rules, identity.version);
      }
    },
  };
}

const ENTRY = 'nova/authz/verdict';

const box = createContext({});

/** Wasm cannot be asked to stop; the clock of the engine that runs it stops it. @throws Error when the time is over. */
function bounded(milliseconds: number, given: object, script = 'work()'): unknown {
  Object.assign(box, given);
  try {
    return runInContext(script, box, { timeout: milliseconds }) as unknown;
  } catch (thrown) {
    // Of another realm: no `instanceof Error`.
    if ((thrown as { code?: unknown } | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw thrown;
    throw new Error(`its rules do not come to an end within ${milliseconds} ms`);
  }
}

/** What opa-wasm does to open rules, without a stop in between: what comes to its end here does so there. */
const OPENING = `{
  const nothing = () => 0;
  const builtins = Object.fromEntries([0, 1, 2, 3, 4].map((n) => ['opa_builtin' + n, nothing]));
  const env = { memory: new WebAssembly.Memory(memory), opa_abort: nothing, opa_println: nothing, ...builtins };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(whole), { env });
  exports.opa_json_dump(exports.builtins());
  const at = exports.opa_malloc(2);
  new Uint8Array(env.memory.buffer).set([123, 125], at);
  exports.opa_json_parse(at, 2);
  exports.opa_json_dump(exports.entrypoints());
}`;

class Program {
  readonly #loaded: LoadedPolicy;
  /** null: rules that came with the system, whose every way is known. */
  readonly #answerMs: number | null;
  #settings: PolicySettings | null = null;

  constructor(loaded: LoadedPolicy, answerMs: number | null) {
    this.#loaded = loaded;
    this.#answerMs = answerMs;
  }

  /** Setting data and asking happen in one turn: another question cannot come in between. */
  run(question: PolicyQuestion, settings: PolicySettings): unknown {
    return this.#answerMs === null
      ? this.#run(question, settings)
      : bounded(this.#answerMs, { work: () => this.#run(question, settings) });
  }

  #run(question: PolicyQuestion, settings: PolicySettings): unknown {
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

async function openProgram(
  sha256: string,
  read: () => Promise<Uint8Array>,
  limits: WasmOptions['limits'] | null,
): Promise<Program> {
  const [bytes, { loadPolicy }] = await Promise.all([read(), import('@open-policy-agent/opa-wasm')]);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`its rules are not the pinned ones (${found.slice(0, 12)}…)`);
  const whole = new Uint8Array(bytes);
  if (!limits) return new Program(await loadPolicy(whole), null);
  const memory = { initial: FIRST_PAGES, maximum: MAX_PAGES };
  bounded(limits.openMs, { whole, memory }, OPENING);
  return new Program(await loadPolicy(whole, memory), limits.answerMs);
}

async function unpacked(rules: OwnRules): Promise<Uint8Array> {
  return gunzipSync(Buffer.from(await rules.read(), 'base64'), { maxOutputLength: MAX_WASM_BYTES });
}
