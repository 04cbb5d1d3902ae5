/** From words to typed input: `node:util` splits, the command's fields read. Every problem is a usage error. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { isStageName, STAGE_WORDS } from '../shared/domain/stage-name.ts';
import { type Command, type Input, nameOf } from './command.ts';
import type { Field, Fields } from './fields.ts';
import { own } from './registry.ts';
import { didYouMean } from './suggest.ts';

/** Options that every command takes. */
export const GLOBAL_OPTIONS: Readonly<Record<string, { type: 'boolean' | 'string'; short?: string; summary: string }>> =
  {
    json: { type: 'boolean', summary: 'print the value as JSON' },
    stage: { type: 'string', summary: 'talk to this deployed stage instead of this machine' },
    home: { type: 'string', summary: 'the data directory (default $NOVA_HOME, else .nova)' },
    help: { type: 'boolean', short: 'h', summary: 'what it does, what it takes, examples' },
  };

export type Globals = {
  readonly json: boolean;
  readonly help: boolean;
  readonly stage: string | null;
  readonly home: string | null;
};

/** `budgetDay` is typed `--budget-day`. */
export function optionName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

type Split = { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };

/** Global options that stand before or among the words of the command, and the words that are left. */
export function takeGlobals(words: readonly string[]): { globals: Globals; rest: string[] } {
  const values: Record<string, string | true> = {};
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return { globals: globalsOf(values), rest: [...rest, ...words.slice(at)] };
    const [name = '', ...given] = word === '-h' ? ['help'] : word.startsWith('--') ? word.slice(2).split('=') : [];
    const option = own(GLOBAL_OPTIONS, name);
    if (!option) rest.push(word);
    else if (option.type === 'boolean') values[name] = true;
    else if (values[name] !== undefined) throw new NovaError('bad_input', `--${name} is given twice`);
    else values[name] = given.length > 0 ? given.join('=') : (words[++at] ?? '');
  }
  return { globals: globalsOf(values), rest };
}

function globalsOf(values: Readonly<Record<string, string | true>>): Globals {
  const word = (name: string): string | null => {
    const value = values[name];
    if (value === undefined) return null;
    if (value === true || !value) throw new NovaError('bad_input', `--${name} needs a value`);
    return value;
  };
  const stage = word('stage');
  if (stage !== null && !isStageName(stage))
    throw new NovaError('bad_input', `a stage has ${STAGE_WORDS}; got "${stage}"`);
  return { json: values.json === true, help: values.help === true, stage, home: word('home') };
}

/** @throws NovaError bad_input naming the option or argument, what is allowed and what came. */
export function parseInput(command: Command, words: readonly string[]): Input {
  const { values, positionals } = split(command, words);
  const names = Object.keys(command.args);
  if (positionals.length > names.length) {
    const extra = positionals.slice(names.length).map((word) => `"${word}"`);
    throw new NovaError('bad_input', `nova ${nameOf(command)} takes ${usageOf(command.args)}; not ${extra.join(' ')}`);
  }
  const args = names.map((name, at) => [name, readField(`<${optionName(name)}>`, command.args[name], positionals[at])]);
  const options = Object.entries(command.options).map(([name, field]) => [
    name,
    readField(`--${optionName(name)}`, field, values[optionName(name)]),
  ]);
  // An argument may also be given as an option of the same name; what was not said overrides nothing.
  return Object.fromEntries([...args, ...options].filter(([, value]) => value !== undefined));
}

/** The same check for an input that was read elsewhere: the engine trusts nobody's parser. */
export function checkInput(command: Command, input: Input): Input {
  const prepared = command.needs === 'world' ? command.prepared : {};
  const fields: Fields = { ...command.args, ...command.options, ...prepared };
  const unknown = Object.keys(input).filter((name) => !own(fields, name));
  if (unknown.length > 0) throw new NovaError('bad_input', `nova ${nameOf(command)} takes no ${unknown.join(', ')}`);
  const checked = Object.entries(fields).map(([name, field]) => {
    const value = input[name] ?? field.fallback;
    if (value === undefined && field.required) throw new NovaError('bad_input', `${name} is missing`);
    if (value !== undefined && !field.shape.accepts(value)) {
      throw new NovaError('bad_input', `${name}: expected ${field.shape.hint || 'true or false'}`);
    }
    return [name, value];
  });
  return Object.fromEntries(checked);
}

/** `<id> [name]` */
export function usageOf(args: Fields): string {
  const parts = Object.entries(args).map(([name, field]) =>
    field.required ? `<${optionName(name)}>` : `[${optionName(name)}]`,
  );
  return parts.length > 0 ? parts.join(' ') : 'no arguments';
}

function readField(label: string, field: Field<unknown> | undefined, typed: unknown): unknown {
  if (!field) return undefined;
  if (typed === undefined) {
    if (field.required) throw new NovaError('bad_input', `${label} is needed: ${field.summary}`);
    return field.fallback;
  }
  if (field.flag) return typed === true;
  try {
    return field.shape.read(String(typed));
  } catch (thrown) {
    throw new NovaError('bad_input', `${label}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** Marks a positional that begins like an option and is a negative number: the splitter would take it for `-5`. */
const NEGATIVE = '\u0000';

function split(command: Command, words: readonly string[]): Split {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, field] of Object.entries(command.options)) {
    options[optionName(name)] = { type: field.flag ? 'boolean' : 'string' };
  }
  const args = joined(words, options);
  try {
    const { values, positionals, tokens } = parseArgs({
      args,
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const said = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    // Two values for one thing: whoever typed them means one, and we do not know which.
    const twice = said.find((name, at) => said.indexOf(name) !== at && options[name]?.type === 'string');
    if (twice !== undefined) throw new NovaError('bad_input', `--${twice} is given twice`);
    return { values, positionals: positionals.map((word) => word.replace(NEGATIVE, '')) };
  } catch (thrown) {
    if (thrown instanceof NovaError) throw thrown;
    throw new NovaError('bad_input', splitProblem(command, thrown, Object.keys(options)), { cause: thrown });
  }
}

/** `--to -1` becomes `--to=-1`, so that a value may begin with a dash and is then refused by its field, by name. */
function joined(words: readonly string[], options: NonNullable<ParseArgsConfig['options']>): string[] {
  const args: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return [...args, ...words.slice(at)];
    const next = words[at + 1];
    if (word.startsWith('--') && options[word.slice(2)]?.type === 'string' && next !== undefined) {
      args.push(`${word}=${next}`);
      at++;
    } else args.push(/^-\.?\d/.test(word) ? `${NEGATIVE}${word}` : word);
  }
  return args;
}

function splitProblem(command: Command, thrown: unknown, known: readonly string[]): string {
  const message = messageOf(thrown);
  const unknown = /^Unknown option '(-{1,2}[^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return (message.split('. ')[0] ?? message).split('\n')[0] ?? message;
  const all = [...known, ...Object.keys(GLOBAL_OPTIONS)].map((name) => `--${name}`);
  return `nova ${nameOf(command)} has no option ${unknown}${didYouMean(unknown, all)}`;
}
