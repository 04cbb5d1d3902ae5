/** Completion scripts, made from the definitions of all commands. */
import { type Command, nameOf } from './command.ts';
import { GLOBAL_OPTIONS, optionName } from './parse.ts';
import { allCommands, NOUNS, PLAIN_VERBS } from './registry.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** @returns the script for one shell, ready to be put where the shell looks for it. */
export async function completionScript(shell: Shell): Promise<string> {
  const commands = await allCommands();
  if (shell === 'bash') return bash(commands);
  return shell === 'zsh' ? zsh(commands) : fish(commands);
}

const FIRST = [...Object.keys(PLAIN_VERBS), ...Object.keys(NOUNS), 'help'];
const GLOBALS = Object.keys(GLOBAL_OPTIONS).map((name) => `--${name}`);

/** Options of a command, and the words that may stand as its first argument. */
function wordsOf({ options, args }: Command): string[] {
  const names = Object.keys(options).map((name) => `--${optionName(name)}`);
  const choices = Object.values(args).flatMap(({ shape }) => shape.choices ?? []);
  return [...choices, ...names, ...GLOBALS];
}

const verbCases = (indent: string): string[] =>
  Object.entries(NOUNS).map(
    ([noun, { verbs }]) => `${indent}${noun}) words='${Object.keys(verbs).join(' ')} --help' ;;`,
  );

function commandCases(commands: readonly Command[], indent: string): string[] {
  return commands.map((command) => `${indent}'${nameOf(command)}') words='${wordsOf(command).join(' ')}' ;;`);
}

function bash(commands: readonly Command[]): string {
  return `# bash completion for nova
_nova() {
  local current=\${COMP_WORDS[COMP_CWORD]} first=\${COMP_WORDS[1]:-} second=\${COMP_WORDS[2]:-} words=''
  case $COMP_CWORD in
    1) words='${[...FIRST, ...GLOBALS].join(' ')}' ;;
    *)
      if [ "$COMP_CWORD" -eq 2 ]; then
        case $first in
${verbCases('          ').join('\n')}
        esac
      fi
      if [ -z "$words" ]; then
        case "$first $second" in
${commandCases(
  commands.filter(({ noun }) => noun),
  '          ',
).join('\n')}
        esac
      fi
      if [ -z "$words" ]; then
        case "$first" in
${commandCases(
  commands.filter(({ noun }) => !noun),
  '          ',
).join('\n')}
        esac
      fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _nova nova
complete -o default -F _nova ./nova
`;
}

function zsh(commands: readonly Command[]): string {
  return `#compdef nova
# zsh completion for nova
_nova() {
  local words_at=$CURRENT first=\${words[2]:-} second=\${words[3]:-} words=''
  if (( words_at == 2 )); then
    words='${[...FIRST, ...GLOBALS].join(' ')}'
  else
    if (( words_at == 3 )); then
      case $first in
${verbCases('        ').join('\n')}
      esac
    fi
    if [[ -z $words ]]; then
      case "$first $second" in
${commandCases(
  commands.filter(({ noun }) => noun),
  '        ',
).join('\n')}
      esac
    fi
    if [[ -z $words ]]; then
      case "$first" in
${commandCases(
  commands.filter(({ noun }) => !noun),
  '        ',
).join('\n')}
      esac
    fi
  fi
  compadd -- \${=words}
}
if [ "$funcstack[1]" = "_nova" ]; then _nova "$@"; else compdef _nova nova; fi
`;
}

function fish(commands: readonly Command[]): string {
  const quote = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
  const nouns = Object.entries(NOUNS).map(
    ([noun, { summary }]) => `complete -c nova -n __fish_use_subcommand -f -a ${noun} -d ${quote(summary)}`,
  );
  const plain = commands.filter(({ noun }) => !noun);
  const verbs = commands.filter(({ noun }) => noun);
  const seen = ({ noun, verb }: Command): string =>
    noun
      ? `__fish_seen_subcommand_from ${noun}; and __fish_seen_subcommand_from ${verb}`
      : `__fish_seen_subcommand_from ${verb}`;
  const options = commands.flatMap((command) =>
    Object.entries(command.options).map(([name, field]) => {
      const takes = field.flag ? '' : ' -r';
      return `complete -c nova -n ${quote(seen(command))} -l ${optionName(name)}${takes} -d ${quote(field.summary)}`;
    }),
  );
  return [
    '# fish completion for nova',
    ...nouns,
    ...plain.map(({ verb, summary }) => `complete -c nova -n __fish_use_subcommand -f -a ${verb} -d ${quote(summary)}`),
    ...verbs.map(({ noun, verb, summary }) => {
      return `complete -c nova -n ${quote(`__fish_seen_subcommand_from ${noun}`)} -f -a ${verb} -d ${quote(summary)}`;
    }),
    ...options,
    ...Object.entries(GLOBAL_OPTIONS).map(([name, { summary }]) => `complete -c nova -l ${name} -d ${quote(summary)}`),
    '',
  ].join('\n');
}
