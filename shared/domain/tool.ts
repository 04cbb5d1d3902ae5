/**
 * Tools that runs of an agent may pay for, by name: its blueprint lists them, its spec keeps the list, and whoever keeps
 * the money holds every call against it. What a run says of itself is not trusted.
 */
import type { JsonObject } from './agent.ts';
import { NovaError } from './error.ts';
import { printOf } from './fingerprint.ts';

export const TOOL_ARGS = ['text', 'number', 'flag', 'text?', 'number?', 'flag?'] as const;
/** What an argument is; with a question mark it may be left out. */
export type ToolArg = (typeof TOOL_ARGS)[number];

export type Tool = {
  /** The line of the receipt: up to 40 lower-case letters, digits, dots and dashes. */
  readonly name: string;
  /** The most that one call may be bound to. */
  readonly maxMicros: number;
  /** Every argument there is. */
  readonly args: { readonly [name: string]: ToolArg };
};

/** One call, as it is asked for. */
export type ToolUse = { readonly name: string; readonly args: JsonObject; readonly boundMicros: number };

export const TOOL_NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/;
const ARG_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,39}$/;
/** Lines of a receipt that mean something else. */
const TAKEN: ReadonlySet<string> = new Set(['paid_calls', 'compute']);
const MAX_TOOLS = 20;
const MAX_ARGS = 20;
/** Characters of all arguments of one call, as JSON. */
export const MAX_ARGS_LENGTH = 20_000;

/** @throws NovaError bad_input for a list that no agent may have. */
export function assertTools(tools: readonly Tool[]): void {
  const names = new Set(tools.map(({ name }) => name));
  if (names.size !== tools.length) throw new NovaError('bad_input', 'a tool is listed twice');
  if (tools.length > MAX_TOOLS) throw new NovaError('bad_input', `at most ${MAX_TOOLS} tools; got ${tools.length}`);
  for (const { name, maxMicros, args } of tools) {
    if (!TOOL_NAME.test(name) || TAKEN.has(name))
      throw new NovaError(
        'bad_input',
        `a tool is named by up to 40 lower-case letters, digits, dots and dashes; got "${name}"`,
      );
    if (!Number.isSafeInteger(maxMicros) || maxMicros < 0)
      throw new NovaError('bad_input', `the tool ${name} costs a whole number of micro-USD at most; got ${maxMicros}`);
    const bad = Object.entries(args).find(([arg, kind]) => !ARG_NAME.test(arg) || !TOOL_ARGS.includes(kind));
    if (bad) throw new NovaError('bad_input', `the tool ${name} has no such argument as ${bad[0]}: ${bad[1]}`);
    if (Object.keys(args).length > MAX_ARGS)
      throw new NovaError('bad_input', `the tool ${name} has at most ${MAX_ARGS} arguments`);
  }
}

/**
 * Holds a call against the list; answers the print of what it asks.
 * @throws NovaError denied for a tool that is not listed, or a bound above its own; bad_input for arguments that are not
 * exactly its own.
 */
export function judgedTool(tools: readonly Tool[], { name, args, boundMicros }: ToolUse): number {
  const tool = tools.find((one) => one.name === name);
  if (!tool) {
    const may = tools.length > 0 ? `it may use ${tools.map((one) => one.name).join(', ')}` : 'it may use none';
    throw new NovaError('denied', `ctx.tool: "${name}" is no tool of this agent; ${may}`);
  }
  if (!Number.isSafeInteger(boundMicros) || boundMicros < 0)
    throw new NovaError('bad_input', `ctx.tool: the bound is an integer of micro-USD; got ${boundMicros}`);
  if (boundMicros > tool.maxMicros)
    throw new NovaError(
      'denied',
      `ctx.tool: one call of ${name} is bound to ${tool.maxMicros}; asked for ${boundMicros}`,
    );
  const problem = problemOf(tool, args);
  if (problem !== null) throw new NovaError('bad_input', `ctx.tool: ${name}: ${problem}`);
  // In the order of the list: however the call was written.
  const said = Object.keys(tool.args).sort();
  return printOf(name, ...said.map((arg) => `${arg}=${JSON.stringify(args[arg] ?? null)}`));
}

const TYPES = { text: 'string', number: 'number', flag: 'boolean' } as const;

function problemOf({ args: known }: Tool, args: JsonObject): string | null {
  const extra = Object.keys(args).find((arg) => !Object.hasOwn(known, arg));
  if (extra !== undefined) return `it has no argument "${extra}"`;
  for (const [arg, kind] of Object.entries(known)) {
    const value = Object.hasOwn(args, arg) ? args[arg] : undefined;
    const wanted = kind.replace('?', '') as keyof typeof TYPES;
    if (value === undefined && !kind.endsWith('?')) return `the argument "${arg}" is missing`;
    if (value !== undefined && typeof value !== TYPES[wanted]) return `"${arg}" is a ${wanted}`;
    if (typeof value === 'number' && !Number.isFinite(value)) return `"${arg}" is a number`;
  }
  return JSON.stringify(args).length > MAX_ARGS_LENGTH ? `at most ${MAX_ARGS_LENGTH} characters of arguments` : null;
}
