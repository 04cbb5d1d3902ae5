/** What a command takes: every argument and option is a field with a shape that reads it and checks it. */
import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '../shared/domain/agent.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { usdToMicros } from '../shared/domain/money.ts';
import { addDays } from '../shared/domain/period.ts';

/** `read` turns the typed text into a value; `accepts` checks a value that came over the wire. */
export type Shape<T> = {
  readonly hint: string;
  /** @throws NovaError bad_input: what was wrong, what is allowed, what came. */
  read(text: string): T;
  accepts(value: unknown): boolean;
  readonly choices?: readonly string[];
};

export type Field<T> = {
  readonly summary: string;
  readonly shape: Shape<T>;
  readonly required: boolean;
  readonly fallback: T | undefined;
  readonly flag: boolean;
};

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

function optional<T>(summary: string, shape: Shape<T>): Field<T | undefined> {
  return { summary, shape, required: false, fallback: undefined, flag: false };
}

/** The command cannot do without it. */
export function needed<T>(field: Field<T | undefined>): Field<T> {
  return { ...field, shape: field.shape as Shape<T>, required: true, fallback: undefined };
}

/** What it is when nothing is said. */
export function defaulting<T>(field: Field<T | undefined>, fallback: T): Field<T> {
  const shape = field.shape as Shape<T>;
  // What stands there when nobody typed anything travels to the engine like anything else.
  return { ...field, shape: { ...shape, accepts: (value) => value === fallback || shape.accepts(value) }, fallback };
}

export function text(summary: string, hint = 'text'): Field<string | undefined> {
  return optional(summary, {
    hint,
    read(typed) {
      if (!typed.trim()) throw new NovaError('bad_input', `expected ${hint}; got nothing`);
      return typed;
    },
    accepts: (value) => typeof value === 'string' && value.trim() !== '',
  });
}

export function flag(summary: string): Field<boolean> {
  const shape: Shape<boolean> = { hint: '', read: () => true, accepts: (value) => typeof value === 'boolean' };
  return { summary, shape, required: false, fallback: false, flag: true };
}

/** "0.5", "2": kept in units of AWS, 1,024 to a processor. */
export function processors(summary: string): Field<number | undefined> {
  return optional(summary, {
    hint: 'number',
    read(typed) {
      const [whole = '', part = ''] = typed.split('.');
      const quarters: Readonly<Record<string, number>> = { '': 0, '0': 0, '25': 256, '5': 512, '50': 512, '75': 768 };
      const fraction = quarters[part];
      if (!/^\d{1,3}$/.test(whole) || fraction === undefined) {
        throw new NovaError('bad_input', `expected a number of processors such as 0.25, 1 or 4; got "${typed}"`);
      }
      return Number(whole) * 1024 + fraction;
    },
    accepts: (value) => Number.isSafeInteger(value) && Number(value) > 0,
  });
}

export function choice<const C extends string>(summary: string, choices: readonly C[]): Field<C | undefined> {
  return optional(summary, {
    hint: choices.join('|'),
    choices,
    read(typed) {
      const found = choices.find((one) => one === typed);
      if (found === undefined)
        throw new NovaError('bad_input', `expected one of ${choices.join(', ')}; got "${typed}"`);
      return found;
    },
    accepts: (value) => choices.some((one) => one === value),
  });
}

/** A whole number between bounds. */
export function count(summary: string, bounds: { min: number; max: number }): Field<number | undefined> {
  const inside = (value: number) => Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max;
  return optional(summary, {
    hint: 'n',
    read(typed) {
      const value = /^-?\d+$/.test(typed) ? Number(typed) : Number.NaN;
      if (inside(value)) return value;
      throw new NovaError('bad_input', `expected a whole number from ${bounds.min} to ${bounds.max}; got "${typed}"`);
    },
    accepts: (value) => typeof value === 'number' && inside(value),
  });
}

