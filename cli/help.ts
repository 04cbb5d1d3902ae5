/** Help texts, made from the definitions, so that they cannot say anything else than what is parsed. */
import { ALIASES } from './aliases.ts';
import { type Command, nameOf } from './command.ts';
import type { Field, Fields } from './fields.ts';
import { GLOBAL_OPTIONS, optionName, usageOf } from './parse.ts';
import { allCommands, findCommand, NOUNS, own, PLAIN_VERBS } from './registry.ts';
import { blocks } from './render/details.ts';
import { type Style, wrap } from './render/style.ts';

type Line = readonly [left: string, right: string];

/** `nova help`: nouns, plain verbs, where to read on. */
export async function helpOfAll(style: Style): Promise<string> {
  const plain = await Promise.all(
    Object.keys(PLAIN_VERBS).map(async (verb): Promise<Line> => [verb, (await findCommand('', verb))?.summary ?? '']),
  );
  const nouns = Object.entries(NOUNS).map(([noun, { summary, verbs }]): Line => {
    return [noun, `${summary}: ${Object.keys(verbs).join(', ')}`];
  });
  return blocks(
    `${style.paint('bold', 'nova')}: agents that must earn more than they cost`,
    section(
      'Usage',
      [
        ['nova <command> [options]', ''],
        ['nova <noun> <verb> [options]', ''],
      ],
      style,
    ),
    section('Commands', plain, style),
    section('Nouns and their verbs', nouns, style),
    section('Every command takes', globalLines(), style),
    section('Exit codes', EXIT_CODES, style),
    section(
      'Older words that still work',
      ALIASES.map(({ was, now }): Line => [was, now]),
      style,
    ),
    'nova <noun> --help and nova <noun> <verb> --help say more, with examples.',
  );
}

const EXIT_CODES: readonly Line[] = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'used wrongly'],
  ['3', 'not found'],
  ['4', 'denied'],
  ['5', 'conflict, or awaiting approval'],
  ['130', 'interrupted'],
];

export async function helpOfNoun(noun: string, style: Style): Promise<string> {
  const found = own(NOUNS, noun);
  const commands = await Promise.all(Object.keys(found?.verbs ?? {}).map((verb) => findCommand(noun, verb)));
  const lines = commands.flatMap((command): Line[] =>
    command ? [[[nameOf(command), ...argWords(command.args)].join(' '), command.summary]] : [],
  );
  return blocks(
    headed(`nova ${noun}`, found?.summary ?? '', style),
    section('Verbs', lines, style),
    `nova ${noun} <verb> --help shows its options and examples.`,
  );
}

export function helpOfCommand(command: Command, style: Style): string {
  const options = Object.entries(command.options).map(([name, field]) => optionLine(name, field));
  const args = Object.entries(command.args).map(([name, field]): Line => [optionName(name), said(field)]);
  const usage = ['nova', nameOf(command), ...argWords(command.args), ...(options.length > 0 ? ['[options]'] : [])];
  return blocks(
    headed(`nova ${nameOf(command)}`, command.summary, style),
    command.detail ? wrap(command.detail, style.columns) : '',
    section('Usage', [[usage.join(' '), '']], style),
    section('Arguments', args, style),
    section('Options', options, style),
    section('Every command takes', globalLines(), style),
    section(
      'Examples',
      command.examples.map((example): Line => [example, '']),
      style,
    ),
  );
}

const headed = (name: string, summary: string, style: Style): string =>
  wrap(`${name}: ${summary}`, style.columns).replace(name, style.paint('bold', name));

const argWords = (args: Fields): string[] => (Object.keys(args).length > 0 ? [usageOf(args)] : []);

const LONGEST_HINT = 24;
const isShort = ({ shape }: Field<unknown>): boolean => shape.hint.length <= LONGEST_HINT;

function optionLine(name: string, field: Field<unknown>): Line {
  const value = field.flag ? '' : ` <${isShort(field) ? field.shape.hint : 'word'}>`;
  return [`--${optionName(name)}${value}`, said(field)];
}

function said(field: Field<unknown>): string {
  const { summary, required, flag, fallback, shape } = field;
  const choices = isShort(field) || !shape.choices ? '' : `: ${shape.choices.join(', ')}`;
  if (required) return `${summary}${choices} (needed)`;
  const shown = typeof fallback === 'string' || typeof fallback === 'number';
  return `${summary}${choices}${!flag && shown ? ` (default ${fallback})` : ''}`;
}

function globalLines(): Line[] {
  return Object.entries(GLOBAL_OPTIONS).map(([name, { type, short, summary }]): Line => {
    const names = `${short ? `-${short}, ` : ''}--${name}`;
    return [type === 'string' ? `${names} <text>` : names, summary];
  });
}

const LEFT = 34;

function section(title: string, lines: readonly Line[], style: Style): string {
  if (lines.length === 0) return '';
  const width = Math.min(LEFT, Math.max(...lines.map(([left]) => left.length))) + 2;
  const indent = ' '.repeat(width + 2);
  const shown = lines.map(([left, right]) => {
    if (!right) return `  ${left}`;
    const text = wrap(right, style.columns, indent);
    return left.length > width - 2 ? `  ${left}\n${indent}${text}` : `  ${left.padEnd(width)}${text}`;
  });
  return [style.paint('bold', title), ...shown].join('\n');
}

/** Every word that may stand first. */
export async function firstWords(): Promise<string[]> {
  const names = new Set((await allCommands()).map((command) => command.noun || command.verb));
  return [...names, 'help', ...new Set(ALIASES.map(({ first }) => first))];
}
