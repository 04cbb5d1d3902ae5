/** Words in, an exit code out: finds the command, parses, carries it out, prints its value. Never exits by itself. */
import { readFileSync } from 'node:fs';
import type { Json } from '../shared/domain/agent.ts';
import { fateOf, messageOf, NovaError } from '../shared/domain/error.ts';
import { expandAliases } from './aliases.ts';
import { type Command, type Here, type Input, nameOf } from './command.ts';
import { firstWords, helpOfAll, helpOfCommand, helpOfNoun } from './help.ts';
import { type Globals, parseInput, takeGlobals } from './parse.ts';
import { withProgress } from './progress.ts';
import { findCommand, NOUNS, own, PLAIN_VERBS } from './registry.ts';
import { styleOf, tame } from './render/style.ts';
import { didYouMean } from './suggest.ts';
import type { OpenReach } from './worlds.ts';

/** What is known before the words are read. */
export type Setting = Pick<Here, 'actor' | 'terminal' | 'interrupted'> & {
  /** From the options, or from the environment. */
  readonly homeOf: (option: string | null) => string;
  readonly open: (here: Here) => Promise<OpenReach>;
};

export const INTERRUPTED = 130;

export async function main(words: readonly string[], setting: Setting): Promise<number> {
  const json = words.includes('--json');
  try {
    return await dispatch(words, setting);
  } catch (thrown) {
    if (setting.interrupted.aborted) return INTERRUPTED;
    const said = errorText(thrown, json);
    setting.terminal.err(`${setting.terminal.errIsTty ? tame(said) : said}\n`);
    return fateOf(thrown).exitCode;
  }
}

async function dispatch(words: readonly string[], setting: Setting): Promise<number> {
  const { globals, rest } = takeGlobals(words);
  const [first = '', second = '', ...more] = expandAliases(rest);
  const print = (text: string): number => {
    setting.terminal.out(`${text}\n`);
    return 0;
  };
  const style = styleOf(setting.terminal);
  if (first === 'help') return dispatch([second, ...more, '--help'].filter(Boolean), setting);
  if (!first) return print(await helpOfAll(style));
  if (first === '--version') return print(version());
  if (own(NOUNS, first) && (!second || second.startsWith('-'))) {
    if (!globals.help) throw new NovaError('bad_input', `nova ${first} needs a verb: ${verbsOf(first).join(', ')}`);
    return print(await helpOfNoun(first, style));
  }
  const plain = own(PLAIN_VERBS, first) !== undefined;
  const command = plain ? await findCommand('', first) : await findCommand(first, second);
  if (!command) throw await unknown(first, second);
  if (globals.help) return print(helpOfCommand(command, style));
  return carryOut(command, plain ? [second, ...more].filter((word) => word !== '') : more, globals, setting);
}

async function carryOut(
  command: Command,
  words: readonly string[],
  globals: Globals,
  setting: Setting,
): Promise<number> {
  const input = parseInput(command, words);
  const here: Here = { ...setting, home: setting.homeOf(globals.home), stage: globals.stage, json: globals.json };
  const value = await valueFrom(command, input, { here, open: setting.open });
  if (globals.json) here.terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  else {
    const text = command.render(value, styleOf(here.terminal));
    if (text) here.terminal.out(`${here.terminal.outIsTty ? tame(text) : text}\n`);
  }
  return command.exit?.(value) ?? 0;
}

type Opening = { readonly here: Here; readonly open: Setting['open'] };

async function valueFrom(command: Command, input: Input, { here, open }: Opening): Promise<Json> {
  if (command.needs === 'none') return command.run(input, here);
  const alone = command.offline?.(input, here);
  if (alone) return alone;
  const prepared = command.prepare ? await command.prepare(input, here) : input;
  return withProgress(here.terminal, nameOf(command), async () => {
    const reach = await open(here);
    try {
      const value = await orInterrupted(reach.ask(command, prepared), here.interrupted);
      await command.finish?.(value, input, here);
      return value;
    } finally {
      await reach.close();
    }
  });
}

/** Ctrl-C does not wait: whatever was begun is one transaction at a time, done or not done. */
function orInterrupted<T>(work: Promise<T>, interrupted: AbortSignal): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new NovaError('unavailable', 'interrupted'));
    if (interrupted.aborted) stop();
    else interrupted.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, stopped]);
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

const verbsOf = (noun: string): string[] => Object.keys(own(NOUNS, noun)?.verbs ?? {});

async function unknown(first: string, second: string): Promise<NovaError> {
  const verbs = verbsOf(first);
  if (verbs.length === 0) {
    const hint = didYouMean(first, await firstWords());
    return new NovaError('bad_input', `there is no command "${first}"${hint || '; nova help lists them'}`);
  }
  const hint = didYouMean(second, verbs) || `; it has ${verbs.join(', ')}`;
  return new NovaError('bad_input', `nova ${first} has no verb "${second}"${hint}`);
}

/** For people one line; with --json an object. An unknown throw is our bug: its stack helps to report it. */
function errorText(thrown: unknown, json: boolean): string {
  const code = thrown instanceof NovaError ? thrown.code : 'broken';
  if (json) return JSON.stringify({ error: { code, message: messageOf(thrown) } });
  if (thrown instanceof NovaError) return `nova: ${thrown.message}`;
  return `nova: this is a bug: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
}