/** Dollars on the command line, micro-USD inside; never negative. */
export function usd(summary: string): Field<number | undefined> {
  return optional(summary, {
    hint: 'usd',
    read(typed) {
      const micros = usdToMicros(typed.replace(/^\$/, ''));
      if (micros < 0) throw new NovaError('bad_input', `an amount here is 0 or more dollars; got "${typed}"`);
      return micros;
    },
    accepts: (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0,
  });
}

/** A moment: ISO 8601 with a zone on the command line, epoch milliseconds inside. */
export function moment(summary: string): Field<number | undefined> {
  return optional(summary, {
    hint: 'time',
    read(typed) {
      const full = /^\d{4}-\d{2}-\d{2}$/.test(typed) ? `${typed}T00:00:00Z` : typed;
      const at = /(Z|[+-]\d{2}:?\d{2})$/.test(full) ? Date.parse(full) : Number.NaN;
      if (!Number.isNaN(at)) return at;
      throw new NovaError('bad_input', `expected a time with its zone, like 2026-03-08T06:00:00Z; got "${typed}"`);
    },
    accepts: (value) => typeof value === 'number' && Number.isSafeInteger(value),
  });
}

/** A day of the calendar, in whatever zone the command speaks of. */
export function date(summary: string): Field<string | undefined> {
  const read = (typed: string): string => addDays(typed, 0);
  return optional(summary, {
    hint: 'date',
    read,
    accepts: (value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && read(value) === value,
  });
}

/** A config: a JSON object, `key=value,key=value`, or `@file` with either of them. */
export function config(summary: string): Field<JsonObject | undefined> {
  return optional(summary, {
    hint: 'json|k=v,…|@file',
    read: (typed) => readConfig(typed.startsWith('@') ? fileText(typed.slice(1)) : typed),
    accepts: isJsonObject,
  });
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${path}" cannot be read: ${messageOf(thrown)}`);
  }
}

/** It is part of one item of the table (400 KB at most) and travels with every run. */
const MAX_CONFIG_CHARS = 200_000;
const MAX_CONFIG_DEPTH = 64;

function readConfig(typed: string): JsonObject {
  const trimmed = typed.trim();
  if (trimmed.length > MAX_CONFIG_CHARS) {
    throw new NovaError('bad_input', `a config has at most ${MAX_CONFIG_CHARS} characters; got ${trimmed.length}`);
  }
  if (!trimmed.startsWith('{') && /^[\w.-]+\s*=/.test(trimmed)) return readPairs(trimmed);
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch (thrown) {
    const allowed = 'expected a JSON object, key=value pairs or @file';
    throw new NovaError('bad_input', `${allowed}; got ${quoted(trimmed)} (${messageOf(thrown)})`);
  }
  if (isDeep(parsed, MAX_CONFIG_DEPTH)) {
    throw new NovaError('bad_input', `a config is at most ${MAX_CONFIG_DEPTH} levels deep`);
  }
  if (isJsonObject(parsed)) return parsed;
  throw new NovaError('bad_input', `expected a JSON object like {"name":"value"}; got ${quoted(trimmed)}`);
}

/** Whether something lies more than `levels` below the top; goes no deeper than that itself. */
function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((below) => isDeep(below, levels - 1));
}

function readPairs(typed: string): JsonObject {
  const pairs = typed.split(',').map((pair): [string, Json] => {
    const [name = '', ...rest] = pair.split('=');
    if (!name.trim() || rest.length === 0) {
      throw new NovaError('bad_input', `expected key=value pairs separated by commas; got ${quoted(pair)}`);
    }
    return [name.trim(), scalar(rest.join('=').trim())];
  });
  return Object.fromEntries(pairs);
}

/** `true`, `false`, `null` and whole numbers mean what they say; everything else is text (decimals are money: text). */
function scalar(typed: string): Json {
  if (typed === 'true' || typed === 'false') return typed === 'true';
  if (typed === 'null') return null;
  return /^-?(0|[1-9]\d{0,14})$/.test(typed) ? Number(typed) : typed;
}

const quoted = (typed: string): string => JSON.stringify(typed.length > 60 ? `${typed.slice(0, 59)}…` : typed);

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
